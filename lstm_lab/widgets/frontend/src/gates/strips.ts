/**
 * Strips over one shared axis of steps: lines, areas and bars on canvases of their own. Drawing happens when something
 * changed; moving the cursor moves one element and draws nothing.
 */
import { h } from "../dom";
import { nice, tickLabels } from "../format";
import { fitted } from "../geometry";
import type { Palette } from "../theme";
import type { Inside } from "./inside";

export const LEFT = 62;
export const FONT = "11px system-ui, sans-serif";
/** Half the width of what is drawn of a step whose neighbours have no value. */
const TICK = 4;

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

/**
 * Make a canvas sharp, clear, and ready to write on. Sizes are in pixels of usual text, here and in all that is drawn on
 * it: `unit` says how much larger it comes to be on the page.
 */
export function sheet(canvas: HTMLCanvasElement, width: number, height: number, unit: number): CanvasRenderingContext2D {
  const ctx = canvas.getContext("2d")!;
  const ratio = (devicePixelRatio || 1) * unit;
  const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== tall) {
    canvas.width = wide;
    canvas.height = tall;
    canvas.style.width = `${width * unit}px`;
    canvas.style.height = `${height * unit}px`;
  }
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.font = FONT;
  ctx.setLineDash([]);
  ctx.textBaseline = "middle";
  return ctx;
}

/** Give the stretches [from, to) over which a condition holds. */
function runs(from: number, to: number, holds: (at: number) => boolean): [number, number][] {
  const found: [number, number][] = [];
  for (let at = from; at < to; at++) {
    if (!holds(at)) continue;
    const last = found.at(-1);
    if (last?.[1] === at) last[1]++;
    else found.push([at, at + 1]);
  }
  return found;
}

/** What a strip is drawn on: the steps in sight, the room for them, colours, and which steps are masked. */
export interface Ground {
  span: { low: number; high: number };
  right: number;
  width: number;
  unit: number;
  palette: () => Palette;
  of: (name: string) => ArrayLike<number>;
}

export class Strip<G extends Ground = Inside> {
  readonly canvas = h("canvas", { "aria-hidden": "true" });
  readonly head = h("span", { class: "strip-head" });
  readonly key = h("ul", { class: "legend" });
  readonly element = h("div", { class: "strip" }, this.head, this.key, this.canvas);
  low = 0;
  high = 1;
  #ctx!: CanvasRenderingContext2D;

  constructor(
    public height: number,
    readonly inside: G,
  ) {}

  /** Begin to draw: a clear canvas of the right size and density. */
  begin(): CanvasRenderingContext2D {
    this.#ctx = sheet(this.canvas, this.inside.width, this.height, this.inside.unit);
    return this.#ctx;
  }

  /** Where the steps end, in pixels. */
  get edge(): number {
    return this.inside.width - this.inside.right;
  }

  x(step: number): number {
    const { span } = this.inside;
    return LEFT + ((step - span.low) / (span.high - span.low)) * (this.edge - LEFT);
  }

  y(value: number): number {
    return this.height - 4 - ((value - this.low) / (this.high - this.low || 1)) * (this.height - 8);
  }

  /** Fit the scale to values, with some air, and hold zero where asked. */
  fit(arrays: ArrayLike<number>[], zero = false): void {
    [this.low, this.high] = fitted(arrays, zero);
  }

  /** Faint lines at round numbers, and the numbers. */
  axis(): void {
    const ctx = this.#ctx;
    const { muted, grid } = this.inside.palette();
    const marks = nice(this.low, this.high, this.height / 18);
    const labels = tickLabels(marks);
    ctx.textAlign = "right";
    ctx.fillStyle = muted;
    ctx.lineWidth = 1;
    marks.forEach((mark, at) => {
      const y = Math.round(this.y(mark)) + 0.5;
      ctx.fillText(labels[at]!, LEFT - 6, Math.min(Math.max(y, 7), this.height - 7));
      // Zero is where bars begin and signs change.
      ctx.strokeStyle = mark === 0 && this.low < 0 ? muted : grid;
      ctx.beginPath();
      ctx.moveTo(LEFT, y);
      ctx.lineTo(this.edge, y);
      ctx.stroke();
    });
  }

