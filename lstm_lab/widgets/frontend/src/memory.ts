/** How far networks feel the past, before and after training, on one scale; and what they recall, as a table. */
import uPlot from "uplot";
import { View } from "./base";
import { Chart } from "./chart";
import { h, legend, say, toggle } from "./dom";
import { number, percent } from "./format";
import { alpha } from "./theme";

const FLOOR = 1e-6;

interface Recall {
  networks?: string[];
  steps?: number[];
  explained?: (number | null)[][];
}

export class MemoryView extends View {
  readonly #charts: Chart[] = [];
  readonly #words = h("p", { class: "note words" });
  readonly #legend = h("ul", { class: "legend" });
  readonly #table = h("table", { class: "recall" });

  protected override build(): void {
    this.facts.append(h("p", { class: "title" }, "How far networks feel the past"));
    const pair = h("div", { class: "below" });
    for (const [state, words] of [["initial", "Gradient before training"], ["trained", "Gradient after training"]] as const) {
      const chart = this.#chart(state, words);
      this.#charts.push(chart);
      pair.append(h("figure", {}, h("figcaption", {}, words), chart.element));
    }
    const relative = toggle("relative to its largest", this.#relative, (on) => {
      this.store.ui["relative"] = on;
      this.update();
    });
    this.body.append(this.#words, pair, h("div", { class: "controls" }, this.#legend, relative), this.#table);
  }

  get #relative(): boolean {
    return this.store.ui["relative"] !== false;
  }

  get #networks(): string[] {
    return (this.store.values["networks"] ?? []) as string[];
  }

  get #half(): number {
    return this.width < 640 ? this.width - 12 : this.width / 2 - 12;
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
    return new Chart({
      label: words,
      height: this.height,
      width: this.#half,
      palette: () => this.palette,
      log: true,
      data: this.#data(state),
      series: [{}, ...series],
      xLabel: "steps into the past",
      yRange: () => this.#range(),
      yValues: (_, splits) => splits.map((value) => (value === null || Math.abs(Math.log10(value) % 1) > 1e-6 ? "" : value.toExponential(0).replace("e+", "e"))),
      sync: `memory-${String(this.context.model.get("_key"))}`,
      hover: (index) => this.#read(state, index),
    });
  }

  #rows(state: string): (number | null)[][] {
    const length = this.store.table("distance").data.length;
    const { data } = this.store.table(state);
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
    return [Array.from(this.store.table("distance").data), ...this.#rows(state)] as uPlot.AlignedData;
  }

  #read(state: string, index: number | null): void {
    if (index === null || this.#charts.length < 2) return say(this.readout, "");
    const rows = this.#rows(state);
    const parts = this.#networks.map((name, at) => `${name} ${number(rows[at]![index], 2)}`);
    say(this.readout, [`${number(this.store.table("distance").data[index])} steps back, ${state}`, ...parts].join(" · "));
  }

  protected override update(): void {
    ["initial", "trained"].forEach((state, at) => this.#charts[at]!.setData(this.#data(state)));
    legend(this.#legend, this.#networks.map((words, at) => ({ words, colour: this.#colour(at), ...(at % 2 ? { kind: "dash" as const } : {}) })));
    say(this.#words, this.store.text("words"));
    this.#showTable();
  }

  #showTable(): void {
    const { networks = [], steps = [], explained = [] } = (this.store.values["recall"] ?? {}) as unknown as Recall;
    this.#table.hidden = networks.length === 0;
    const success = this.store.number("success") ?? 0.9;
    const head = h("tr", {}, h("td"), ...steps.map((step) => h("th", { scope: "col" }, `${step} steps`)));
    const rows = networks.map((name, at) => {
      const cells = explained[at]!.map((value) => {
        const cell = h("td", {}, value === null ? "" : percent(Math.max(value, 0)));
        if (value !== null && value >= success) cell.className = "success";
        cell.style.background = value === null ? "" : alpha(this.palette.blue, 0.45 * Math.max(value, 0));
        return cell;
      });
      return h("tr", {}, h("th", { scope: "row" }, name), ...cells);
    });
    const caption = h("caption", { class: "muted" }, `Share of the variance of a value seen once, N steps ago, that is recalled; bold: at least ${percent(success)}`);
    this.#table.replaceChildren(caption, h("thead", {}, head), h("tbody", {}, ...rows));
  }

  protected override resize(): void {
    for (const chart of this.#charts) chart.resize(this.#half);
  }

  protected override recolour(): void {
    this.update();
    for (const chart of this.#charts) chart.redraw();
  }

  protected override destroy(): void {
    for (const chart of this.#charts) chart.destroy();
  }
}
