/** One cursor through all strips, the row under it, and the brush: elements that move while nothing is drawn. */
import { h, on } from "../dom";
import { clamp, zoom } from "../geometry";
import { pressed } from "../keys";
import type { HeatMap } from "./heatmap";
import type { Inside } from "./inside";
import { LEFT } from "./strips";

/** What a hand can ask for. */
export interface Acts {
  moved(): void;
  zoomed(): void;
  pin(unit: number): void;
  /** Brush steps, and rows of the heat map from the first to the last; null for all. */
  brush(from: number, to: number, rows: [number, number] | null): void;
  find(): void;
  showAll(): void;
}

/** Fewest steps that are shown. */
const CLOSEST = 6;
const HELP =
  "Left and right move through the steps, Page Up and Page Down by ten, up and down through the units, Enter pins a unit, " +
  "Shift with an arrow brushes steps and units, opening and closing bracket brush steps of all units, Escape takes the brush " +
  "away, f finds what is brushed again, plus and minus zoom, 0 shows all.";

/** A corner of the brush: the step and the row where it began, and whether rows are brushed too, or steps of all units. */
interface Corner {
  step: number;
  row: number;
  rows: boolean;
}

/** The ends of a stretch, the lower first. */
const ends = (one: number, other: number): [number, number] => [Math.min(one, other), Math.max(one, other)];

export class Cursor {
  step = 0;
  /** The row of the heat map that is pointed at. */
  row: number | null = null;
  /** Holds the strips, takes the keys. */
  readonly element = h("div", { class: "stack", tabindex: 0, role: "application", "aria-roledescription": "gate explorer", "aria-label": HELP });
  readonly #line = h("div", { class: "cursor", hidden: true });
  readonly #band = h("div", { class: "cursor-row", hidden: true });
  readonly #brushed = h("div", { hidden: true });
  #drag: Corner | null = null;
  /** Where a brush by keys began. */
  #corner: Corner | null = null;

  constructor(
    private readonly inside: Inside,
    private readonly heat: HeatMap,
    private readonly acts: Acts,
  ) {
    this.element.append(this.#line, this.#band, this.#brushed);
    this.#listen();
  }

  #listen(): void {
    const { canvas } = this.heat;
    on(this.element, "pointermove", (event) => this.#point(event));
    on(this.element, "pointerleave", () => this.#drag === null && this.#over(null));
    on(this.element, "keydown", (event) => this.#key(event));
    on(canvas, "pointerdown", (event) => {
      this.#drag = { step: this.#stepAt(event), row: this.#rowAt(event), rows: false };
      canvas.setPointerCapture(event.pointerId);
    });
    on(canvas, "pointerup", (event) => this.#drop(event));
    on(canvas, "pointercancel", () => (this.#drag = null));
    on(canvas, "wheel", (event) => this.#wheel(event), { passive: false });
    on(canvas, "dblclick", () => this.acts.brush(0, -1, null));
  }

  /** Put the cursor at a step, and back where the steps now are. */
  move(step: number): void {
    this.step = clamp(step, 0, this.inside.steps - 1);
    const x = this.heat.x(this.step + 0.5);
    this.#line.hidden = x < LEFT || x > this.heat.edge;
    this.#line.style.transform = `translateX(${x * this.inside.unit}px)`;
    this.acts.moved();
  }

  /** Put the brush where its steps and units now are: as many boxes as the order of the units tears it into. */
  placeBrush([from, to]: [number, number] = this.inside.range ?? [0, -1], rows = this.#rows()): void {
    const { heat } = this;
    const { unit } = this.inside;
    this.#brushed.hidden = to < from;
    if (to < from) return;
    const left = Math.max(heat.x(from), LEFT);
    const width = Math.max(Math.min(heat.x(to + 1), heat.edge) - left, 0);
    const boxes = rows.map(([first, last]) => {
      const box = h("div", { class: "brushed" });
      const top = heat.canvas.offsetTop + heat.element.offsetTop + heat.top(first) * unit;
      const height = (heat.top(last + 1) - heat.top(first)) * unit;
      Object.assign(box.style, { left: `${left * unit}px`, width: `${width * unit}px`, top: `${top}px`, height: `${height}px` });
      return box;
    });
    this.#brushed.replaceChildren(...boxes);
  }

  /** The brushed rows, in stretches without a gap. */
  #rows(): [number, number][] {
    const { brushed, units } = this.inside;
    const { order } = this.heat;
    if (brushed === null) return [[0, order.length - 1]];
    const stretches: [number, number][] = [];
    order.forEach((place, row) => {
      if (!brushed.includes(units[place]!)) return;
      const last = stretches.at(-1);
      if (last?.[1] === row - 1) last[1] = row;
      else stretches.push([row, row]);
    });
    return stretches;
  }

  #rowAt(event: { clientY: number }): number {
    const box = this.heat.canvas.getBoundingClientRect();
    const rows = this.heat.order.length;
    return clamp(Math.floor(((event.clientY - box.top) / box.height) * rows), 0, rows - 1);
  }

  /** What a brush from a corner takes: steps, and rows once it has left the first one, unless it reaches over all. */
  #from(corner: Corner, step: number, row: number): { steps: [number, number]; rows: [number, number] | null } {
    corner.rows ||= row !== corner.row;
    const rows = ends(corner.row, row);
    const all = !corner.rows || rows[1] - rows[0] === this.heat.order.length - 1;
    return { steps: ends(corner.step, step), rows: all ? null : rows };
  }

  #stepAt(event: { clientX: number }): number {
    const box = this.heat.canvas.getBoundingClientRect();
    const { span, steps, unit } = this.inside;
    const share = ((event.clientX - box.left) / unit - LEFT) / (this.heat.edge - LEFT);
    return clamp(Math.floor(span.low + share * (span.high - span.low)), 0, steps - 1);
  }

  #point(event: PointerEvent): void {
    const box = this.heat.canvas.getBoundingClientRect();
    const inside = event.clientY >= box.top && event.clientY < box.bottom;
    this.#over(inside ? Math.floor(((event.clientY - box.top) / box.height) * this.heat.order.length) : null);
    const step = this.#stepAt(event);
    if (this.#drag !== null) {
      const { steps, rows } = this.#from(this.#drag, step, this.#rowAt(event));
      this.placeBrush(steps, [rows ?? [0, this.heat.order.length - 1]]);
    }
    this.move(step);
  }

  #over(row: number | null): void {
    this.row = row;
    this.#band.hidden = row === null;
    const { right, unit } = this.inside;
    this.#band.style.right = `${right * unit}px`;
    if (row === null) return;
    const { heat } = this;
    this.#band.style.transform = `translateY(${heat.canvas.offsetTop + heat.element.offsetTop + heat.top(row) * unit}px)`;
    this.#band.style.height = `${Math.max(heat.top(1) * unit, 2)}px`;
  }

  #drop(event: PointerEvent): void {
    const from = this.#drag;
    const to = this.#stepAt(event);
    this.#drag = null;
    if (from === null) return;
    const { steps, rows } = this.#from(from, to, this.#rowAt(event));
    if (steps[0] === steps[1] && !from.rows) this.#pin();
    else this.acts.brush(...steps, rows);
  }

