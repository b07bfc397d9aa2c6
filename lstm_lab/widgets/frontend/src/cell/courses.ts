/** Where in the window the step is: the series that was read, and the state of the unit. */
import { h, legend, on, say, values } from "../dom";
import { number } from "../format";
import { Strip, LEFT } from "../gates/strips";
import { clamp } from "../geometry";
import { decimal } from "./drawing";
import type { Window } from "./window";

class Series extends Strip<Window> {
  draw(): void {
    const { inside } = this;
    const { store, forecast } = inside;
    const { text, red } = inside.palette();
    this.element.hidden = !inside.dated;
    if (this.element.hidden) return;
    const series = store.data("series");
    say(this.head, "What it read");
    const ahead = forecast === null ? [] : [{ words: `forecast ${number(forecast)}`, colour: red, kind: "dot" as const }];
    legend(this.key, [{ words: store.text("series_name"), colour: text, value: true }, ...ahead]);
    const ctx = this.begin();
    this.fit([series, forecast === null ? [] : [forecast]]);
    this.axis();
    this.clip(() => this.line({ values: series, colour: text }));
    if (forecast === null) return;
    ctx.fillStyle = red;
    ctx.beginPath();
    ctx.arc(this.x(series.length + 0.5), this.y(forecast), 4, 0, 2 * Math.PI);
    ctx.fill();
  }

  read(step: number): void {
    values(this.key, [number(this.inside.store.data("series")[step])]);
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
    say(this.head, `What unit ${inside.shown} remembers`);
    legend(this.key, this.#names.map(([name, words]) => ({ words, colour: name === "cell" ? red : text, value: true })));
    this.begin();
    this.fit(this.#names.map(([name]) => inside.row(name)), true);
    this.axis();
    this.clip(() => {
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
  readonly #state: State;
  readonly element: HTMLElement;

  constructor(
    private readonly window: Window,
    move: (step: number) => void,
  ) {
    this.#series = new Series(64, window);
    this.#state = new State(72, window);
    this.element = h("div", { class: "stack" }, this.#series.element, this.#state.element, this.#line);
    on(this.element, "pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      move(this.#stepAt(event));
    });
    on(this.element, "pointermove", (event) => event.buttons && move(this.#stepAt(event)));
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
    this.#state.draw();
    this.move();
  }

  /** Put the cursor where the step is. */
  move(): void {
    const { step, unit } = this.window;
    this.#line.style.transform = `translateX(${this.#state.x(step + 0.5) * unit}px)`;
    this.#series.read(step);
    this.#state.read(step);
  }
}
