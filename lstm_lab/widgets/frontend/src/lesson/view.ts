/**
 * Class mode: one slide at a time in large type, by arrow keys or a presenter; a question is guessed before its answer is
 * revealed. The views on the slides are those of saved outputs, so that none of them needs a kernel.
 */
import { View, type Context } from "../base";
import { CellView } from "../cell/view";
import { button, h, on, say } from "../dom";
import { GatesView } from "../gates/view";
import { clamp } from "../geometry";
import { pressed } from "../keys";
import { draw } from "../lab";
import { keeper, restore, unpackSaved } from "../saved";
import { Wire } from "../wire";
import { FanStrip, type Fan } from "./fan";
import { hides, plain, seen, slidesOf, verdict, write, type Block, type Question, type Slide } from "./slides";

const VIEWS: Record<string, typeof CellView | typeof GatesView> = { cell: CellView, gates: GatesView };
/** How much larger the views on a slide are than those of a notebook. */
const LARGER = 1.15;
/** How much larger than usual the text of a lesson is, by the style sheet. */
const TYPE = 1.35;
const HELP = "Left and right arrow change the slide, R reveals the answer, F fills the screen.";

type Kept = Record<string, unknown> & { view: string };

export class LessonView extends View {
  readonly #count = h("span", { class: "muted" });
  readonly #slide = h("div", { class: "slide", tabindex: 0, role: "group", "aria-roledescription": "slide" });
  readonly #back = button("← Back", () => this.#go(this.#at - 1));
  readonly #next = button("Next →", () => this.#go(this.#at + 1));
  readonly #reveal = button("Reveal (R)", () => this.#toggle(), { class: "reveal" });
  readonly #full = button("Fill the screen", () => this.#fill());
  #ending = new AbortController();
  #fans: FanStrip[] = [];

  constructor(context: Context) {
    super(context);
    // Before the size of the text is measured, which this class makes larger.
    this.root.classList.add("lesson");
  }

