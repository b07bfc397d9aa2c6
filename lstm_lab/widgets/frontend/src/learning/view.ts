/** A training that was watched: a slider over its epochs, what was forecast after each, and the losses with a cursor. */
import type uPlot from "uplot";
import type { Chart } from "../chart";
import { ChartView, ring, rule } from "../charts";
import { h, legend, on, say, type Entry } from "../dom";
import { number } from "../format";
import { extent, logPadded, padded } from "../geometry";
import { LearningPanel } from "./panel";

/** Columns of the losses. */
const COLUMNS = 3;

export class LearningView extends ChartView {
  #panel!: LearningPanel;
  #losses: Chart | null = null;
  readonly #legend = h("ul", { class: "legend" });

  protected override build(): void {
    this.#panel = new LearningPanel({
      store: this.store,
      palette: () => this.palette,
      unit: () => this.unit,
      plot: (options) => this.plot(options),
      readout: this.readout,
      moved: () => this.#losses?.redraw(),
      height: this.height,
    });
    const { watched } = this.#panel;
    this.facts.append(h("p", { class: "title" }, `How ${watched.facts?.target ?? ""} was learnt`));
    this.body.append(this.#panel.element);
    if (!this.store.data("losses").length) return;
    this.#losses = this.#lossChart();
    this.body.append(h("figure", {}, h("figcaption", {}, "Loss by epoch; a click goes to an epoch"), this.#losses.element), this.#legend);
  }

  #column(at: number): (number | null)[] {
    const data = this.store.data("losses");
    return Array.from({ length: data.length / COLUMNS }, (_, row) => {
      const value = data[row * COLUMNS + at]!;
      return Number.isFinite(value) ? value : null;
    });
  }

  #lossChart(): Chart {
    const epochs = this.#column(0) as number[];
    const look = (name: "blue" | "orange"): uPlot.Series => ({ stroke: () => this.palette[name], width: 2, points: { show: epochs.length < 30, size: 5 } });
    const [least, most] = extent(this.#column(1), this.#column(2)) ?? [1, 1];
    const log = least > 0 && most > 8 * least;
    const chart = this.plot({
      label: "Loss by epoch",
      log,
      height: 150 * this.unit,
      data: [epochs, this.#column(1), this.#column(2)],
      series: [{}, look("blue"), look("orange")],
      xLabel: "epoch",
      yLabel: "loss",
      xSteps: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      xRange: (_, __, high) => [-0.5, high + 0.5],
      // Room for a ring at either end.
      yRange: () => (log ? logPadded([least, most], 0.1) : padded([least, most], 0.1)),
      over: (u) => this.#marks(u),
      hover: (at) => this.#read(at),
    });
    on(chart.u.over, "click", (event) => {
      const { left } = chart.u.over.getBoundingClientRect();
      this.#panel.go(chart.u.posToVal(event.clientX - left, "x"));
    });
    return chart;
  }

  /** The epoch that is shown, and a ring around the kept one. */
  #marks(u: uPlot): void {
    const { epoch, watched } = this.#panel;
    if (epoch !== null) rule(u, "x", epoch, { colour: this.palette.text, width: 1.5 });
    const kept = watched.facts?.kept ?? -1;
    const row = u.data[0].indexOf(kept);
    const loss = u.data[2]?.[row] ?? u.data[1]?.[row];
    if (typeof loss === "number") ring(u, kept, loss, 6, { colour: this.palette.green, width: 2.5 });
  }

  #read(at: number | null): void {
    const data = this.#losses?.u.data;
    if (at === null || data?.[0][at] === undefined) return say(this.readout, "");
    say(this.readout, `epoch ${data[0][at]} · training ${number(data[1]![at])} · validation ${number(data[2]![at])}`);
  }

  protected override update(): void {
    this.#panel.update();
    this.#losses?.redraw();
    this.#say();
  }

  #say(): void {
    const { blue, orange, green, text } = this.palette;
    const entries: Entry[] = [{ words: "training", colour: blue }];
    if (this.#column(2).some((value) => value !== null)) entries.push({ words: "validation", colour: orange });
    entries.push({ words: "the epoch above", colour: text }, { words: `kept epoch ${this.#panel.watched.facts?.kept ?? ""}`, colour: green, kind: "ring" });
    legend(this.#legend, entries);
  }

  protected override resize(): void {
    super.resize();
    this.#panel.resize();
  }

  protected override recoloured(): void {
    this.#panel.recolour();
    this.#say();
  }

  protected override still(): void {
    this.#panel.still();
  }

  protected override destroy(): void {
    this.#panel.destroy();
    super.destroy();
  }
}
