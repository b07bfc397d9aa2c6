/**
 * A recurrent cell as `interpret/cell_drawing.py` describes it, in SVG that follows the clock of a step: numbers travel
 * along their lines, boxes fill, the belt is as thick as what it carries.
 */
import { set, svg, say } from "../dom";
import { short } from "../format";
import { clamp } from "../geometry";

export interface Slot {
  value: string;
  at: number;
  share: boolean;
}
export type Part = string | Slot;
type Point = [number, number];

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  name: string;
  value: string;
  at: number;
  signed: boolean;
}
interface Operation {
  x: number;
  y: number;
  sign: string;
  at: number;
}
interface Line {
  path: Point[];
  signal: string;
  start: number;
  end: number;
  value: string;
  belt: boolean;
}
interface Label {
  x: number;
  y: number;
  symbol: string;
  value: string;
  at: number;
  anchor: string;
  gap: number;
}
export interface Drawing {
  width: number;
  height: number;
  body: [number, number, number, number];
  boxes: Box[];
  operations: Operation[];
  lines: Line[];
  texts: Label[];
  equations: string[];
  filled: Part[][];
  sentence: Part[];
}

/** The numbers of one unit at one step, by name. */
export type Values = Record<string, number>;
/** Shows the numbers at a moment of the step. */
type Pose = (values: Values, moment: number) => void;

/** Width of the belt at its fullest. */
const BELT = 15;
/** How long a box takes to fill. */
const FILL = 0.06;
const HUES: Record<string, string> = { forget: "blue", update: "blue", rest: "blue", input: "orange", reset: "orange", output: "green", candidate: "purple", cell: "red", cell_before: "red", squashed: "red", x: "muted" };

/** The colour of a signal: follows the theme by itself. */
export function hue(signal: string): string {
  return `var(--l-${HUES[signal] ?? "text"})`;
}

/** Two decimals, and two digits of a small number: the twin of `decimal` in `interpret/cell_step.py`. */
export function decimal(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const places = size >= 0.0995 || size < 0.00005 ? 2 : size >= 0.00995 ? 3 : 4;
  const text = size.toFixed(places);
  return value < 0 && Number(text) > 0 ? `−${text}` : text;
}

/** Where a share of a polyline's way ends. */
export function along(path: Point[], share: number): Point {
  const lengths = path.slice(1).map(([x, y], at) => Math.hypot(x - path[at]![0], y - path[at]![1]));
  let left = clamp(share, 0, 1) * lengths.reduce((sum, length) => sum + length, 0);
  for (const [at, length] of lengths.entries()) {
    const [from, to] = [path[at]!, path[at + 1]!];
    if (left <= length) return [from[0] + ((to[0] - from[0]) * left) / (length || 1), from[1] + ((to[1] - from[1]) * left) / (length || 1)];
    left -= length;
  }
  return path.at(-1)!;
}

const gone = (element: Element, hidden: boolean): void => set(element, { opacity: hidden ? 0 : 1 });

export class CellDrawing {
  readonly element: SVGElement;
  readonly #poses: Pose[] = [];