  clip(draw: () => void): void {
    const ctx = this.#ctx;
    ctx.save();
    ctx.beginPath();
    ctx.rect(LEFT, 0, this.edge - LEFT, this.height);
    ctx.clip();
    draw();
    ctx.restore();
  }

  /** Steps in sight, and one at each side for the lines that lead there. */
  #sight(count: number): [number, number] {
    const { low, high } = this.inside.span;
    return [Math.max(Math.floor(low) - 1, 0), Math.min(Math.ceil(high) + 1, count)];
  }

  /** More steps than pixels: lines are as thin as they can be, which a browser without a graphics card draws in half the time. */
  get #dense(): boolean {
    const { low, high } = this.inside.span;
    return high - low > this.edge - LEFT;
  }

  line({ values, colour, width = 1.5, dash = [] }: Line): void {
    const ctx = this.#ctx;
    ctx.strokeStyle = colour;
    ctx.lineWidth = this.#dense ? 1 : width;
    ctx.setLineDash(dash);
    ctx.beginPath();
    const [from, to] = this.#sight(values.length);
    for (const [start, end] of runs(from, to, (at) => !Number.isNaN(values[at]!))) {
      // One value alone is a tick.
      const half = end === start + 1 ? TICK : 0;
      ctx.moveTo(this.x(start + 0.5) - half, this.y(values[start]!));
      if (half > 0) ctx.lineTo(this.x(start + 0.5) + half, this.y(values[start]!));
      for (let at = start + 1; at < end; at++) ctx.lineTo(this.x(at + 0.5), this.y(values[at]!));
    }
    ctx.stroke();
    ctx.setLineDash([]);
  }

  area({ low, high, colour }: Area): void {
    const ctx = this.#ctx;
    ctx.fillStyle = colour;
    const [from, to] = this.#sight(low.length);
    for (const [start, end] of runs(from, to, (at) => !Number.isNaN(low[at]!))) {
      this.#outline(low, high, start, end);
      ctx.fill();
    }
  }

  /** Around an area; that of one step alone is a bar. */
  #outline(low: ArrayLike<number>, high: ArrayLike<number>, start: number, end: number): void {
    const half = end === start + 1 ? TICK : 0;
    const ctx = this.#ctx;
    ctx.beginPath();
    ctx.lineTo(this.x(start + 0.5) - half, this.y(low[start]!));
    for (let at = start; at < end; at++) ctx.lineTo(this.x(at + 0.5) + half, this.y(low[at]!));
    for (let at = end - 1; at >= start; at--) ctx.lineTo(this.x(at + 0.5) + half, this.y(high[at]!));
    ctx.lineTo(this.x(start + 0.5) - half, this.y(high[start]!));
  }

  /** Bars from `base` to `base + values`, with the sign they have. */
  bars(values: ArrayLike<number>, colour: string, base?: ArrayLike<number>): void {
    const ctx = this.#ctx;
    ctx.fillStyle = colour;
    const width = Math.max(this.x(1) - this.x(0) - 1, 0.6);
    const [from, to] = this.#sight(values.length);
    for (let at = from; at < to; at++) {
      const bottom = base?.[at] ?? 0;
      const y = this.y(bottom);
      const top = this.y(bottom + values[at]!);
      if (!Number.isNaN(top)) ctx.fillRect(this.x(at + 0.5) - width / 2, Math.min(y, top), width, Math.abs(top - y));
    }
  }

  /** Hatch the masked steps. */
  hatch(): void {
    const ctx = this.#ctx;
    const mask = this.inside.of("mask");
    ctx.strokeStyle = this.inside.palette().muted;
    ctx.lineWidth = 0.6;
    for (const [from, to] of runs(...this.#sight(mask.length), (at) => mask[at] === 0)) {
      const [x, next] = [this.x(from), this.x(to)];
      ctx.save();
      ctx.beginPath();
      ctx.rect(x, 0, next - x, this.height);
      ctx.clip();
      ctx.beginPath();
      for (let at = x - this.height; at < next; at += 7) {
        ctx.moveTo(at, this.height);
        ctx.lineTo(at + this.height, 0);
      }
      ctx.stroke();
      ctx.restore();
    }
  }
}
