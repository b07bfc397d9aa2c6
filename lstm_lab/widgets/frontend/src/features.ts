/** What a network would be given: its columns in a table, the chosen one below the target, what it foretells. */
import type uPlot from "uplot";
import type { Chart } from "./chart";
import { ChartView } from "./charts";
import { fill, h, legend, on, say } from "./dom";
import { number, percent, time } from "./format";
import { sheet } from "./gates/strips";
import { figure, Plot } from "./plot";
import { alpha } from "./theme";
import type { Numbers } from "./wire";

/** What is said of a column: its name, what becomes of it, its correlations with the next value, all else in words. */
type Column = [name: string, source: string, next: string, size: string, words: string];
type Candidate = [label: string, error: number | null, words: string, learnt: boolean];

export class FeaturesView extends ChartView {
  readonly #charts: Chart[] = [];
  readonly #sparks: HTMLCanvasElement[] = [];
  readonly #name = h("figcaption");
  readonly #words = h("p", { class: "note numbers", role: "status" });
  readonly #spread = new Plot();
  readonly #lags = new Plot();
  readonly #spreadKey = h("ul", { class: "legend" });
  readonly #lagsKey = h("ul", { class: "legend" });
  readonly #candidates = h("table", { class: "naive" });

  protected override build(): void {
    const { store } = this;
    this.facts.append(h("p", { class: "title" }, `Inputs for ${store.text("target")}`), h("span", { class: "muted" }, store.text("rows")));
    const list = h("table", { class: "columns" });
    fill(list, ["column", store.text("recent"), "source", "next", "size"], this.#columns.map((column, at) => this.#line(column, at)));
    const found = (store.values["findings"] as string[]).map((words) =>
      h("li", {}, ...words.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part))),
    );
    const charts = ["Target", "Chosen column"].map((words, at) => this.#chart(words, at));
    this.body.append(
      h("div", { class: "below" }, figure("Findings", h("ul", { class: "findings" }, ...found)), figure("What the network gets", list)),
      h("p", { class: "note muted" }, store.text("chance")),
      h("figure", {}, h("figcaption", {}, store.text("target")), charts[0]!.element, this.#name, charts[1]!.element),
      this.readout,
      this.#words,
      h(
        "div",
        { class: "below" },
        figure("Its distribution", this.#spread.canvas, this.#spreadKey),
        figure("Its correlation with what is learnt", this.#lags.canvas, this.#lagsKey),
        figure("Naive forecasts that transforms start from", this.#candidates),
      ),
    );
  }

  get #columns(): Column[] {
    return this.store.values["columns"] as Column[];
  }

  get #at(): number {
    return Math.min(Number(this.store.ui["column"] ?? 0), this.#columns.length - 1);
  }

  /** One row of an array whose rows are columns. */
  #row(name: string, at: number, rows: number): Numbers {
    const data = this.store.data(name);
    const size = data.length / rows;
    return data.subarray(at * size, (at + 1) * size);
  }

  #line([name, source, next, size]: Column, at: number): Node[] {
    const input = h("input", { type: "radio", name: `column-${this.context.model.get("_key")}`, checked: at === this.#at });
    on(input, "change", () => {
      this.store.ui["column"] = at;
      this.#show();
    });
    const spark = h("canvas", { "aria-hidden": "true" });
    this.#sparks.push(spark);
    const cells = [spark, source, next, size].map((inside) => h("td", {}, inside));
    return [h("th", { scope: "row" }, h("label", { class: "control" }, input, name)), ...cells];
  }

  #chart(label: string, at: number): Chart {
    const chart = this.plot({
      label: `${label} over time`,
      height: this.height / 2,
      time: this.store.flag("is_time"),
      yWidth: 62,
      data: this.#data(at),
      series: [{}, { stroke: () => (at ? this.palette.blue : this.palette.text), width: 1, points: { show: false } }],
      under: (u) => this.#veil(u),
      sync: `features-${this.context.model.get("_key")}`,
      hover: (index) => this.#read(index),
      moved: (u) => this.#follow(u),
    });
    this.#charts.push(chart);
    return chart;
  }

  /** The target, or the chosen column: the target is the first row, before all columns. */
  #data(chosen: number): uPlot.AlignedData {
    const row = this.#row("series", chosen && this.#at + 1, this.#columns.length + 1);
    return [Array.from(this.store.data("times")), Array.from(row, (value) => (Number.isFinite(value) ? value : null))];
  }

  /** Show the same time in both charts, whichever was zoomed and by whatever means. */
  #follow(u: uPlot): void {
    const moved = this.#charts.find((chart) => chart.u === u);
    const { min, max } = u.scales["x"]!;
    for (const other of this.#charts) {
      const x = other.u.scales["x"]!;
      if (moved === undefined || (x.min === min && x.max === max)) continue;
      other.zoomed = moved.zoomed;
      other.u.setScale("x", { min: min!, max: max! });
    }
  }

