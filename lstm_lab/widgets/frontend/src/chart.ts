/** A uPlot chart that fits a view: themed axes that never clip, zoom that lasts, a cursor for mouse and keyboard. */
import uPlot from "uplot";
import { h, on } from "./dom";
import { number, tickLabels } from "./format";
import { clamp, extent, zoom, type Range } from "./geometry";
import { pressed } from "./keys";
import type { Palette } from "./theme";

export interface ChartOptions {
  label: string;
  height: number;
  width: number;
  /** How much larger than usual text is. */
  unit: number;
  palette: () => Palette;
  /** x is seconds since 1970, shown as it is (no time zone is applied). */
  time?: boolean;
  series: uPlot.Series[];
  bands?: uPlot.Band[];
  data: uPlot.AlignedData;
  /** Its name, or a long one and the one where that is wider than the plot. */
  xLabel?: string | readonly [string, string];
  yLabel?: string;
  xRange?: (u: uPlot, low: number, high: number) => [number, number];
  yRange?: (u: uPlot, low: number, high: number) => [number, number];
  xValues?: (u: uPlot, splits: number[]) => string[];
  /** Steps that x's ticks may have. */
  xSteps?: number[];
  yValues?: (u: uPlot, splits: number[]) => string[];
  /** Least width of the y axis, so that charts one under the other align. */
  yWidth?: number;
  log?: boolean;
  plain?: boolean;
  scales?: Record<string, uPlot.Scale>;
  axes?: uPlot.Axis[];
  /** Draw under the series, in canvas pixels. */
  under?: (u: uPlot) => void;
  /** Draw over the series, in canvas pixels. */
  over?: (u: uPlot) => void;
  /** Hear which index is under the cursor. */
  hover?: (index: number | null) => void;
  /** Hear that the scales changed: HTML laid over the plot must move. */
  moved?: (u: uPlot) => void;
  sync?: string;
  /** Where the first arrow key goes: the first point, unless a view knows better. */
  start?: () => number;
}

/** In whole pixels: of "20.4px" uPlot reads the size 4, and puts a year under its month by that. */
export function font(unit: number): string {
  return `${Math.round(12 * unit)}px system-ui, sans-serif`;
}

/** As wide as the longest label, so that no axis clips its numbers. */
function axisSize(least: number, unit: number, u: uPlot, values: string[] | null, axis: number, cycle: number): number {
  const before = u.axes[axis] as (uPlot.Axis & { _size?: number }) | undefined;
  if (cycle > 1 && before?._size !== undefined) return before._size;
  u.ctx.save();
  u.ctx.font = font(unit);
  const widest = Math.max(0, ...(values ?? []).map((text) => u.ctx.measureText(text ?? "").width));
  u.ctx.restore();
  return Math.max(least * unit, Math.ceil(widest) + 16);
}

/** Name an axis in short where the long name is wider than the plot. */
function axisName(unit: number, [long, short]: readonly [string, string]): (u: uPlot) => string {
  return (u) => {
    u.ctx.save();
    u.ctx.font = font(unit);
    const wide = u.ctx.measureText(long).width > u.bbox.width / uPlot.pxRatio;
    u.ctx.restore();
    return wide ? short : long;
  };
}

/** Share of x beyond which nothing comes closer. */
const CLOSEST = 1e-3;

const ticks = (_: uPlot, splits: (number | null)[]): string[] => tickLabels(splits);

export function isPower(value: number | null): boolean {
  return value !== null && Math.abs(Math.log10(value) % 1) < 1e-6;
}

/**
 * Places of a log axis: the multiples of each power of ten. uPlot counts its own on from the bottom of the range, and
 * never comes to an end where the bottom, as 0.0097, is near the next power.
 */
export function decades(low: number, high: number): number[] {
  const splits: number[] = [];
  if (!(low > 0 && high < Infinity)) return splits;
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (let times = 1; times < 10; times++) {
      const split = Number(`${times}e${power}`);
      if (split >= low && split <= high) splits.push(split);
    }
  }
  return splits;
}

/** Say the ticks of a log axis: 0.01, 1e-5. Those between the borders of several decades are blank. */
export function logLabels(_: unknown, splits: (number | null)[]): string[] {
  return splits.map((value) => (value === null ? "" : value < 1e-3 || value >= 1e6 ? value.toExponential(0).replace("e+", "e") : number(value)));
}

