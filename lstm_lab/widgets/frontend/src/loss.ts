/** Three losses over the residuals that a run really has: what delta changes, and for how many of them. */
import type uPlot from "uplot";
import { font, type Chart } from "./chart";
import { ChartView, rule } from "./charts";
import { fill, h, legend, say, slider } from "./dom";
import { number, percent } from "./format";
import { type Loss, LOSSES, NAMES } from "./losses";
import { alpha } from "./theme";
import { Trial } from "./trial";

const POINTS = 241;

export class LossView extends ChartView {
  #chart!: Chart;
  #trial: Trial | null = null;
  readonly #shares = h("p", { class: "note", role: "status" });
  readonly #means = h("table", { "aria-label": "Mean loss over the residuals" });
  readonly #legend = h("ul", { class: "legend" });

  protected override build(): void {
    this.#chart = this.#draw();
    if (this.chartOnly) return this.body.append(this.#legend, this.#chart.element);
    this.facts.append(h("p", { class: "title" }, "Losses over the residuals"), h("span", { class: "muted" }, this.store.text("note")));
    const control = slider(
      "delta",
      { min: 0.05, max: 5, step: 0.05, value: this.#delta },
      (value) => `${value.toFixed(2)} standard deviations`,
      (value) => {
        this.store.ui["delta"] = value;
        this.#refresh();
        this.#trial?.moved({ loss: "huber", delta: value });
      },
    );
    this.#trial = new Trial({ store: this.store, send: (content) => this.send(content), palette: () => this.palette, unit: () => this.unit, plot: (options) => this.plot(options) });
    this.body.append(
      h("div", { class: "controls" }, control.element, h("span", { class: "spacer" }), this.#legend),
      this.#chart.element,
      this.#shares,
      this.#means,
      this.#trial.element,
    );
  }

  get #delta(): number {
    const set = this.store.ui["delta"];
    return typeof set === "number" ? set : (this.store.number("delta") ?? 1);
  }

  /** One standard deviation in the target's unit. */
  get #scale(): number {
    return this.store.number("scale") ?? 1;
  }

  get #unit(): string {
    return this.store.text("unit");
  }

