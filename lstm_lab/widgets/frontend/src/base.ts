/**
 * What every view is: a shadow root with a header, a body, a line that reads values out, and a line for errors; the
 * theme, the size and the visible part of the page seen to in one place. A view fills `build` and `update`.
 */
import type { AnyModel } from "@anywidget/types";
import { h, say } from "./dom";
import { styles } from "./style";
import { palette, textUnit, watchMotion, watchTheme, type Palette, type Wanted } from "./theme";
import type { Store, Wire } from "./wire";

export interface Context {
  model: AnyModel;
  el: HTMLElement;
  wire: Wire;
  signal: AbortSignal;
  /** Build the view anew, in place: its text has another size. */
  again: () => void;
}

export abstract class View {
  protected readonly store: Store;
  protected readonly root: HTMLElement;
  /** Facts to the left, which may wrap, and what can be pressed to the right, which stays in its place. */
  protected readonly facts = h("div", { class: "facts" });
  protected readonly actions = h("div", { class: "actions" });
  protected readonly body = h("div", { class: "body" });
  protected readonly readout = h("p", { class: "readout", "aria-live": "polite" });
  protected palette: Palette;
  protected width = 0;
  /** How much larger than usual text is here; lengths that no style sheet sees are multiplied by it. */
  protected unit = 1;
  readonly #trouble = h("p", { class: "error", role: "alert", hidden: true });
  readonly #ruler = h("span", { class: "ruler", "aria-hidden": "true" });
  #changed = new Set<string>();
  #frame = 0;
  #visible = true;
  #built = false;
  #broken = "";

  constructor(protected readonly context: Context) {
    const { model, el, wire, signal } = context;
    this.store = wire.store;
    this.root = h("section", { class: "lab", role: "group", "data-view": String(model.get("_view")) });
    this.palette = palette(el, this.#wanted());
    const shadow = el.shadowRoot ?? el.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [styles()];
    shadow.replaceChildren(this.root);
    this.root.append(h("header", {}, this.facts, this.actions), this.body, this.readout, this.#trouble, this.#ruler);
    // The notebook's own single-key shortcuts must not fire while a person types in here.
    el.setAttribute("data-lm-suppress-shortcuts", "true");
    el.classList.add("lstm-lab");
    signal.addEventListener("abort", () => this.#end());
  }

  /** Make the elements, once, from whatever has arrived. */
  protected abstract build(): void;
  /** Show what changed; names are those of the store's values and arrays. */
  protected abstract update(changed: Set<string>): void;
  /** Take the new `width`. */
  protected abstract resize(): void;
  /** Take the new `palette`. */
  protected abstract recolour(): void;
  /** Stop what plays: the person asked for less motion, or no more. */
  protected still(): void {}
  /** Free what the browser does not free by itself. */
  protected destroy(): void {}

  start(): void {
    const { el, signal, wire } = this.context;
    this.#label();
    this.#themed();
    this.#guard(() => {
      this.unit = textUnit(this.root);
      this.root.classList.toggle("chart-only", this.store.flag("chart_only"));
      this.width = Math.max(this.root.clientWidth, 280);
      this.build();
      this.#built = true;
      // What was made before it had a place in the page takes the room that it has there.
      this.resize();
      this.update(new Set());
    });
    signal.addEventListener("abort", this.store.listen((changed) => this.later(changed)));
    watchTheme(() => this.#themed(), signal);
    watchMotion(() => this.#guard(() => this.still()), signal);
    wire.whenJoined((speaker) => {
      const complain = (): void => this.complain(String(speaker.get("error") ?? ""));
      speaker.on("change:theme", () => this.#themed());
      speaker.on("change:label", () => this.#label());
      speaker.on("change:error", complain);
      complain();
      this.later(new Set(["live"]));
    }, signal);
    const sizes = new ResizeObserver(() => this.#resized());
    sizes.observe(this.root);
    // As wide as ten letters: hears of another text size, wherever it comes from.
    sizes.observe(this.#ruler);
    const sight = new IntersectionObserver(([entry]) => {
      this.#visible = entry?.isIntersecting ?? true;
      if (this.#visible) this.later(new Set());
    });
    sight.observe(el);
    signal.addEventListener("abort", () => {
      sizes.disconnect();
      sight.disconnect();
    });
  }

  /** Show an error in place of a blank; an empty text takes it away, but not that the view could not be drawn. */
  complain(text: string): void {
    const shown = text || this.#broken;
    say(this.#trouble, shown);
    this.#trouble.hidden = shown === "";
  }

  /** Say something to the kernel. */
  protected send(content: Parameters<Wire["send"]>[0]): void {
    if (!this.context.wire.send(content)) this.complain("The kernel cannot be reached; start it and run the cell again.");
  }

  protected get height(): number {
    const height: unknown = this.context.model.get("height");
    return (typeof height === "number" && height > 0 ? height : 300) * this.unit;
  }

  #wanted(): Wanted {
    const theme: unknown = this.context.model.get("theme");
    return theme === "light" || theme === "dark" ? theme : "auto";
  }

  #label(): void {
    this.root.setAttribute("aria-label", String(this.context.model.get("label") || this.context.model.get("_view")));
  }

  #themed(): void {
    this.palette = palette(this.context.el, this.#wanted());
    this.root.dataset["theme"] = this.palette.dark ? "dark" : "light";
    this.root.dataset["wanted"] = this.#wanted();
    for (const [name, value] of Object.entries(this.palette)) {
      if (typeof value === "string") this.root.style.setProperty(`--l-${name}`, value);
    }
    if (this.#built) this.#guard(() => this.recolour());
  }

  #resized(): void {
    const width = this.root.clientWidth;
    if (width > 0 && Math.abs(textUnit(this.root) / this.unit - 1) > 0.02) return this.context.again();
    if (!this.#built || width === 0 || width === this.width) return;
    this.width = width;
    this.#guard(() => this.resize());
  }

  /** Gather changes until the next frame, or until the view is in sight. */
  protected later(changed: Set<string>): void {
    for (const name of changed) this.#changed.add(name);
    if (this.#frame !== 0 || !this.#visible) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const seen = this.#changed;
      this.#changed = new Set();
      if (this.#built) this.#guard(() => this.update(seen));
      this.root.dataset["seq"] = String(this.store.seq);
    });
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#broken = `This view could not be drawn: ${error instanceof Error ? error.message : String(error)}`;
      this.complain("");
    }
    this.root.dataset["ready"] = "true";
    this.root.dataset["seq"] = String(this.store.seq);
  }

  #end(): void {
    cancelAnimationFrame(this.#frame);
    this.destroy();
  }
}
