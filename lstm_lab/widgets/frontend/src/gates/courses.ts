/** What goes its course over the steps: what was read, what moved the output, the gates and the sizes of the states. */
import { legend, say, values } from "../dom";
import { number } from "../format";
import { alpha } from "../theme";
import type { Inside } from "./inside";
import { LEFT, Strip } from "./strips";

/** A strip that draws itself and says its values at a step. */
export interface Course {
  element: HTMLElement;
  draw(): void;
  read(step: number): void;
}

/** The series over the lookback, and the forecast behind it. */
export class Series extends Strip implements Course {
  constructor(inside: Inside) {
    super(86, inside);
  }

  draw(): void {
    const { inside } = this;
    const { forecast, store } = inside;
    const { text, red } = inside.palette();
    const series = store.data("series");
    this.element.hidden = !inside.dated;
    say(this.head, `What it read: ${inside.steps} steps`);
    const ahead = forecast === null ? [] : [{ words: `forecast ${number(forecast)}`, colour: red, kind: "disc" as const }];
    legend(this.key, [{ words: store.text("series_name"), colour: text, value: true }, ...ahead]);
    const ctx = this.begin();
    this.fit([series, forecast === null ? [] : [forecast]]);
    this.axis();
    this.clip(() => this.line({ values: series, colour: text }));
    const last = series.length - 0.5;
    if (forecast === null || last + 1 > inside.span.high) return;
    this.#dash(ctx, last, series.at(-1)!, forecast);
    ctx.fillStyle = red;
    ctx.beginPath();
    ctx.arc(this.x(last + 1), this.y(forecast), 4, 0, 2 * Math.PI);
    ctx.fill();
  }

  /** Lead from the last value to the forecast. */
  #dash(ctx: CanvasRenderingContext2D, step: number, from: number, to: number): void {
    ctx.strokeStyle = this.inside.palette().red;
    ctx.setLineDash([2, 2]);
    ctx.beginPath();
    ctx.moveTo(this.x(step), this.y(from));
    ctx.lineTo(this.x(step + 1), this.y(to));
    ctx.stroke();
    ctx.setLineDash([]);
  }

  read(step: number): void {
    values(this.key, [number(this.inside.store.data("series")[step])]);
  }
}

/** What each step can do to the output, and what it did. */
export class Influence extends Strip implements Course {
  constructor(inside: Inside) {
    super(84, inside);
  }

  draw(): void {
    const { inside } = this;
    const { store } = inside;
    const { blue, red } = inside.palette();
    this.element.hidden = !(store.has("moved") && inside.dated);
    if (this.element.hidden) return;
    const unit = store.text("unit");
    say(this.head, `What moved ${store.text("target")}${unit ? `, in ${unit}` : ""}`);
    legend(this.key, [
      { words: "moved it by (against the mean)", colour: alpha(blue, 0.75), kind: "box", value: true },
      { words: "could move it by (a standard deviation)", colour: red, value: true },
    ]);
    const { low, median, high, check } = this.#rows;
    this.begin();
    this.fit([high, check], true);
    this.axis();
    this.clip(() => {
      this.bars(check, alpha(blue, 0.75));
      this.area({ low, high, colour: alpha(red, 0.2) });
      this.line({ values: median, colour: red });
    });
  }

  get #rows(): ReturnType<Inside["moved"]> {
    return this.inside.moved("moved", this.inside.store.data("times").length);
  }

  read(step: number): void {
    const { check, median } = this.#rows;
    const did = check[step] ?? NaN;
    values(this.key, [`${did > 0 ? "+" : ""}${number(did, 2)}`, number(median[step], 2)]);
  }
}

/** Mean over the units and their middle half: of the gates on one fixed scale, or of the sizes of the states. */
export class Bands extends Strip implements Course {
  constructor(
    inside: Inside,
    readonly gates: boolean,
  ) {
    super(gates ? 96 : 78, inside);
  }

  get #names(): string[] {
    const { gates, signals } = this.inside.layer;
    return this.gates ? gates : signals.filter((name) => !gates.includes(name)).sort();
  }

  draw(): void {
    const { inside } = this;
    const names = this.#names;
    this.element.hidden = names.length === 0;
    if (this.element.hidden) return;
    say(this.head, this.gates ? "Gates, 0 shut to 1 open: mean over units, middle half" : "Sizes: mean over units, middle half");
    legend(this.key, names.map((name) => ({ words: this.gates ? name : `|${name}|`, colour: inside.colour(name), value: true })));
    this.begin();
    if (this.gates) [this.low, this.high] = [0, 1];
    else this.fit(names.flatMap((name) => [inside.band(name, 0), inside.band(name, 2)]), true);
    this.axis();
    this.clip(() => {
      for (const name of names) this.area({ low: inside.band(name, 1), high: inside.band(name, 2), colour: alpha(inside.colour(name), 0.16) });
      for (const name of names) this.line({ values: inside.band(name, 0), colour: inside.colour(name) });
      this.hatch();
    });
  }

  read(step: number): void {
    values(this.key, this.#names.map((name) => number(this.inside.band(name, 0)[step], 2)));
  }
}

/** The times below the heat map, and that of the cursor in the place of those it would touch. */
export class Dates extends Strip implements Course {
  #at = 0;

  constructor(inside: Inside) {
    super(18, inside);
  }

  draw(): void {
    const { inside } = this;
    const { low, high } = inside.span;
    const { muted, text } = inside.palette();
    const ctx = this.begin();
    const taken: [number, number][] = [];
    const write = (step: number, colour: string): void => {
      const words = inside.when(step);
      const half = ctx.measureText(words).width / 2 + 5;
      const x = Math.max(LEFT + half, Math.min(this.x(step + 0.5), inside.width - half));
      if (taken.some(([from, to]) => x + half > from && x - half < to)) return;
      taken.push([x - half, x + half]);
      ctx.fillStyle = colour;
      ctx.fillText(words, x, 9);
    };
    ctx.textAlign = "center";
    if (this.#at >= low && this.#at < high) write(this.#at, text);
    const count = Math.max(2, Math.floor((this.edge - this.x(low)) / 140));
    for (let at = 0; at < count; at++) {
      write(Math.max(Math.min(Math.round(low + ((high - low - 1) * at) / (count - 1)), inside.steps - 1), 0), muted);
    }
  }

  read(step: number): void {
    if (step === this.#at) return;
    this.#at = step;
    this.draw();
  }
}
