/** Trained runs beside each other: their losses by epoch and their fans, one over the other, and what differs. */
import type uPlot from "uplot";
import type { Chart } from "./chart";
import { barRoom, ChartView, singleSteps } from "./charts";
import { fill, h, legend, say, type Entry } from "./dom";
import { number, short, time } from "./format";
import { alpha } from "./theme";
import type { Store } from "./wire";

const DASHES = [[], [6, 3], [2, 2]];

/** One row of an array of several, NaN as a gap. */
export function rowOf(store: Store, name: string, row: number, width: number): (number | null)[] {
  return Array.from(store.data(name).subarray(row * width, (row + 1) * width), (value) => (Number.isFinite(value) ? value : null));
}

export class RunsView extends ChartView {
  readonly #words = h("p", { class: "note meaning" });
  readonly #legend = h("ul", { class: "legend" });
  readonly #table = h("table", { "aria-label": "The runs" });
  readonly #settings = h("table", { class: "worded", "aria-label": "What the settings differ in" });
  #losses!: Chart;
  #fans!: Chart;

  protected override build(): void {
    this.facts.append(h("p", { class: "title" }, `Runs of ${this.store.text("target")}`));
    this.#losses = this.#lossChart();
    this.#fans = this.#fanChart();
    const pair = h("div", { class: "below" }, h("figure", {}, h("figcaption", {}, "Loss by epoch: validation, and training faint"), this.#losses.element), h("figure", {}, h("figcaption", {}, "Forecasts: median and band"), this.#fans.element));
    this.body.append(this.#words, this.#legend, pair, this.#table, this.#settings);
  }

  get #names(): string[] {
    return (this.store.values["names"] ?? []) as string[];
  }

  #colour(run: number): string {
    const { blue, orange, green, purple, red } = this.palette;
    return [blue, orange, green, purple, red][run % 5]!;
  }

  #dash(run: number): number[] {
    return DASHES[run % DASHES.length]!;
  }

  #lossChart(): Chart {
    const epochs = this.store.data("losses").length / Math.max(this.#names.length, 1) / 2;
    const rows = this.#names.flatMap((_, run) => [rowOf(this.store, "losses", 2 * run + 1, epochs), rowOf(this.store, "losses", 2 * run, epochs)]);
    const series = this.#names.flatMap((_, run): uPlot.Series[] => [
      { stroke: () => this.#colour(run), width: 2, dash: this.#dash(run), points: { show: epochs < 30, size: 5 } },
      { stroke: () => alpha(this.#colour(run), 0.4), width: 1, points: { show: false } },
    ]);
    return this.plot({
      label: "Losses of the runs by epoch",
      data: [Array.from({ length: epochs }, (_, at) => at + 1), ...rows] as uPlot.AlignedData,
      series: [{}, ...series],
      xLabel: "epoch",
      yLabel: "loss",
      xSteps: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      xRange: (_, low, high) => [low - 0.5, high + 0.5],
      hover: (at) => this.#readLosses(at),
    });
  }

  #fanChart(): Chart {
    const { store } = this;
    const width = store.data("times").length;
    const quiet = { points: { show: false } };
    const rows = this.#names.flatMap((_, run) => [0, 1, 2].map((row) => rowOf(store, "bands", 3 * run + row, width)));
    const series = this.#names.flatMap((_, run): uPlot.Series[] => [{ ...quiet }, { ...quiet, stroke: () => this.#colour(run), width: 2, dash: this.#dash(run) }, { ...quiet }]);
    const single = rows.every((row) => row.filter((value) => value !== null).length < 2);
    const bands = this.#names.map((_, run): uPlot.Band => ({ series: [3 * run + 4, 3 * run + 2], fill: (() => alpha(this.#colour(run), 0.17)) as unknown as string }));
    return this.plot({
      label: `Forecasts of ${store.text("target")}`,
      time: store.flag("is_time"),
      data: [Array.from(store.data("times")), rowOf(store, "history", 0, width), ...rows] as uPlot.AlignedData,
      yLabel: short(store.text("target")),
      series: [{}, { ...quiet, stroke: () => this.palette.text, width: 1.5 }, ...series],
      bands,
      xRange: (_, low, high) => [low, high + (single ? (high - low) * barRoom(this.#names.length) : 0)],
      under: (u) => singleSteps(u, this.#names.map((_, run) => [3 * run + 2, this.#colour(run)]), this.unit),
      hover: (at) => this.#readFans(at),
    });
  }

  #readLosses(at: number | null): void {
    if (at === null || !this.#losses) return say(this.readout, "");
    const { data } = this.#losses.u;
    const parts = this.#names.map((name, run) => `${name} ${number(data[2 * run + 1]?.[at])}`);
    say(this.readout, [`epoch ${at + 1}, validation loss`, ...parts].join(" · "));
  }

  #readFans(at: number | null): void {
    if (at === null || !this.#fans) return say(this.readout, "");
    const { data } = this.#fans.u;
    const when = time(data[0][at]!, this.store.flag("is_time"), this.store.number("step") ?? 1);
    const observed = data[1]![at];
    if (typeof observed === "number") return say(this.readout, `${when} · observed ${number(observed)}`);
    const parts = this.#names.map((name, run) => `${name} ${number(data[3 * run + 3]![at])} (${number(data[3 * run + 2]![at])} to ${number(data[3 * run + 4]![at])})`);
    say(this.readout, [when, ...parts].join(" · "));
  }

  protected override update(): void {
    const { values } = this.store;
    say(this.#words, this.store.text("words"));
    const runs = this.#names.map((words, run): Entry => ({ words, colour: this.#colour(run), ...(run % 3 ? { kind: "dash" as const } : {}) }));
    legend(this.#legend, [{ words: "observed", colour: this.palette.text }, ...runs]);
    const [head = [], ...rows] = (values["table"] ?? []) as string[][];
    fill(this.#table, head, rows);
    const different = (values["differences"] ?? []) as string[][];
    this.#settings.hidden = different.length === 0;
    fill(this.#settings, ["setting", ...this.#names], different);
  }

  protected override recoloured(): void {
    this.update();
  }
}
