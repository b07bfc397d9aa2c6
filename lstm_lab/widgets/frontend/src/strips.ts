/**
 * Strips over one shared axis of steps: lines, bars and heat maps on canvases of their own, one cursor through all of
 * them. Drawing happens when something changed; moving the cursor moves one element and draws nothing.
 */
import { h } from "./dom";
import { number } from "./format";
import type { Palette } from "./theme";

export const LEFT = 62;
export const RIGHT = 14;
const FONT = "11px system-ui, sans-serif";

/** The visible steps, from `low` to `high` as edges: step s covers s to s + 1. */
export interface Span {
  low: number;
  high: number;
}

/** What all strips share. */
export interface Frame {
  span: Span;
  width: number;
  palette: () => Palette;
}

export interface Line {
  values: ArrayLike<number>;
  colour: string;
  width?: number;
  dash?: number[];
}

export interface Area {
  low: ArrayLike<number>;
  high: ArrayLike<number>;
  colour: string;
}

/** One strip: a title, a canvas, and a function that draws it. */
export class Strip {
  readonly element: HTMLElement;
  readonly canvas = h("canvas");
  readonly head = h("span", { class: "strip-head" });
  low = 0;
  high = 1;
  readonly #ctx = this.canvas.getContext("2d")!;
  readonly #view: Frame;

  constructor(public height: number, view: Frame) {
    this.#view = view;
    this.element = h("div", { class: "strip" }, this.head, this.canvas);
  }

  /** Begin to draw: a clear canvas of the right size and density, in CSS pixels. */
  begin(): CanvasRenderingContext2D {
    const { canvas, height } = this;
    const ctx = this.#ctx;
    const { width } = this.#view;
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = FONT;
    ctx.setLineDash([]);
    return ctx;
  }

  x(step: number): number {
    const { span, width } = this.#view;
    return LEFT + ((step - span.low) / (span.high - span.low)) * (width - LEFT - RIGHT);
  }

  y(value: number): number {
    return this.height - 4 - ((value - this.low) / (this.high - this.low || 1)) * (this.height - 8);
  }