/** Which ticks of a log axis are labelled: powers of ten, as many as have room; of less than two decades 1, 2 and 5 times them. */
export function labelled(splits: (number | null)[], room: number): (number | null)[] {
  const borders = splits.filter(isPower);
  const every = Math.max(1, Math.ceil(borders.length / Math.max(room, 1)));
  const wanted = borders.length < 2 ? splits.filter((value) => value !== null && "125".includes(value.toExponential()[0]!)) : borders.filter((_, at) => at % every === 0);
  return splits.map((value) => (wanted.includes(value) ? value : null));
}

/** Distances that ticks may have: of whole numbers, as of rows, whole ones. */
const WHOLE = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((times) => times * 10 ** power)).flat();
const ANY = Array.from({ length: 32 }, (_, at) => [1, 2, 2.5, 5].map((times) => Number(`${times}e${at - 16}`))).flat();

function incrementsOf({ xSteps, time }: ChartOptions): { incrs?: uPlot.Axis.Incrs } {
  if (xSteps) return { incrs: xSteps };
  return time ? {} : { incrs: (u) => (Array.from(u.data[0]).every(Number.isInteger) ? WHOLE : ANY) };
}

/** Of a log axis over several decades keep only their borders. */
function powers(_: uPlot, splits: number[]): (number | null)[] {
  return splits.filter(isPower).length > 2 ? splits.map((value) => (isPower(value) ? value : null)) : splits;
}

/** Day before month, in letters, so that nobody takes one for the other; clock times with 24 hours. */
const DAY = 86_400;
const none: null = null;
// prettier-ignore
const DATES: uPlot.Axis.Values = [
  // step       usual         new year                 month  day             hour  minute second mode
  [365 * DAY, "{YYYY}",      none,                    none,  none,           none, none,  none,  1],
  [28 * DAY,  "{MMM}",       "\n{YYYY}",              none,  none,           none, none,  none,  1],
  [DAY,       "{D} {MMM}",   "\n{YYYY}",              none,  none,           none, none,  none,  1],
  [60,        "{HH}:{mm}",   "\n{D} {MMM} {YYYY}",    none,  "\n{D} {MMM}",  none, none,  none,  1],
  [1,         "{HH}:{mm}:{ss}", "\n{D} {MMM} {YYYY}", none,  "\n{D} {MMM}",  none, none,  none,  1],
];

export class Chart {
  readonly element: HTMLElement;
  readonly u: uPlot;
  zoomed = false;
  #quiet = false;
  #fresh = false;

