/** Where in the window the step is: the series that was read, and the state of the unit. */
import { h, legend, on, say, values } from "../dom";
import { number } from "../format";
import { Strip, LEFT } from "../gates/strips";
import { clamp } from "../geometry";
import { decimal } from "./drawing";
import { alpha } from "../theme";
import type { Window } from "./window";

/** How far an input can be drawn, in standard deviations. */
export const REACH = 8;

class Series extends Strip<Window> {
  draw(): void {
    const { inside } = this;
    const { store, forecast } = inside;
    const { text, red } = inside.palette();
    this.element.hidden = !inside.dated;
    if (this.element.hidden) return;
    const series = store.data("series");
    say(this.head, "What it read");
    const { changes } = inside;
    const ends = forecast === null ? [] : (changes.moved ?? [forecast]);
    const words = `forecast ${ends.map((value) => number(value, ends.length === 1 ? 4 : 5)).join(" → ")}`;
    const ahead = forecast === null ? [] : [{ words, colour: red, kind: "disc" as const }];
    legend(this.key, [{ words: store.text("series_name"), colour: text, value: true }, ...ahead]);
    const ctx = this.begin();
    this.fit([series, ends]);
    this.axis();
    this.clip(() => this.line({ values: series, colour: text }));
    ctx.fillStyle = ctx.strokeStyle = red;
    ends.forEach((value, at) => {
      ctx.beginPath();
      ctx.arc(this.x(series.length + 0.5), this.y(value), 4, 0, 2 * Math.PI);
      // The newer is full, and what it was is a ring.
      if (at === ends.length - 1) ctx.fill(); else ctx.stroke();
    });
  }

  read(step: number): void {
    values(this.key, [number(this.inside.store.data("series")[step])]);
  }
}

/** The first input, which can be drawn up and down. */
class Input extends Strip<Window> {
  /** A hand holds a value: the scale stands still. */
  drawn = false;

  draw(): void {
    const { changes, palette } = this.inside;
    const { muted, green } = palette();
    this.element.hidden = !(changes.possible || changes.asks);
    if (this.element.hidden) return;
    say(this.head, "Its first input: drag a value");
    const [was, now] = [changes.input(false), changes.input(true)];
    legend(this.key, [{ words: String(this.inside.layers[0]!.reads).replace(/, the first of .*/, ""), colour: green, value: true }]);
    this.begin();
    if (!this.drawn) this.fit([was, now, [-2, 2]]);
    this.axis();
    this.clip(() => {
      this.line({ values: was, colour: muted, dash: [3, 3] });
      this.line({ values: now, colour: green, width: 2 });
    });
  }

  /** The value at a height. */
  at(y: number): number {
    return this.low + ((this.height - 4 - y) / (this.height - 8)) * (this.high - this.low);
  }

  read(step: number): void {
    values(this.key, [decimal(this.inside.changes.input(true)[step])]);
  }
}

class State extends Strip<Window> {
  get #names(): [string, string][] {
    const hidden: [string, string] = ["hidden", "hidden state h"];
    return this.inside.layer.kind === "lstm" ? [["cell", "cell state c"], hidden] : [hidden];
  }

  draw(): void {
    const { inside } = this;
    const { text, red } = inside.palette();
    say(this.head, `What unit ${inside.picked} remembers${inside.differs ? ", and remembered (dashed)" : ""}`);
    legend(this.key, this.#names.map(([name, words]) => ({ words, colour: name === "cell" ? red : text, value: true })));
    this.begin();
    const { differs } = inside;
    this.fit(this.#names.flatMap(([name]) => [inside.row(name), inside.was(name)]), true);
    this.axis();
    this.clip(() => {
      for (const [name] of differs ? this.#names : []) {
        const colour = name === "cell" ? red : text;
        this.area({ low: inside.was(name), high: inside.row(name), colour: alpha(colour, 0.2) });
        this.line({ values: inside.was(name), colour, dash: [3, 3], width: 1 });
      }
      for (const [name] of this.#names) this.line({ values: inside.row(name), colour: name === "cell" ? red : text, width: 2 });
      this.hatch();
    });
  }

  read(step: number): void {
    values(this.key, this.#names.map(([name]) => decimal(this.inside.row(name)[step])));
  }
}

export class Courses {
  readonly #line = h("div", { class: "cursor" });
  readonly #series: Series;
  readonly #input: Input;
  readonly #state: State;
  /** Where a hand took hold of a value. */
  #taken: { step: number; y: number } | null = null;
  readonly element: HTMLElement;

  constructor(
    private readonly window: Window,
    move: (step: number) => void,
    private readonly edit: (step: number, value: number) => void,
  ) {
    this.#series = new Series(64, window);
    this.#input = new Input(72, window);
    this.#state = new State(72, window);
    this.#input.canvas.style.cursor = "ns-resize";
    this.element = h("div", { class: "stack" }, this.#series.element, this.#input.element, this.#state.element, this.#line);
    on(this.element, "pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      const step = this.#stepAt(event);
      move(step);
      this.#taken = event.target === this.#input.canvas ? { step, y: event.clientY } : null;
    });
    on(this.element, "pointermove", (event) => {
      if (!event.buttons) return;
      if (this.#taken === null) move(this.#stepAt(event)); else this.#drag(event, this.#taken);
    });
    on(this.element, "pointerup", () => {
      if (!this.#input.drawn) return;
      this.#input.drawn = false;
      this.draw();
    });
  }

  /** Draw the input up or down, once the hand has moved. */
  #drag({ clientY }: PointerEvent, { step, y }: { step: number; y: number }): void {
    if (!this.#input.drawn && Math.abs(clientY - y) < 4) return;
    this.#input.drawn = true;
    const { top } = this.#input.canvas.getBoundingClientRect();
    this.edit(step, clamp(this.#input.at((clientY - top) / this.window.unit), -REACH, REACH));
  }

  #stepAt({ clientX }: { clientX: number }): number {
    const { window } = this;
    const { left } = this.element.getBoundingClientRect();
    const share = ((clientX - left) / window.unit - LEFT) / (this.#state.edge - LEFT);
    return clamp(Math.floor(share * window.span.high), 0, window.layer.steps - 1);
  }

  draw(): void {
    const { window } = this;
    window.span.high = window.layer.steps + (window.forecast === null ? 0 : 1);
    this.#series.draw();
    this.#input.draw();
    this.#state.draw();
    this.move();
  }

  /** Put the cursor where the step is. */
  move(): void {
    const { step, unit } = this.window;
    this.#line.style.transform = `translateX(${this.#state.x(step + 0.5) * unit}px)`;
    for (const course of [this.#series, this.#input, this.#state]) if (!course.element.hidden) course.read(step);
  }
}
