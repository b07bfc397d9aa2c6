/** What the views of curves share: charts that fit and follow the theme, and marks drawn on them in canvas pixels. */
import uPlot from "uplot";
import { View } from "./base";
import { Chart, type ChartOptions } from "./chart";
import { alpha } from "./theme";

export interface Stroke {
  colour: string;
  width: number;
  dash?: number[];
}

/** A view made of charts: it sees to their size, their colours and their end. */
export abstract class ChartView extends View {
  readonly #charts: Chart[] = [];

  /** Whether the view is a chart among settings that are its controls, as in the dashboard. */
  protected get chartOnly(): boolean {
    return this.store.flag("chart_only");
  }

  /** Make a chart that lives as long as the view. */
  protected plot(options: Partial<ChartOptions> & Pick<ChartOptions, "label" | "series" | "data">): Chart {
    const chart = new Chart({ height: this.height, width: this.width - 8, unit: this.unit, palette: () => this.palette, ...options });
    this.#charts.push(chart);
    return chart;
  }

  /** Put a new chart where one is. */
  protected swap(old: Chart, chart: Chart): Chart {
    this.#charts.splice(this.#charts.indexOf(old), 1);
    old.element.replaceWith(chart.element);
    old.destroy();
    return chart;
  }

  /** Colour what is no chart. */
  protected recoloured(): void {}

  protected override resize(): void {
    // Each fills what the page gives it, alone in its row or not.
    for (const chart of this.#charts) chart.resize(chart.element.clientWidth || this.width - 8);
  }

  protected override recolour(): void {
    for (const chart of this.#charts) chart.redraw();
    this.recoloured();
  }

  protected override destroy(): void {
    for (const chart of this.#charts) chart.destroy();
  }
}

/** Draw lines in CSS widths. */
export function stroke({ ctx }: uPlot, { colour, width, dash = [] }: Stroke, draw: () => void): void {
  const ratio = uPlot.pxRatio;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width * ratio;
  ctx.setLineDash(dash.map((part) => part * ratio));
  ctx.beginPath();
  draw();
  ctx.stroke();
  ctx.setLineDash([]);
}

/** Rule the plot from edge to edge where one of its scales has a value. */
export function rule(u: uPlot, scale: "x" | "y", value: number, look: Stroke): void {
  const { ctx, bbox } = u;
  const at = Math.round(u.valToPos(value, scale, true));
  stroke(u, look, () => {
    ctx.moveTo(scale === "x" ? at : bbox.left, scale === "x" ? bbox.top : at);
    ctx.lineTo(scale === "x" ? at : bbox.left + bbox.width, scale === "x" ? bbox.top + bbox.height : at);
  });
}

/** Draw a ring, of a radius in CSS pixels, filled where a colour is given. */
export function ring(u: uPlot, x: number, y: number, radius: number, look: Stroke, fill?: string): void {
  const { ctx } = u;
  stroke(u, look, () => {
    ctx.arc(u.valToPos(x, "x", true), u.valToPos(y, "y", true), radius * uPlot.pxRatio, 0, 2 * Math.PI);
    if (fill === undefined) return;
    ctx.fillStyle = fill;
    ctx.fill();
  });
}

/** Half the width of the bar of a forecast of a single step. */
const BAR = 7;

/** Where a bar at a single step begins and ends: the first is around it, others follow. */
function barEnds(u: uPlot, x: number, place: number, unit: number): [left: number, right: number] {
  const half = BAR * unit * uPlot.pxRatio;
  const middle = u.valToPos(x, "x", true) + place * 2.5 * half;
  return [middle - half, middle + half];
}

/** Lead a line across a bar, at a value. */
export function tick(u: uPlot, x: number, value: number | null | undefined, place: number, unit: number): void {
  const [left, right] = barEnds(u, x, place, unit);
  const y = u.valToPos(value ?? NaN, "y", true);
  u.ctx.moveTo(left, y);
  u.ctx.lineTo(right, y);
}

/** Fill a bar from an edge to the other: the band of a single step, which no line or area shows. */
export function bar(u: uPlot, x: number, ends: (number | null | undefined)[], colour: string, place: number, unit: number): void {
  const [left, right] = barEnds(u, x, place, unit);
  const [bottom = NaN, top = NaN] = ends.map((value) => u.valToPos(value ?? NaN, "y", true));
  u.ctx.fillStyle = colour;
  if (Number.isFinite(bottom + top)) u.ctx.fillRect(left, top, right - left, bottom - top);
}

/** Draw forecasts of a single step: of each the number of its first row among lower edge, median and upper edge, and its colour. */
export function singleSteps(u: uPlot, forecasts: [first: number, colour: string][], unit: number): void {
  for (const [place, [first, colour]] of forecasts.entries()) {
    const [low = [], median = [], high = []] = [0, 1, 2].map((row) => Array.from(u.data[first + row] ?? []));
    const at = median.findIndex((value) => typeof value === "number");
    if (at < 0 || median.filter((value) => typeof value === "number").length > 1) continue;
    bar(u, u.data[0][at]!, [low[at], high[at]], alpha(colour, 0.25), place, unit);
    stroke(u, { colour, width: 2.5 }, () => tick(u, u.data[0][at]!, median[at], place, unit));
  }
}

/** The share of x, after its end, that the bars of so many forecasts need. */
export function barRoom(forecasts: number): number {
  return 0.03 * forecasts;
}