  constructor(private readonly options: ChartOptions) {
    this.element = h("div", {
      class: "chart",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "chart",
      "aria-label": `${options.label}. Arrow keys read values out, plus and minus zoom, 0 shows all.`,
    });
    this.#fresh = true;
    queueMicrotask(() => (this.#fresh = false));
    this.u = new uPlot(this.#settings(), options.data, this.element);
    on(this.element, "keydown", (event) => this.#key(event));
    // Before uPlot's own handler, which then asks for the whole range.
    on(this.element, "dblclick", () => (this.zoomed = false), { capture: true });
  }

  /** Show new data; what the person zoomed into stays. */
  setData(data: uPlot.AlignedData): void {
    this.#fresh = true;
    queueMicrotask(() => (this.#fresh = false));
    this.#quiet = true;
    if (this.zoomed) {
      this.u.setData(data, false);
      this.u.redraw(true, false);
    } else this.u.setData(data);
    this.#quiet = false;
  }

  resize(width: number, height = this.options.height): void {
    this.u.setSize({ width, height });
  }

  /** Draw again with new colours, or with new extras. */
  redraw(): void {
    // New data is drawn anyway at the end of this task, and uPlot would hold on to the old range of x.
    if (!this.#fresh) this.u.redraw(true, true);
  }

  reset(): void {
    this.zoomed = false;
    this.#quiet = true;
    this.u.setData(this.u.data, true);
    this.#quiet = false;
  }

  destroy(): void {
    this.u.destroy();
  }

  #settings(): uPlot.Options {
    const { options } = this;
    const settings: uPlot.Options = {
      width: options.width,
      height: options.height,
      legend: { show: false },
      padding: options.plain ? [4, 12, 6, 0] : [10, 30 * options.unit, 0, 0],
      cursor: {
        points: { size: 7 },
        drag: { x: true, y: !options.plain, uni: 24, dist: 4 },
        ...(options.sync === undefined ? {} : { sync: { key: options.sync } }),
      },
      scales: {
        x: { time: options.time ?? false, ...(options.xRange ? { range: this.#range((u) => this.#whole(u)) } : {}) },
        y: { distr: options.log ? 3 : 1, ...(options.yRange ? { range: this.#range(options.yRange) } : {}) },
        ...options.scales,
      },
      axes: [...this.#axes(), ...(options.axes ?? [])],
      series: options.series,
      hooks: {
        drawAxes: [(u) => options.under && this.#clipped(u, options.under)],
        draw: [(u) => options.over && this.#clipped(u, options.over)],
        setCursor: [(u) => options.hover?.(u.cursor.idx ?? null)],
        setSelect: [(u) => this.#selected(u)],
        setScale: [(u) => options.moved?.(u)],
        setSize: [(u) => options.moved?.(u)],
      },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    };
    if (options.bands) settings.bands = options.bands;
    return settings;
  }

  /** The view's range holds until the person zooms. */
  #range(range: (u: uPlot, low: number, high: number) => [number, number]): uPlot.Scale["range"] {
    return (u, low, high) => (this.zoomed && !this.#quiet ? [low, high] : range(u, low, high));
  }

  #axes(): uPlot.Axis[] {
    const { options } = this;
    const { unit } = options;
    const look = {
      stroke: () => options.palette().muted,
      grid: { stroke: () => options.palette().grid, width: 1 },
      ticks: { stroke: () => options.palette().grid, width: 1, size: 5 },
      font: font(unit),
      labelFont: font(unit),
      labelGap: 0,
      labelSize: 18 * unit,
      gap: 4,
    };
    return [
      {
        ...look,
        size: (options.time ? 38 : 26) * unit,
        space: 70 * unit,
        show: !options.plain,
        ...incrementsOf(options),
        ...(options.xLabel ? { label: typeof options.xLabel === "string" ? options.xLabel : axisName(unit, options.xLabel) } : {}),
        ...(options.xValues ? { values: options.xValues } : { values: options.time ? DATES : ticks }),
      },
      {
        ...look,
        ...(options.log ? { splits: (_, __, low, high) => decades(low, high), filter: (u, splits) => labelled(splits, u.bbox.height / uPlot.pxRatio / (18 * unit)), grid: { ...look.grid, filter: powers }, ticks: { ...look.ticks, filter: powers } } : {}),
        size: axisSize.bind(null, options.yWidth ?? 0, unit),
        space: (options.plain ? 16 : 34) * unit,
        ...(options.yValues ? { values: options.yValues } : { values: options.log ? logLabels : ticks }),
        ...(options.yLabel ? { label: options.yLabel } : {}),
      },
    ];
  }

  #clipped(u: uPlot, draw: (u: uPlot) => void): void {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    draw(u);
    ctx.restore();
  }

  #selected(u: uPlot): void {
    if (u.select.width > 0 || u.select.height > 0) this.zoomed = true;
    else return;
    this.element.dataset["zoomed"] = "true";
  }

  #key(event: KeyboardEvent): void {
    const { u } = this;
    pressed(event, {
      ArrowLeft: () => this.#step(event.shiftKey ? -10 : -1),
      ArrowRight: () => this.#step(event.shiftKey ? 10 : 1),
      Home: () => this.#place(0),
      End: () => this.#place(u.data[0].length - 1),
      "+": () => this.#zoom(0.5),
      "=": () => this.#zoom(0.5),
      "-": () => this.#zoom(2),
      "0": () => this.reset(),
      Escape: () => this.reset(),
    });
  }

  #step(by: number): void {
    const at = this.u.cursor.idx;
    this.#place(at === null || at === undefined ? (this.options.start?.() ?? 0) : at + by);
  }

  #place(at: number): void {
    const { u } = this;
    const index = clamp(at, 0, u.data[0].length - 1);
    const x = u.data[0][index];
    if (x === undefined) return;
    u.setCursor({ left: u.valToPos(x, "x"), top: u.over.clientHeight / 2 });
  }

  #zoom(factor: number): void {
    const { u } = this;
    const { min, max } = u.scales["x"]!;
    if (min === undefined || min === null || max === undefined || max === null) return;
    const at = u.cursor.idx === null || u.cursor.idx === undefined ? (min + max) / 2 : u.data[0][u.cursor.idx]!;
    const whole = this.#whole(u);
    const [low, high] = zoom([min, max], factor, at, whole, (whole[1] - whole[0]) * CLOSEST);
    if (low === whole[0] && high === whole[1]) return this.reset();
    this.zoomed = true;
    u.setScale("x", { min: low, max: high });
  }

  /** What of x is shown where nobody has zoomed: from the data, for uPlot gives the range that it was last given. */
  #whole(u: uPlot): Range {
    const [low, high] = extent(u.data[0]) ?? [0, 1];
    return this.options.xRange?.(u, low, high) ?? [low, high];
  }
}