  /** How far the axis of residuals reaches. */
  get #reach(): number {
    return this.store.number("reach") ?? 3;
  }

  #label(name: Loss): string {
    const labels = this.store.values["labels"] as Record<string, string> | undefined;
    return labels?.[name] ?? name;
  }

  #data(): uPlot.AlignedData {
    const reach = this.#reach;
    const delta = this.#delta;
    const x = Array.from({ length: POINTS }, (_, at) => -reach + (2 * reach * at) / (POINTS - 1));
    return [x, ...NAMES.map((name) => x.map((value) => LOSSES[name](value, delta)))] as uPlot.AlignedData;
  }

  #colour(name: Loss): string {
    return { mse: this.palette.red, mae: this.palette.green, huber: this.palette.blue }[name];
  }

  #draw(): Chart {
    const dashes: Record<Loss, number[]> = { mse: [8, 4], mae: [2, 4], huber: [] };
    return this.plot({
      label: "Loss by residual, over the histogram of the residuals",
      data: this.#data(),
      xLabel: ["residual, in standard deviations of the transformed target", "residual, in standard deviations"],
      yLabel: "loss",
      xRange: () => [-this.#reach, this.#reach],
      yRange: () => [0, this.store.number("top") ?? 3],
      series: [
        {},
        ...NAMES.map((name) => ({
          stroke: () => this.#colour(name),
          width: 2,
          dash: dashes[name],
          points: { show: false },
        })),
      ],
      axes: this.chartOnly ? [] : [this.#unitAxis()],
      under: (u) => this.#drawHistogram(u),
      hover: (index) => this.#read(index),
    });
  }

  /** A second axis above the plot: the same residuals in the target's unit. */
  #unitAxis(): uPlot.Axis {
    return {
      scale: "x",
      side: 0,
      stroke: () => this.palette.muted,
      grid: { show: false },
      ticks: { stroke: () => this.palette.grid, width: 1, size: 5 },
      font: font(this.unit),
      labelFont: font(this.unit),
      label: `residual, in ${this.#unit || "units of the transformed target"}`,
      labelSize: 18 * this.unit,
      labelGap: 0,
      size: 26 * this.unit,
      gap: 4,
      space: 70 * this.unit,
      values: (_, splits) => splits.map((value) => number(value * this.#scale, 3)),
    };
  }

  #drawHistogram(u: uPlot): void {
    const { ctx, bbox } = u;
    const reach = this.#reach;
    const delta = this.#delta;
    const counts = this.store.data("counts");
    const x = (value: number): number => u.valToPos(value, "x", true);
    const top = Math.max(...counts, 1);
    const width = (2 * reach) / counts.length;
    counts.forEach((count, bin) => {
      const centre = -reach + (bin + 0.5) * width;
      // Where Huber is linear the bar is of another colour: that is the share which the words below name.
      ctx.fillStyle = alpha(Math.abs(centre) > delta ? this.palette.purple : this.palette.blue, 0.32);
      const height = (count / top) * bbox.height * 0.86;
      const left = x(centre - width / 2);
      ctx.fillRect(left, bbox.top + bbox.height - height, Math.max(x(centre + width / 2) - left - 1, 1), height);
    });
    for (const edge of [-delta, delta]) rule(u, "x", edge, { colour: this.palette.purple, width: 1.5, dash: [5, 4] });
  }

  #refresh(): void {
    const delta = this.#delta;
    const residuals = this.store.data("residuals");
    NAMES.forEach((name, at) => {
      this.#chart.u.series[at + 1]!.width = name === (this.store.text("loss") || "huber") ? 3 : 1.5;
    });
    this.#chart.setData(this.#data());
    let linear = 0;
    const sums: Record<Loss, number> = { mse: 0, mae: 0, huber: 0 };
    for (const value of residuals) {
      if (Math.abs(value) > delta) linear++;
      for (const name of NAMES) sums[name] += LOSSES[name](value, delta);
    }
    const count = Math.max(residuals.length, 1);
    const unit = this.#unit === "" ? "" : ` = ${number(delta * this.#scale)} ${this.#unit}`;
    say(
      this.#shares,
      `A delta of ${number(delta, 3)} standard deviation${delta === 1 ? "" : "s"}${unit}: ${percent(linear / count, 1)} of ` +
        `${number(this.store.number("count") ?? count, 7)} residuals lie in the linear region, where an outlier pulls no harder.`,
    );
    fill(this.#means, ["", ...NAMES.map((name) => this.#label(name))], [["mean loss", ...NAMES.map((name) => number(sums[name] / count))]]);
    this.root.dataset["linear"] = (linear / count).toFixed(4);
    legend(this.#legend, [
      { words: this.#label("mse"), colour: this.#colour("mse"), kind: "dash" },
      { words: this.#label("mae"), colour: this.#colour("mae"), kind: "dots" },
      { words: this.#label("huber"), colour: this.#colour("huber") },
      { words: "residuals, Huber square", colour: alpha(this.palette.blue, 0.4), kind: "box" },
      { words: "residuals, Huber linear", colour: alpha(this.palette.purple, 0.4), kind: "box" },
    ]);
  }

  #read(index: number | null): void {
    if (index === null || !this.#chart) return say(this.readout, "");
    const [x, ...losses] = this.#chart.u.data;
    const value = x[index];
    if (value === undefined) return;
    const unit = this.#unit === "" ? "" : ` = ${number(value * this.#scale, 3)} ${this.#unit}`;
    const parts = NAMES.map((name, at) => `${this.#label(name)} ${number(losses[at]![index], 3)}`);
    say(this.readout, [`residual ${number(value, 3)} sd${unit}`, ...parts].join(" · "));
  }

  protected override update(): void {
    this.#refresh();
    this.#trial?.update();
  }

  protected override recoloured(): void {
    this.#refresh();
    this.#trial?.recolour();
  }

  protected override destroy(): void {
    this.#trial?.destroy();
    super.destroy();
  }
}
