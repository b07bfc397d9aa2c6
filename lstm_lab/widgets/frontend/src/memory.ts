/** How far networks feel the past, before and after training, on one scale; and what they recall, as a table. */
import type uPlot from "uplot";
import { isPower, type Chart } from "./chart";
import { ChartView, rule } from "./charts";
import { fill, h, legend, say, toggle, type Entry } from "./dom";
import { number, percent, sentences } from "./format";
import { Stop } from "./stop";
import { alpha } from "./theme";

const FLOOR = 1e-6;

interface Recall {
  networks?: string[];
  steps?: number[];
  explained?: (number | null)[][];
}

export class MemoryView extends ChartView {
  readonly #charts: Chart[] = [];
  #stop!: Stop;
  readonly #progress = h("span", { class: "muted" });
  readonly #bar = h("progress", { "aria-label": "Measuring progress", max: 1, value: 0 });
  readonly #words = h("ul", { class: "words" });
  readonly #legend = h("ul", { class: "legend" });
  readonly #table = h("table", { class: "recall" });

  protected override build(): void {
    this.#stop = new Stop(this.store, (content) => this.send(content), "what is measured is kept");
    this.facts.append(h("p", { class: "title" }, "How far networks feel the past"), this.#progress);
    this.actions.append(this.#stop.element);
    const pair = h("div", { class: "below" });
    for (const [state, words] of [["initial", "Before training"], ["trained", "After training"]] as const) {
      const chart = this.#chart(state, words);
      this.#charts.push(chart);
      pair.append(h("figure", {}, h("figcaption", {}, words), chart.element));
    }
    const relative = toggle("relative to its largest", this.#relative, (on) => {
      this.store.ui["relative"] = on;
      this.update();
    });
    this.body.append(this.#bar, this.#words, pair, h("div", { class: "controls" }, this.#legend, relative), this.#table);
  }

  get #relative(): boolean {
    return this.store.ui["relative"] !== false;
  }

  get #networks(): string[] {
    return (this.store.values["networks"] ?? []) as string[];
  }

  /** Share of its largest above which a gradient counts as felt. */
  get #faint(): number {
    return this.store.number("faint") ?? 0;
  }

  #colour(at: number): string {
    const { red, orange, yellow, blue, green, purple, text } = this.palette;
    return this.#networks[at] === "this network" ? text : [red, orange, yellow, blue, green, purple][at % 6]!;
  }

  #chart(state: string, words: string): Chart {
    const series = this.#networks.map((label, at): uPlot.Series => ({
      label,
      stroke: () => this.#colour(at),
      width: label === "this network" ? 3 : 2,
      dash: at % 2 ? [6, 3] : [],
      points: { show: false },
    }));
    return this.plot({
      label: `Gradient ${words.toLowerCase()}`,
      yLabel: "gradient",
      log: true,
      data: this.#data(state),
      series: [{}, ...series],
      xLabel: "steps into the past",
      yRange: () => this.#range(),
      yValues: (_, splits) => splits.map((value) => (isPower(value) ? number(value, 1) : "")),
      under: (u) => this.#relative && this.#faint > 0 && rule(u, "y", this.#faint, { colour: this.palette.muted, width: 1, dash: [4, 3] }),
      sync: `memory-${String(this.context.model.get("_key"))}`,
      hover: (index) => this.#read(state, index),
    });
  }

  #rows(state: string): (number | null)[][] {
    const length = this.store.data("distance").length;
    const data = this.store.data(state);
    return this.#networks.map((_, at) => {
      const row = Array.from(data.subarray(at * length, (at + 1) * length));
      const largest = this.#relative ? Math.max(...row.filter(Number.isFinite), 1e-30) : 1;
      return row.map((value) => (Number.isFinite(value) && value / largest >= FLOOR ? value / largest : null));
    });
  }

  #range(): [number, number] {
    const values = ["initial", "trained"].flatMap((state) => this.#rows(state).flat()).filter((value): value is number => value !== null);
    return values.length ? [Math.max(Math.min(...values), FLOOR), Math.max(...values) * 1.3] : [FLOOR, 1];
  }

  #data(state: string): uPlot.AlignedData {
    return [Array.from(this.store.data("distance")), ...this.#rows(state)] as uPlot.AlignedData;
  }

  #read(state: string, index: number | null): void {
    if (index === null || this.#charts.length < 2) return say(this.readout, "");
    const rows = this.#rows(state);
    const parts = this.#networks.map((name, at) => `${name} ${number(rows[at]![index], 2)}`);
    say(this.readout, [`${number(this.store.data("distance")[index])} steps back, ${state}`, ...parts].join(" · "));
  }

  protected override update(): void {
    ["initial", "trained"].forEach((state, at) => this.#charts[at]!.setData(this.#data(state)));
    const curves = this.#networks.map((words, at): Entry => ({ words, colour: this.#colour(at), ...(at % 2 ? { kind: "dash" as const } : {}) }));
    const felt: Entry = { words: `${percent(this.#faint)} of the largest`, colour: this.palette.muted, kind: "dash" };
    legend(this.#legend, this.#relative && this.#faint > 0 ? [...curves, felt] : curves);
    this.#words.replaceChildren(...sentences(this.store.text("words")).map((sentence) => h("li", {}, sentence)));
    say(this.#progress, this.store.text("progress"));
    this.#bar.hidden = !this.store.flag("measuring");
    this.#bar.value = this.store.number("share") ?? 0;
    this.#stop.update();
    this.#showTable();
  }

  #showTable(): void {
    const { networks = [], steps = [], explained = [] } = (this.store.values["recall"] ?? {}) as unknown as Recall;
    this.#table.hidden = networks.length === 0;
    const success = this.store.number("success") ?? 0.9;
    const rows = networks.map((name, at) => [name, ...explained[at]!.map((value) => this.#cell(value, success))]);
    fill(this.#table, ["", ...steps.map((step) => `${step} steps`)], rows, `Share of the variance of a value seen once, N steps ago, that is recalled; bold: at least ${percent(success)}`);
  }

  /** Rounded down, for what is just below the limit must not be said to have reached it. */
  #cell(value: number | null, success: number): HTMLElement {
    const cell = h("td", {}, value === null ? "" : percent(Math.floor(100 * Math.max(value, 0)) / 100));
    if (value !== null && value >= success) cell.className = "success";
    cell.style.background = value === null ? "" : alpha(this.palette.blue, 0.45 * Math.max(value, 0));
    return cell;
  }

  protected override recoloured(): void {
    this.update();
  }
}