  /** Fit the scale to values, with some air, and hold zero where asked. */
  fit(arrays: ArrayLike<number>[], zero = false): void {
    let low = zero ? 0 : Infinity;
    let high = zero ? 0 : -Infinity;
    for (const values of arrays) {
      for (let at = 0; at < values.length; at++) {
        const value = values[at]!;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    if (!(low <= high)) [low, high] = [0, 1];
    const air = (high - low || Math.abs(high) || 1) * 0.06;
    this.low = low === 0 && zero ? 0 : low - air;
    this.high = high === 0 && zero ? 0 : high + air;
    if (this.low === this.high) this.high = 1;
  }

  /** Two faint lines and their numbers. */
  axis(): void {
    const ctx = this.#ctx;
    const { muted, grid } = this.#view.palette();
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    const whole = [this.low, (this.low + this.high) / 2, this.high];
    // Zero matters more than an end of the scale that would be written over it.
    const ends = [this.low, this.high].filter((end) => Math.abs(this.y(end) - this.y(0)) > 13);
    const marks = this.low < 0 && this.high > 0 ? [0, ...ends] : whole;
    for (const mark of marks) {
      const y = Math.min(Math.max(this.y(mark), 7), this.height - 7);
      ctx.fillStyle = muted;
      ctx.fillText(number(mark, 3), LEFT - 6, y);
      ctx.strokeStyle = grid;
      ctx.beginPath();
      ctx.moveTo(LEFT, this.y(mark));
      ctx.lineTo(this.#view.width - RIGHT, this.y(mark));
      ctx.stroke();
    }
  }

  clip(draw: () => void): void {
    const ctx = this.#ctx;
    ctx.save();
    ctx.beginPath();
    ctx.rect(LEFT, 0, this.#view.width - LEFT - RIGHT, this.height);
    ctx.clip();
    draw();
    ctx.restore();
  }

  line({ values, colour, width = 1.5, dash = [] }: Line): void {
    const ctx = this.#ctx;
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.setLineDash(dash);
    ctx.beginPath();
    let open = false;
    for (let at = 0; at < values.length; at++) {
      const value = values[at]!;
      if (Number.isNaN(value)) open = false;
      else if (open) ctx.lineTo(this.x(at + 0.5), this.y(value));
      else {
        ctx.moveTo(this.x(at + 0.5), this.y(value));
        open = true;
      }
    }
    ctx.stroke();
    ctx.setLineDash([]);
  }

  area({ low, high, colour }: Area): void {
    const ctx = this.#ctx;
    ctx.fillStyle = colour;
    const count = low.length;
    for (let at = 0; at + 1 < count; at++) {
      if (Number.isNaN(low[at]!) || Number.isNaN(low[at + 1]!)) continue;
      ctx.beginPath();
      ctx.moveTo(this.x(at + 0.5), this.y(low[at]!));
      ctx.lineTo(this.x(at + 1.5), this.y(low[at + 1]!));
      ctx.lineTo(this.x(at + 1.5), this.y(high[at + 1]!));
      ctx.lineTo(this.x(at + 0.5), this.y(high[at]!));
      ctx.fill();
    }
  }

  /** Bars from `from` to `from + values`, with the sign they have. */
  bars(values: ArrayLike<number>, colour: string, from?: ArrayLike<number>): void {
    const ctx = this.#ctx;
    ctx.fillStyle = colour;
    const width = Math.max(this.x(1) - this.x(0) - 1, 0.6);
    for (let at = 0; at < values.length; at++) {
      const base = from?.[at] ?? 0;
      const y = this.y(base);
      const top = this.y(base + values[at]!);
      if (Number.isNaN(top)) continue;
      ctx.fillRect(this.x(at + 0.5) - width / 2, Math.min(y, top), width, Math.abs(top - y));
    }
  }

  /** Hatch the masked steps. */
  hatch(mask: ArrayLike<number>): void {
    const ctx = this.#ctx;
    ctx.strokeStyle = this.#view.palette().muted;
    ctx.lineWidth = 0.6;
    for (let at = 0; at < mask.length; at++) {
      if (mask[at] !== 0) continue;
      const [x, next] = [this.x(at), this.x(at + 1)];
      ctx.save();
      ctx.beginPath();
      ctx.rect(x, 0, next - x, this.height);
      ctx.clip();
      ctx.beginPath();
      for (let y = -(next - x); y < this.height; y += 6) {
        ctx.moveTo(x, y + (next - x));
        ctx.lineTo(next, y);
      }
      ctx.stroke();
      ctx.restore();
    }
  }
}

type Stop = [number, number, number];
/** Viridis, and blue over white to red: both are told apart with any colour vision; the middle follows the theme. */
const SEQUENTIAL: Stop[] = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const DIVERGING: Stop[] = [[5, 72, 145], [67, 147, 195], [247, 247, 247], [214, 96, 77], [150, 10, 35]];
const DARK_DIVERGING: Stop[] = [[120, 200, 255], [33, 113, 181], [28, 28, 30], [190, 70, 50], [255, 150, 120]];

/** 255 colours as 32-bit pixels, and nothing for a masked step. */
export function colours(diverging: boolean, dark: boolean): Uint32Array {
  const stops = diverging ? (dark ? DARK_DIVERGING : DIVERGING) : SEQUENTIAL;
  const table = new Uint32Array(256);
  for (let code = 0; code < 255; code++) {
    const at = (code / 254) * (stops.length - 1);
    const first = Math.min(Math.floor(at), stops.length - 2);
    const [red, green, blue] = stops[first]!.map((low, part) => Math.round(low + (stops[first + 1]![part]! - low) * (at - first))) as Stop;
    table[code] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  return table;
}

/** Paint a tile, row by row in an order, one pixel a step, to be scaled without smoothing. */
export function paint(codes: ArrayLike<number>, steps: number, order: number[], table: Uint32Array): HTMLCanvasElement {
  const canvas = h("canvas", { width: steps, height: order.length });
  const ctx = canvas.getContext("2d")!;
  const image = ctx.createImageData(steps, order.length);
  const pixels = new Uint32Array(image.data.buffer);
  order.forEach((unit, row) => {
    for (let step = 0; step < steps; step++) pixels[row * steps + step] = table[codes[unit * steps + step]!]!;
  });
  ctx.putImageData(image, 0, 0);
  return canvas;
}
