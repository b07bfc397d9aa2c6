/** The heat map: a row a unit, a column a step, the colours on a fixed scale, and each unit's half-life beside it. */
import { h, say } from "../dom";
import { number } from "../format";
import { Scale } from "./colours";
import type { Inside } from "./inside";
import { LEFT, Strip } from "./strips";

/** Pictures that are kept, so that going back to one costs nothing. */
const KEPT = 12;
const LABEL = 14;

interface Picture {
  codes: ArrayLike<number>;
  canvas: HTMLCanvasElement;
}

export class HeatMap extends Strip {
  /** Places of the drawn units, from top to bottom. */
  order: number[] = [];
  readonly #bottom = h("span");
  readonly #ramp = h("span", { class: "ramp", "aria-hidden": "true" });
  readonly #top = h("span");
  readonly #aside = h("span", { class: "aside" });
  readonly #pictures = new Map<string, Picture>();
  #picture: HTMLCanvasElement | null = null;

  constructor(inside: Inside) {
    super(230, inside);
    this.element.classList.add("heat");
    this.key.replaceWith(h("span", { class: "scale muted" }, this.#bottom, this.#ramp, this.#top), this.#aside);
  }

  /** Put the units in their order, and paint the picture unless it was painted before. */
  arrange(): void {
    const { inside } = this;
    this.order = inside.order();
    const { dark } = inside.palette();
    const codes = inside.of(`tile:${inside.signal}`);
    const name = JSON.stringify([inside.place, inside.signal, inside.sort, inside.sort === "brush" && inside.sortedBy, dark]);
    let picture = this.#pictures.get(name);
    if (picture?.codes !== codes || inside.sort === "influence") {
      picture = { codes, canvas: this.#paint(codes, new Scale(!inside.isGate, dark).pixels()) };
      this.#pictures.set(name, picture);
      if (this.#pictures.size > KEPT) this.#pictures.delete(this.#pictures.keys().next().value!);
    }
    this.#picture = codes.length === 0 ? null : picture.canvas;
  }

  /** One pixel a step, to be scaled without smoothing. */
  #paint(codes: ArrayLike<number>, table: Uint32Array): HTMLCanvasElement {
    const { steps } = this.inside;
    const canvas = h("canvas", { width: steps, height: this.order.length });
    if (codes.length === 0) return canvas;
    const ctx = canvas.getContext("2d")!;
    const image = ctx.createImageData(steps, this.order.length);
    const pixels = new Uint32Array(image.data.buffer);
    let to = 0;
    for (const unit of this.order) {
      const first = unit * steps;
      for (let step = 0; step < steps; step++) pixels[to++] = table[codes[first + step]!]!;
    }
    ctx.putImageData(image, 0, 0);
    return canvas;
  }

  draw(): void {
    const { inside } = this;
    // Few units need less room than many.
    this.height = Math.min(Math.max(inside.layer.shown * 7, 120), 300);
    this.#explain();
    const ctx = this.begin();
    this.clip(() => {
      this.hatch();
      ctx.imageSmoothingEnabled = false;
      const left = this.x(0);
      if (this.#picture) ctx.drawImage(this.#picture, left, 0, this.x(inside.steps) - left, this.height);
    });
    ctx.fillStyle = inside.palette().muted;
    if (!this.#picture) ctx.fillText(inside.store.live ? "loading …" : "not kept in this file; run the cell again to see it", LEFT + 20, this.height / 2);
    this.#rows(ctx);
    this.#pins(ctx);
  }

  #explain(): void {
    const { inside } = this;
    const { signal, sort, layer } = inside;
    const words: Record<string, string> = { cell: "cell state: what it remembers", hidden: "hidden state: what it says" };
    const by = sort === "brush" ? "what stood out in the brushed steps" : sort === "half-life" ? "half-life, the longest memory on top" : sort;
    say(this.head, `Each unit's ${words[signal] ?? `${signal}${inside.isGate ? " gate" : ""}`}; by ${by}`);
    const limit = number(layer.limits[signal]!, 3);
    say(this.#bottom, inside.isGate ? "shut 0" : `−${limit}`);
    say(this.#top, inside.isGate ? "1 open" : `+${limit}`);
    this.#ramp.style.background = new Scale(!inside.isGate, inside.palette().dark).gradient;
    this.#aside.hidden = !inside.layer.lives;
    say(this.#aside, this.#beside ? "half-life" : "unit: half-life");
  }

  get #beside(): boolean {
    return this.inside.layer.lives && this.inside.right > 20;
  }

  /** Top of a row, in pixels. */
  top(row: number): number {
    return (row / this.order.length) * this.height;
  }

  /** Say which unit a row is, and how long it remembers: as a bar, and in steps. */
  #rows(ctx: CanvasRenderingContext2D): void {
    const { inside } = this;
    const { text, blue } = inside.palette();
    const rows = this.order.length;
    const lives = inside.of("half_life");
    const longest = Math.max(...lives, 1e-9);
    const every = Math.max(1, Math.ceil(rows / Math.floor(this.height / LABEL)));
    this.order.forEach((unit, row) => {
      const middle = Math.min(Math.max(this.top(row + 0.5), 6), this.height - 6);
      const labelled = row % every === 0;
      ctx.textAlign = "right";
      ctx.fillStyle = text;
      // Where there is no room for bars the half-life stands with the unit.
      const name = this.#beside || !inside.layer.lives ? `unit ${inside.units[unit]}` : `${inside.units[unit]}: ${inside.life(unit)}`;
      if (labelled) ctx.fillText(name, LEFT - 6, middle);
      if (!this.#beside) return;
      ctx.fillStyle = blue;
      ctx.fillRect(this.edge + 4, this.top(row), (lives[unit]! / longest) * 26, Math.max(this.top(1) - 1, 0.7));
      ctx.textAlign = "left";
      ctx.fillStyle = text;
      if (labelled) ctx.fillText(inside.life(unit), this.edge + 34, middle);
    });
  }

  #pins(ctx: CanvasRenderingContext2D): void {
    const { inside } = this;
    inside.pinned.forEach((unit, at) => {
      const row = this.order.findIndex((place) => inside.units[place] === unit);
      if (row < 0) return;
      ctx.strokeStyle = inside.pinColour(at);
      ctx.lineWidth = 2;
      ctx.strokeRect(LEFT + 1, this.top(row), this.edge - LEFT - 2, Math.max(this.top(1), 3));
    });
  }
}