  constructor(
    drawing: Drawing,
    private readonly activation: string,
    /** The largest state of the unit over the window, at which the belt is full. */
    private readonly largest: number,
    private readonly reads: string,
  ) {
    const [left, top, right, bottom] = drawing.body;
    const body = svg("rect", { class: "body-of-cell", x: left, y: top, width: right - left, height: bottom - top, rx: 16 });
    const lines = drawing.lines.map((line) => this.#line(line));
    const tokens = drawing.lines.map((line) => this.#token(line));
    const rest = [...drawing.boxes.map((box) => this.#box(box)), ...drawing.operations.map((it) => this.#operation(it))];
    const texts = drawing.texts.map((text) => this.#text(text));
    this.element = svg("svg", { viewBox: `-4 16 ${drawing.width + 8} ${drawing.height - 8}`, "aria-hidden": "true" }, body, ...lines, ...tokens, ...rest, ...texts);
  }

  /** Show a moment of a step: 0 when the inputs are at the door, 1 when all is done. */
  pose(values: Values, moment: number): void {
    for (const pose of this.#poses) pose(values, moment);
  }

  #line(line: Line): SVGElement {
    const { path, signal, start, end, belt } = line;
    const points = path.join(" ");
    const stroke = hue(signal);
    const ground = svg("polyline", { points, stroke, "stroke-width": belt ? BELT : 2, opacity: belt ? 0.16 : 0.25 });
    const lit = svg("polyline", { points, stroke, "stroke-width": 2.4, pathLength: 1, "stroke-dasharray": "1 1", opacity: belt ? 0.8 : 1 });
    const group = svg("g", { fill: "none" }, ground, lit);
    if (!belt) group.append(this.#arrow(path, stroke));
    this.#poses.push((values, moment) => {
      set(lit, { "stroke-dashoffset": 1 - clamp((moment - start) / (end - start), 0, 1) });
      if (!belt) return;
      const size = clamp(Math.abs(values[line.value] || 0) / (this.largest || 1), 0, 1);
      set(lit, { "stroke-width": 2 + (BELT - 2) * size });
    });
    return group;
  }

  #arrow(path: Point[], fill: string): SVGElement {
    const [from, to] = [path.at(-2)!, path.at(-1)!];
    const angle = (Math.atan2(to[1] - from[1], to[0] - from[0]) * 180) / Math.PI;
    return svg("path", { d: "M-9,-5 L0,0 L-9,5 z", fill, transform: `translate(${to.join()}) rotate(${angle})` });
  }

  /** A number on its way, or a dot for a whole vector. */
  #token(line: Line): SVGElement {
    const number = svg("text", { class: "token", y: 7 });
    const mark = line.value === "" ? svg("circle", { r: 6, fill: hue(line.signal) }) : number;
    const token = svg("g", {}, mark);
    this.#poses.push((values, moment) => {
      const share = (moment - line.start) / (line.end - line.start);
      gone(token, share <= 0 || share >= 1);
      if (share <= 0 || share >= 1) return;
      set(token, { transform: `translate(${along(line.path, share).map((part) => part.toFixed(1)).join()})` });
      if (line.value !== "") say(number, decimal(values[line.value]));
    });
    return token;
  }

  #box({ x, y, width, height, name, value, at, signed }: Box): SVGElement {
    const left = x - width / 2;
    const bottom = y + height / 2;
    const colour = hue(value);
    const shape = { x: left, y: bottom - height, width, height, rx: 5 };
    const level = svg("rect", { x: left, width, fill: colour, opacity: 0.3 });
    const number = svg("text", { class: "large", x, y: bottom - 11 });
    const label = svg("text", { class: "small", x, y: bottom - height + 20 }, name.replace("{a}", this.activation));
    this.#poses.push((values, moment) => {
      const full = clamp(values[value] || 0, -1, 1) * clamp((moment - at) / FILL, 0, 1);
      const rise = full * height * (signed ? 0.5 : 1);
      const foot = signed ? y : bottom;
      set(level, { y: rise < 0 ? foot : foot - rise, height: Math.abs(rise) });
      const text = decimal(values[value]);
      say(number, text);
      // More letters of the usual size are wider than a box.
      set(number, { class: text.length > 5 ? "large long" : "large" });
      gone(number, moment < at);
    });
    return svg("g", {}, svg("rect", { ...shape, class: "paper" }), level, svg("rect", { ...shape, fill: "none", stroke: colour, "stroke-width": 2 }), label, number);
  }

  #operation({ x, y, sign, at }: Operation): SVGElement {
    const circle = svg("circle", { class: "paper", cx: x, cy: y, r: sign.length > 1 ? 16 : 13, "stroke-width": 2 });
    const mark = svg("text", { class: sign.length > 1 ? "sign" : "large", x, y: y + (sign.length > 1 ? 6 : 8) }, sign);
    this.#poses.push((_, moment) => set(circle, { stroke: "var(--l-text)", "stroke-opacity": moment >= at ? 1 : 0.4 }));
    return svg("g", {}, circle, mark);
  }

  #text({ x, y, symbol, value, at, anchor, gap }: Label): SVGElement {
    const name = svg("tspan", { class: "symbol" }, symbol);
    const number = gap === 0 ? svg("tspan", { class: "number", dx: 8 }) : svg("text", { class: "number", x, y: y + gap + 6, "text-anchor": anchor });
    this.#poses.push((values, moment) => {
      say(number, decimal(values[value]));
      // A part of a line of text has no opacity but its colour's.
      set(number, { "fill-opacity": moment < at ? 0 : 1 });
    });
    const line = svg("text", { x, y: y + 6, "text-anchor": anchor }, name);
    if (gap !== 0) return svg("g", {}, line, number);
    line.append(number);
    if (value === "x") line.append(svg("tspan", { class: "small", dx: 10 }, short(this.reads, 46)));
    return line;
  }
}
