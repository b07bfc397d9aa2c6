/** Pinned units in full: what each remembers and says, how the state of one came about, its gates in numbers. */
import { button, h, legend, say, values } from "../dom";
import { number } from "../format";
import { alpha } from "../theme";
import type { Course } from "./courses";
import type { Inside } from "./inside";
import { Strip } from "./strips";

/** The pinned units, each with a button that takes its pin away. */
export class Pins {
  readonly element = h("p", { class: "controls pins" });

  constructor(
    private readonly inside: Inside,
    private readonly unpin: (unit: number) => void,
  ) {}

  draw(): void {
    const { pinned } = this.inside;
    const chips = pinned.map((unit, at) => {
      const chip = button(`${unit} ✕`, () => this.unpin(unit), { "aria-label": `Unpin unit ${unit}` });
      chip.style.borderColor = this.inside.pinColour(at);
      return chip;
    });
    const words = pinned.length ? "pinned units:" : "click a unit in the heat map to pin it";
    this.element.replaceChildren(h("span", { class: "muted" }, words), ...chips);
  }
}

/** Cell against hidden: what pinned units remember and what they say; a GRU has one state for both. */
export class States extends Strip implements Course {
  constructor(inside: Inside) {
    super(92, inside);
  }

  get #two(): boolean {
    return this.inside.layer.kind === "lstm";
  }

  draw(): void {
    const { inside } = this;
    const { pinned } = inside;
    const two = this.#two;
    this.element.hidden = pinned.length === 0;
    if (this.element.hidden) return;
    say(this.head, two ? "What it remembers (cell, line) and what it says (hidden, dashed)" : "One state: what it remembers is what it says");
    legend(this.key, pinned.map((unit, at) => ({ words: `unit ${unit}`, colour: inside.pinColour(at), value: true })));
    const curves = pinned.map((unit) => ({ state: inside.exact(unit, two ? "cell" : "hidden"), said: two ? inside.exact(unit, "hidden") : [] }));
    this.begin();
    this.fit(curves.flatMap(({ state, said }) => [state, said]), true);
    this.axis();
    this.clip(() => {
      curves.forEach(({ state, said }, at) => {
        const colour = inside.pinColour(at);
        this.line({ values: state, colour, width: 2 });
        this.line({ values: said, colour, dash: [4, 3] });
      });
      this.hatch();
    });
  }

  read(step: number): void {
    const { inside } = this;
    const names = this.#two ? ["cell", "hidden"] : ["hidden"];
    values(this.key, inside.pinned.map((unit) => names.map((name) => `${name} ${number(inside.exact(unit, name)[step], 3)}`).join(" · ")));
  }
}

/** How the state of the last pinned unit came about: kept plus written, as signed bars on each other. */
export class Parts extends Strip implements Course {
  readonly #gates = h("p", { class: "numbers" });

  constructor(inside: Inside) {
    super(92, inside);
    this.element.append(this.#gates);
  }

  draw(): void {
    const { inside } = this;
    const { blue, orange, text } = inside.palette();
    const unit = inside.pinned.at(-1);
    this.element.hidden = unit === undefined || !inside.layer.lives;
    if (unit === undefined || this.element.hidden) return;
    const lstm = inside.layer.kind === "lstm";
    say(this.head, `Unit ${unit}: ${lstm ? "c = f·c₋₁ + i·g" : "h = z·h₋₁ + (1 − z)·g"}`);
    legend(this.key, [
      { words: lstm ? "kept, f·c₋₁" : "kept, z·h₋₁", colour: alpha(blue, 0.6), kind: "box", value: true },
      { words: lstm ? "written, i·g" : "written, (1 − z)·g", colour: alpha(orange, 0.9), kind: "box", value: true },
      { words: "their sum", colour: text, value: true },
    ]);
    const [kept, written] = [inside.exact(unit, "kept"), inside.exact(unit, "written")];
    const sum = Array.from(kept, (value, step) => value + written[step]!);
    this.begin();
    this.fit([kept, written, sum], true);
    this.axis();
    this.clip(() => {
      this.bars(kept, alpha(blue, 0.6));
      this.bars(written, alpha(orange, 0.9), kept);
      this.line({ values: sum, colour: text });
      this.hatch();
    });
  }

  read(step: number): void {
    const { inside } = this;
    const unit = inside.pinned.at(-1);
    if (unit === undefined) return;
    const at = (name: string): number => inside.exact(unit, name)[step] ?? NaN;
    const parts = [at("kept"), at("written")];
    values(this.key, [...parts, parts[0]! + parts[1]!].map((value) => number(value, 3)));
    say(this.#gates, `Unit ${unit}, ${inside.when(step)}: ${inside.layer.signals.map((name) => `${name} ${number(at(name), 3)}`).join(" · ")}`);
  }
}
