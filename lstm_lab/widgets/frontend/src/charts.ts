/** What the views of curves share: charts that fit and follow the theme, and marks drawn on them in canvas pixels. */
import uPlot from "uplot";
import { View } from "./base";
import { Chart, type ChartOptions } from "./chart";

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