  #pin(): void {
    if (this.row !== null) this.acts.pin(this.inside.units[this.heat.order[this.row]!]!);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#stepAt(event));
  }

  /** Show more or fewer steps, and leave one where it is. */
  zoom(factor: number, around: number): void {
    const { span, whole } = this.inside;
    [span.low, span.high] = zoom([span.low, span.high], factor, around, [0, whole], CLOSEST);
    this.acts.zoomed();
  }

  #step(to: number): void {
    const row = this.row;
    this.#over(clamp(to, 0, this.heat.order.length - 1));
    if (row !== this.row) this.acts.moved();
  }

  /** Move, and brush from where Shift was first held. */
  #stretch(move: () => void): void {
    this.#corner ??= { step: this.step, row: Math.max(this.row ?? 0, 0), rows: false };
    const corner = this.#corner;
    move();
    const { steps, rows } = this.#from(corner, this.step, this.row ?? corner.row);
    this.acts.brush(...steps, rows);
  }

  #key(event: KeyboardEvent): void {
    const { step } = this;
    const [from, to] = this.inside.range ?? [step, step];
    const row = this.row ?? -1;
    const arrow = (move: () => void) => (): void => {
      if (event.shiftKey) return this.#stretch(move);
      this.#corner = null;
      move();
    };
    pressed(event, {
      ArrowLeft: arrow(() => this.move(step - 1)),
      ArrowRight: arrow(() => this.move(step + 1)),
      PageUp: arrow(() => this.move(step - 10)),
      PageDown: arrow(() => this.move(step + 10)),
      Home: arrow(() => this.move(0)),
      End: arrow(() => this.move(this.inside.steps - 1)),
      ArrowUp: arrow(() => this.#step(row - 1)),
      ArrowDown: arrow(() => this.#step(row + 1)),
      Enter: () => this.#pin(),
      "[": () => this.acts.brush(step, Math.max(step, to), null),
      "]": () => this.acts.brush(Math.min(step, from), step, null),
      ...(this.inside.range === null ? {} : { Escape: () => this.acts.brush(0, -1, null) }),
      f: () => this.acts.find(),
      "+": () => this.zoom(0.5, step),
      "-": () => this.zoom(2, step),
      "0": () => this.acts.showAll(),
    });
  }
}