  /** The rows after training, which nothing here is measured on. */
  #veil(u: uPlot): void {
    const cut = this.store.number("cut");
    if (cut === null) return;
    const { ctx, bbox } = u;
    const left = u.valToPos(cut, "x", true);
    ctx.fillStyle = this.palette.grid;
    ctx.fillRect(left, bbox.top, bbox.left + bbox.width - left, bbox.height);
  }

  #read(index: number | null): void {
    const x = index === null ? undefined : this.store.data("times")[index];
    if (index === null || x === undefined || this.#charts.length < 2) return say(this.readout, "");
    const [target, chosen] = this.#charts.map((chart) => number(chart.u.data[1]![index]));
    const when = time(x, this.store.flag("is_time"), this.store.number("step") ?? 1);
    say(this.readout, `${when} · ${this.store.text("target")} ${target} · ${this.#columns[this.#at]![0]} ${chosen}`);
  }

  #show(): void {
    const [name, , , , words] = this.#columns[this.#at]!;
    this.#charts[1]!.setData(this.#data(1));
    say(this.#name, name);
    say(this.#words, words);
    this.#drawSpread();
    this.#drawLags();
    this.root.dataset["column"] = name;
  }

  #drawSpread(): void {
    const plot = this.#spread;
    const { blue, orange, muted } = this.palette;
    const [low, high] = this.#row("edges", this.#at, this.#columns.length) as unknown as [number, number];
    const both = this.#row("spread", this.#at, this.#columns.length);
    const bins = both.length / 2;
    const most = Math.max(...both, 1e-9);
    plot.begin(this.palette, this.unit, "value", "share of rows");
    const ticks = low === high ? [low] : [low, (low + high) / 2, high];
    ticks.forEach((value, at) => plot.tickAcross(0.06 + 0.44 * at, number(value, 3)));
    plot.tickUp(1, percent(most));
    plot.ctx.fillStyle = alpha(blue, 0.5);
    for (let at = 0; at < bins; at++) plot.bar(at, bins, 0, both[at]! / most);
    plot.ctx.fillStyle = orange;
    for (let at = 0; at < bins; at++) if (both[bins + at]!) plot.bar(at, bins, both[bins + at]! / most - 0.012, both[bins + at]! / most + 0.012);
    plot.ctx.fillStyle = muted;
    const held = this.store.number("cut") === null ? [] : [{ words: "held-out rows", colour: orange }];
    legend(this.#spreadKey, [{ words: "training rows", colour: alpha(blue, 0.5), kind: "box" }, ...held]);
    plot.canvas.setAttribute("aria-label", `Distribution from ${number(low)} to ${number(high)}`);
  }

  #drawLags(): void {
    const plot = this.#lags;
    const { blue, orange, grid } = this.palette;
    const [ahead, size] = ["ahead", "size"].map((name) => Array.from(this.#row(name, this.#at, this.#columns.length)));
    const chance = this.store.number("chance_share") ?? 0;
    const most = Math.max(1.5 * chance, ...[...ahead!, ...size!].map((r) => Math.abs(r) || 0));
    const share = (r: number): number => 0.5 + r / most / 2.1;
    plot.begin(this.palette, this.unit, "rows later", "correlation");
    [1, Math.ceil(ahead!.length / 2), ahead!.length].forEach((lag) => plot.tickAcross((lag - 0.5) / ahead!.length, String(lag)));
    for (const r of [-most, 0, most]) plot.tickUp(share(r), number(r, 2));
    plot.ctx.fillStyle = grid;
    plot.bar(0, 1, share(-chance), share(chance));
    plot.ctx.fillStyle = blue;
    ahead!.forEach((r, at) => plot.bar(at, ahead!.length, 0.5, share(r || 0)));
    plot.ctx.fillStyle = orange;
    size!.forEach((r, at) => r && plot.bar(at, size!.length, share(r) - 0.015, share(r) + 0.015));
    legend(this.#lagsKey, [
      { words: "value", colour: blue, kind: "box" },
      { words: "its size", colour: orange },
      { words: "may be chance", colour: grid, kind: "box" },
    ]);
    plot.canvas.setAttribute("aria-label", `Correlation ${number(ahead![0], 2)} a row later, with the size ${number(size![0], 2)}`);
  }

  #drawStill(): void {
    const { blue, muted } = this.palette;
    this.#sparks.forEach((spark, at) => {
      const ctx = sheet(spark, 84, 20, this.unit);
      const row = this.#row("newest", at, this.#columns.length).filter(Number.isFinite);
      const [low, high] = [Math.min(...row), Math.max(...row)];
      ctx.strokeStyle = blue;
      ctx.beginPath();
      row.forEach((value, step) => ctx.lineTo((84 * step) / row.length, 18 - (16 * (value - low)) / (high - low || 1)));
      ctx.stroke();
    });
    const all = this.store.values["candidates"] as Candidate[];
    const most = Math.max(...all.map(([, error]) => error ?? 0), 1e-30);
    const rows = all.map(([label, error, words, learnt]) => {
      const bar = h("span", { class: "bar", "aria-hidden": "true" });
      bar.style.width = `${(100 * (error ?? 0)) / most}%`;
      bar.style.background = learnt ? blue : muted;
      return [h("th", { scope: "row", class: learnt ? "success" : null }, label, bar), error === null ? "–" : number(error), words];
    });
    fill(this.#candidates, ["", "off by", ""], rows, this.store.text("reason"));
  }

  protected override update(): void {
    this.#drawStill();
    this.#show();
  }

  protected override resize(): void {
    super.resize();
    this.#show();
  }

  protected override recoloured(): void {
    this.update();
  }
}
