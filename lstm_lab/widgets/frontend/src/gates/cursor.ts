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
  brush(from: number, to: number): void;
  find(): void;
  showAll(): void;
}

/** Fewest steps that are shown. */
const CLOSEST = 6;
const HELP =
  "Left and right move through the steps, up and down through the units, Enter pins a unit, " +
  "opening and closing bracket brush from one step to another, f finds the brushed steps again, plus and minus zoom, 0 shows all.";

export class Cursor {
  step = 0;
  /** The row of the heat map that is pointed at. */
  row: number | null = null;
  /** Holds the strips, takes the keys. */
  readonly element = h("div", { class: "stack", tabindex: 0, role: "application", "aria-roledescription": "gate explorer", "aria-label": HELP });
  readonly #line = h("div", { class: "cursor", hidden: true });
  readonly #band = h("div", { class: "cursor-row", hidden: true });
  readonly #brushed = h("div", { class: "brushed", hidden: true });
  #drag: number | null = null;

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
      this.#drag = this.#stepAt(event);
      canvas.setPointerCapture(event.pointerId);
    });
    on(canvas, "pointerup", (event) => this.#drop(event));
    on(canvas, "pointercancel", () => (this.#drag = null));
    on(canvas, "wheel", (event) => this.#wheel(event), { passive: false });
    on(canvas, "dblclick", () => this.acts.brush(0, -1));
  }

  /** Put the cursor at a step, and back where the steps now are. */
  move(step: number): void {
    this.step = clamp(step, 0, this.inside.steps - 1);
    const x = this.heat.x(this.step + 0.5);
    this.#line.hidden = x < LEFT || x > this.heat.edge;
    this.#line.style.transform = `translateX(${x * this.inside.unit}px)`;
    this.acts.moved();
  }

  /** Put the brush where its steps now are. */
  placeBrush([from, to]: [number, number] = this.inside.range ?? [0, -1]): void {
    const { heat } = this;
    const { unit } = this.inside;
    const { style } = this.#brushed;
    this.#brushed.hidden = to < from;
    if (to < from) return;
    const left = Math.max(heat.x(from), LEFT);
    style.left = `${left * unit}px`;
    style.width = `${Math.max(Math.min(heat.x(to + 1), heat.edge) - left, 0) * unit}px`;
    style.top = `${heat.canvas.offsetTop + heat.element.offsetTop}px`;
    style.height = `${heat.height * unit}px`;
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
    if (this.#drag !== null) this.placeBrush([Math.min(this.#drag, step), Math.max(this.#drag, step)]);
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
    if (from === to) this.#pin(); else this.acts.brush(Math.min(from, to), Math.max(from, to));
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

  #key(event: KeyboardEvent): void {
    const by = event.shiftKey ? 10 : 1;
    const { step } = this;
    const [from, to] = this.inside.range ?? [step, step];
    const row = this.row ?? -1;
    pressed(event, {
      ArrowLeft: () => this.move(step - by),
      ArrowRight: () => this.move(step + by),
      Home: () => this.move(0),
      End: () => this.move(this.inside.steps - 1),
      ArrowUp: () => this.#step(row - 1),
      ArrowDown: () => this.#step(row + 1),
      Enter: () => this.#pin(),
      "[": () => this.acts.brush(step, Math.max(step, to)),
      "]": () => this.acts.brush(Math.min(step, from), step),
      f: () => this.acts.find(),
      "+": () => this.zoom(0.5, step),
      "-": () => this.zoom(2, step),
      "0": () => this.acts.showAll(),
    });
  }
}
