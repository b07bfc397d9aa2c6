/**
 * The inside of a network: what it read, what moved its output, every gate of every unit, and chosen units in full.
 * One cursor runs through all strips; a click pins a unit, a drag over the heat map asks which units were on there.
 */
import { View } from "../base";
import { h, say } from "../dom";
import { number, sentences } from "../format";
import { Link } from "../link";
import type { Json } from "../wire";
import { Again } from "./again";
import { Bands, Dates, Influence, Series } from "./courses";
import { Cursor } from "./cursor";
import { HeatMap } from "./heatmap";
import { Inside } from "./inside";
import { Features, Lives, Saturation } from "./summaries";
import { Toolbar } from "./toolbar";
import { Parts, Pins, States } from "./units";

/** Sentences that stand above the picture; the others are a click away. */
const FIRST = 3;

export class GatesView extends View {
  readonly #inside = new Inside(this.store, () => this.palette);
  readonly #title = h("p", { class: "title" });
  readonly #verified = h("span", { class: "verified" });
  readonly #changed = h("b");
  readonly #count = h("span", { class: "muted" });
  readonly #words = h("ul", { class: "words" });
  readonly #rest = h("ul", { class: "words" });
  readonly #more = h("details", { class: "more", hidden: true }, h("summary", {}, "How sure that is, and what else was found"), this.#rest);
  readonly #answer = h("p", { class: "note", role: "status" });
  readonly #heat = new HeatMap(this.#inside);
  readonly #above = [new Series(this.#inside), new Influence(this.#inside), new Bands(this.#inside, true), new Bands(this.#inside, false)];
  readonly #dates = new Dates(this.#inside);
  readonly #units = [new States(this.#inside), new Parts(this.#inside)];
  readonly #courses = [...this.#above, this.#dates, ...this.#units];
  readonly #pins = new Pins(this.#inside, (unit) => this.#pin(unit));
  readonly #summaries = [new Saturation(this.#inside, (unit) => this.#pin(unit)), new Lives(this.#inside), new Features(this.#inside)];
  readonly #cursor = new Cursor(this.#inside, this.#heat, {
    moved: () => this.#read(),
    zoomed: () => this.#later(),
    pin: (unit) => this.#pin(unit),
    brush: (from, to, rows) => this.#brush(from, to, rows),
    find: () => this.#again.look(),
    showAll: () => this.#show(),
  });
  readonly #again = new Again(
    this.#inside,
    (content) => this.send(content),
    (words) => say(this.readout, words),
  );
  readonly #toolbar = new Toolbar(
    this.#inside,
    (name) => (name === "layer" ? this.#show() : this.#rearranged()),
    (step) => this.#cursor.move(step),
    () => this.#show(),
  );
  readonly #link = new Link(this.store, this.context.signal, ({ layer, unit, step }) => {
    const inside = this.#inside;
    if (layer !== inside.place) {
      this.store.ui["layer"] = layer;
      this.#show();
    }
    if (unit !== null && inside.units.includes(unit) && !inside.pinned.includes(unit)) this.#pin(unit);
    this.#cursor.move(step);
  });
  #frame = 0;
  #asked = false;

  protected override build(): void {
    this.facts.append(this.#title, this.#verified, this.#count, this.#changed);
    this.root.classList.add("gates");
    const strips = (of: { element: HTMLElement }[]): HTMLElement[] => of.map(({ element }) => element);
    const middle = [this.#heat.element, this.#dates.element, this.#pins.element, this.#answer];
    this.#cursor.element.prepend(...strips(this.#above), ...middle, ...strips(this.#units));
    const below = h("div", { class: "below" }, ...strips(this.#summaries));
    // What the cursor reads stands where it is seen from every strip.
    this.body.append(this.#words, this.#more, this.#toolbar.element, this.readout, this.#cursor.element, this.#again.element, below);
    this.#whole();
    this.#cursor.step = Infinity;
  }

  protected override update(): void {
    if (!this.#inside.layers.length) return;
    const wanting = this.store.live && !this.store.flag("influence");
    if (wanting && !this.#asked) {
      this.#asked = true;
      // After the first picture, for the gradient of a long sequence takes the kernel a while.
      setTimeout(() => this.send({ kind: "influence" }), 50);
    }
    this.#refresh();
  }

  /** Show every step again. */
  #show(): void {
    this.#whole();
    this.#refresh();
  }

  #whole(): void {
    const { span } = this.#inside;
    span.low = 0;
    span.high = this.#inside.layers.length ? this.#inside.whole : 1;
  }

  /** Draw everything anew. */
  #refresh(): void {
    const inside = this.#inside;
    const began = performance.now();
    inside.unit = this.unit;
    inside.width = Math.max((this.width - 8) / this.unit, 260);
    this.#say();
    this.#rearrange();
    this.#draw();
    this.#pins.draw();
    for (const summary of this.#summaries) summary.draw();
    this.#again.draw();
    this.#note();
    this.root.dataset["painted"] = (performance.now() - began).toFixed(1);
  }

  /** Show another signal, or the units in another order. */
  #rearrange(): void {
    this.#toolbar.draw();
    this.#ask();
    this.#heat.arrange();
    this.#heat.draw();
    this.#answerBrush();
    this.#again.draw();
    this.#note();
  }

  #rearranged(): void {
    this.#rearrange();
    this.#read();
  }

  /** Say outside of the pictures what they show. */
  #note(): void {
    const { layer, signal, sort, pinned } = this.#inside;
    Object.assign(this.root.dataset, { layer: layer.name, signal, sort, pins: pinned.join(",") });
  }

  /** Draw what lies on the axis of steps above and below the heat map. */
  #draw(): void {
    for (const course of this.#courses) course.draw();
    this.#cursor.placeBrush();
    this.#cursor.move(this.#cursor.step);
  }

  /** Draw once a frame, however fast the wheel turns. */
  #later(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#heat.draw();
      this.#draw();
    });
  }

  #say(): void {
    const { store } = this;
    const { layer } = this.#inside;
    say(this.#title, store.text("title"));
    say(this.#verified, `✓ ${store.text("verified")}`);
    say(this.#changed, store.text("changed"));
    const windows = store.number("windows") ?? 1;
    const units = layer.shown < layer.total ? `showing ${layer.shown} of ${layer.total} units, evenly spaced by half-life` : `${layer.total} units`;
    say(this.#count, windows > 1 ? `${units} · means over ${windows} windows` : units);
    const words = store.text("words") || (store.live ? "What moved the output is being worked out …" : "");
    this.#words.classList.toggle("pending", !store.text("words")); // keeps their place, so that nothing jumps
    const said = sentences(words);
    const state = said.join("\n");
    if (this.#words.dataset["state"] === state) return;
    this.#words.dataset["state"] = state;
    const items = said.map((sentence) => h("li", {}, sentence));
    this.#words.replaceChildren(...items.slice(0, FIRST));
    this.#rest.replaceChildren(...items.slice(FIRST));
    this.#more.hidden = items.length <= FIRST;
  }

  /** Ask the kernel for what is shown and not here yet. */
  #ask(): void {
    if (!this.store.live) return;
    const { place, signal, pinned } = this.#inside;
    this.store.ui["asked"] ??= new Set();
    const asked = this.store.ui["asked"] as Set<string>;
    const want = (key: string, content: { kind: string; [name: string]: Json }): void => {
      if (this.store.has(key) || asked.has(key)) return;
      asked.add(key);
      this.send(content);
    };
    want(`${place}:tile:${signal}`, { kind: "tile", layer: place, signal });
    for (const unit of pinned) want(`${place}:pin:${unit}`, { kind: "pin", layer: place, unit });
  }

  #pin(unit: number): void {
    this.#inside.togglePin(unit);
    this.#ask();
    this.#heat.draw();
    this.#pins.draw();
    for (const course of this.#units) course.draw();
    this.#note();
    this.#read();
  }

  /** Brush steps of all units, which asks which were on there and off outside, or a rectangle of some units' steps. */
  #brush(from: number, to: number, rows: [number, number] | null): void {
    const inside = this.#inside;
    const units = rows === null ? null : this.#heat.order.slice(rows[0], rows[1] + 1).map((place) => inside.units[place]!);
    inside.brush(from, to, units);
    if (to < from) return this.#show();
    this.#rearranged();
    this.#cursor.placeBrush();
  }

  /** Say what is brushed: how large some units' values are there, or which of all were on there and off outside. */
  #answerBrush(): void {
    const inside = this.#inside;
    const { range, signal, brushed } = inside;
    Object.assign(this.root.dataset, { brush: range?.join("-") ?? "", units: brushed?.join(",") ?? "" });
    this.#cursor.placeBrush();
    if (range === null) return say(this.#answer, "");
    if (brushed !== null) return say(this.#answer, this.#rectangle(range, brushed));
    const contrast = inside.contrast();
    const order = contrast.map((_, at) => at).sort((a, b) => contrast[b]! - contrast[a]!);
    const best = order.slice(0, 5).map((unit) => `${inside.units[unit]} (${contrast[unit]! > 0 ? "+" : ""}${number(contrast[unit], 2)})`);
    const [from, to] = range.map((step) => inside.when(step));
    say(this.#answer, `On from ${from} to ${to} and off outside, by mean |${signal}| inside less outside: ${best.join(", ")}. Double-click takes the brush away.`);
  }

  #rectangle(range: [number, number], brushed: number[]): string {
    const inside = this.#inside;
    const sizes = inside.sizes().filter((_, at) => brushed.includes(inside.units[at]!));
    const mean = (side: 0 | 1): string => number(sizes.reduce((sum, size) => sum + size[side], 0) / Math.max(sizes.length, 1), 2);
    const [from, to] = range.map((step) => inside.when(step));
    const named = brushed.length === 1 ? `unit ${brushed[0]}` : `${brushed.length} units (${brushed.slice(0, 8).join(", ")}${brushed.length > 8 ? ", …" : ""})`;
    return `Brushed: ${named} from ${from} to ${to}, mean |${inside.signal}| ${mean(0)} there and ${mean(1)} outside. Escape or a double-click takes the brush away.`;
  }

  /** Read out the step under the cursor, and the unit. */
  #read(): void {
    const inside = this.#inside;
    const { step, row } = this.#cursor;
    this.#toolbar.read(step);
    this.#link.say({ layer: inside.place, unit: inside.pinned.at(-1) ?? null, step });
    for (const course of this.#courses) if (!course.element.hidden) course.read(step);
    this.root.dataset["step"] = String(step);
    const parts = [inside.when(step)];
    if (inside.of("mask")[step] === 0) parts.push("masked: the layer did not look");
    const unit = row === null ? undefined : this.#heat.order[row];
    const codes = inside.of(`tile:${inside.signal}`);
    if (unit !== undefined && codes.length) {
      parts.push(`unit ${inside.units[unit]}: ${inside.signal} ${number(inside.value(codes[unit * inside.steps + step]!), 3)}`);
      if (inside.layer.lives) parts.push(`half-life ${inside.life(unit)} steps`);
      if (inside.has("influence")) parts.push(`influence on the output ${number(inside.of("influence")[unit], 2)}`);
    }
    say(this.readout, parts.join(" · "));
  }

  protected override resize(): void {
    this.#refresh();
  }

  protected override recolour(): void {
    this.#refresh();
  }

  protected override destroy(): void {
    cancelAnimationFrame(this.#frame);
  }
}