  get #slides(): Slide[] {
    return slidesOf(this.store.values["slides"]);
  }

  get #views(): (Kept | null)[] {
    return (this.store.values["views"] ?? []) as (Kept | null)[];
  }

  get #at(): number {
    return clamp(Number(this.store.ui["slide"] ?? 0), 0, this.#slides.length - 1);
  }

  /** Slides whose answers are revealed. */
  get #revealed(): Set<number> {
    this.store.ui["revealed"] ??= new Set();
    return this.store.ui["revealed"] as Set<number>;
  }

  /** Guesses by slide and question. */
  get #guesses(): Record<string, number> {
    this.store.ui["guesses"] ??= {};
    return this.store.ui["guesses"] as Record<string, number>;
  }

  /** Views that hold back what happened until it is revealed. */
  get #truths(): Set<number> {
    return new Set(this.#views.flatMap((view, at) => (view?.view === "fan" && view["actual"] !== null ? [at] : [])));
  }

  protected override build(): void {
    this.facts.append(h("p", { class: "title" }, this.store.text("title")), this.#count);
    this.actions.append(this.#back, this.#next, this.#reveal, this.#full);
    this.#full.hidden = !document.fullscreenEnabled;
    this.body.append(this.#slide, h("p", { class: "muted keys" }, HELP));
    on(this.root, "keydown", (event) => this.#key(event));
    this.context.signal.addEventListener("abort", () => this.#ending.abort());
  }

  #key(event: KeyboardEvent): void {
    const target = event.composedPath()[0];
    if (target instanceof HTMLElement && target.matches("input, select, textarea")) return;
    pressed(event, {
      ArrowRight: () => this.#go(this.#at + 1),
      ArrowLeft: () => this.#go(this.#at - 1),
      PageDown: () => this.#go(this.#at + 1),
      PageUp: () => this.#go(this.#at - 1),
      Home: () => this.#go(0),
      End: () => this.#go(this.#slides.length - 1),
      r: () => this.#toggle(),
      R: () => this.#toggle(),
      f: () => this.#fill(),
      F: () => this.#fill(),
    });
  }

  #go(to: number): void {
    const next = clamp(to, 0, this.#slides.length - 1);
    if (next === this.#at) return;
    this.store.ui["slide"] = next;
    this.#draw();
    this.#slide.focus({ preventScroll: true });
  }

  #toggle(): void {
    if (this.#reveal.disabled) return;
    const revealed = this.#revealed;
    if (!revealed.delete(this.#at)) revealed.add(this.#at);
    this.#draw();
  }

  #fill(): void {
    const { el } = this.context;
    const done = document.fullscreenElement === null ? el.requestFullscreen() : document.exitFullscreen();
    done.catch(() => this.complain("The browser does not let this page fill the screen."));
  }

  /** Draw the slide. */
  #draw(): void {
    const slide = this.#slides[this.#at];
    if (slide === undefined) return;
    const revealed = this.#revealed.has(this.#at);
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#fans = [];
    say(this.#count, `${this.#at + 1} / ${this.#slides.length}`);
    this.#back.disabled = this.#at === 0;
    this.#next.disabled = this.#at === this.#slides.length - 1;
    this.#reveal.disabled = !hides(slide.blocks, this.#truths);
    say(this.#reveal, revealed ? "Hide (R)" : "Reveal (R)");
    this.#slide.setAttribute("aria-label", `Slide ${this.#at + 1} of ${this.#slides.length}: ${slide.title}`);
    const title = slide.title ? [h("h2", {}, slide.title)] : [];
    this.#slide.replaceChildren(...title, ...seen(slide.blocks, revealed).map((block, at) => this.#block(block, at, revealed)));
    Object.assign(this.root.dataset, { slide: String(this.#at), revealed: String(revealed) });
    this.#drawFans();
  }

  #block(block: Block, at: number, revealed: boolean): HTMLElement {
    switch (block.kind) {
      case "heading":
        return h("h3", {}, ...write(block.runs));
      case "list":
        return h(block.ordered ? "ol" : "ul", {}, ...block.items.map((item) => h("li", {}, ...write(item))));
      case "code":
        return h("pre", {}, h("code", {}, block.text));
      case "view":
        return this.#embed(block.view);
      case "question":
        return this.#question(block, at, revealed);
      default:
        return h("p", {}, ...write(block.runs));
    }
  }

  #question(question: Question, at: number, revealed: boolean): HTMLElement {
    const key = `${this.#at}:${at}`;
    const guess = this.#guesses[key] ?? null;
    const choices = question.choices.map(({ runs, right }, number) => {
      const mark = revealed && right ? "✓ " : "";
      const choose = button("", () => this.#guess(key, number), { class: revealed && right ? "choice right" : "choice", "aria-pressed": String(guess === number), "data-choice": `${key}:${number}` });
      choose.append(mark, ...write(runs));
      return choose;
    });
    const told = h("p", { class: "verdict", role: "status" }, revealed ? verdict(question, guess) : "");
    const box = h("div", { class: "question", role: "group", "aria-label": plain(question.runs) }, h("p", { class: "ask" }, ...write(question.runs)));
    if (choices.length > 0) box.append(h("div", { class: "choices" }, ...choices), told);
    else if (!revealed) box.append(h("p", { class: "muted" }, "Make your guess, then press R."));
    return box;
  }

  #guess(key: string, choice: number): void {
    const guesses = this.#guesses;
    if (guesses[key] === choice) delete guesses[key]; else guesses[key] = choice;
    this.#draw();
    this.#slide.querySelector<HTMLElement>(`[data-choice="${key}:${choice}"]`)?.focus();
  }

  /** Put a view on the slide; it ends with the slide. */
  #embed(number: number): HTMLElement {
    const kept = this.#views[number] ?? null;
    const place = h("div", { class: "embedded" });
    if (kept === null) {
      place.append(h("p", { class: "muted" }, "This view is too large to be kept in a notebook; see it in the offline page of the lesson."));
      return place;
    }
    if (kept.view === "fan") {
      const fan = new FanStrip({ span: { low: 0, high: 1 }, right: 14, width: 300, unit: this.unit, palette: () => this.palette, of: () => [] }, kept as unknown as Fan);
      this.#fans.push(fan);
      place.append(fan.figure);
      return place;
    }
    const text = ((14 * this.unit * LARGER) / TYPE).toFixed(2);
    place.style.setProperty("--jp-content-font-size1", `${text}px`);
    const { signal } = this.#ending;
    this.#mount(place, kept, signal).catch((error: unknown) => place.append(h("p", { class: "error" }, `This view could not be drawn: ${String(error)}`)));
    return place;
  }

  async #mount(place: HTMLElement, kept: Kept, signal: AbortSignal): Promise<void> {
    this.store.ui["opened"] ??= new Map();
    const opened = this.store.ui["opened"] as Map<Kept, Wire>;
    const saved = await unpackSaved(kept);
    const Named = VIEWS[saved.view];
    if (Named === undefined || signal.aborted) return;
    // What a person did to a view is still there when its slide comes again.
    const wire = opened.get(kept) ?? new Wire();
    opened.set(kept, wire);
    restore(wire, saved);
    const el = h("div");
    place.append(el);
    draw(Named, { model: keeper(wire, { ...saved, theme: String(this.context.model.get("theme") || "auto") }, signal), el, wire }, signal);
  }

  #drawFans(): void {
    const revealed = this.#revealed.has(this.#at);
    for (const fan of this.#fans) {
      const { inside } = fan;
      inside.width = Math.max((fan.figure.clientWidth || this.width - 40) / this.unit, 150);
      inside.unit = this.unit;
      fan.draw(revealed);
    }
  }

  protected override update(changed: Set<string>): void {
    // A view that comes into sight again is as it was: drawing it anew would take a click its button.
    if (this.#slide.childElementCount === 0 || changed.has("slides") || changed.has("views")) this.#draw();
  }

  protected override resize(): void {
    this.#drawFans();
  }

  protected override recolour(): void {
    this.#drawFans();
  }

  protected override destroy(): void {
    this.#ending.abort();
  }
}
