/** A file for a small device: how far it is off its network beside the network's own errors, and the size of each part. */
import type uPlot from "uplot";
import type { Chart } from "./chart";
import { ChartView, stroke } from "./charts";
import { facts, h, legend, say } from "./dom";
import { number, time } from "./format";
import { extent, padded } from "./geometry";
import { alpha } from "./theme";

/** Share of the axis at its ends, so that the first and the last mark are whole. */
const ROOM = 0.01;

export class ExportView extends ChartView {
  readonly #words = h("div", { class: "meaning verdicts" });
  readonly #legend = h("ul", { class: "legend" });
  readonly #sizes = h("table", { class: "sizes", "aria-label": "Bytes of each part" });
  readonly #facts = h("table", { "aria-label": "The export" });
  #chart: Chart | null = null;

  protected override build(): void {
    this.facts.append(h("p", { class: "title" }, this.store.text("title")));
    this.body.append(this.#words);
    if (this.store.data("times").length > 0) {
      this.#chart = this.#draw();
      this.body.append(this.#chart.element, this.#legend);
    }
    this.body.append(this.#sizes, h("details", { class: "more" }, h("summary", {}, "What was written, and how it was measured"), this.#facts));
  }

  #off(row: number): Float32Array {
    const count = this.store.data("times").length;
    return this.store.data("off").subarray(row * count, (row + 1) * count) as Float32Array;
  }

  #draw(): Chart {
    const { store } = this;
    const quiet = { width: 0, points: { show: false } };
    return this.plot({
      label: `Errors of ${store.text("target")} by time`,
      time: store.flag("is_time"),
      data: [Array.from(store.data("times")), Array.from(this.#off(0)), Array.from(this.#off(1))] as uPlot.AlignedData,
      yLabel: `error in ${store.text("target").slice(0, 30)}`,
      xRange: (_, low, high) => [low - ROOM * (high - low), high + ROOM * (high - low)],
      yRange: () => padded(extent(this.#off(0), this.#off(1), [0]) ?? [0, 1], 0.06),
      series: [{}, { ...quiet, stroke: () => this.palette.muted }, { width: 0, stroke: () => this.palette.red, points: { show: true, size: 5 * this.unit, width: 0, fill: () => this.palette.red } }],
      under: (u) => this.#sticks(u),
      hover: (at) => this.#read(at),
    });
  }

  /** The network's own errors, from zero. */
  #sticks(u: uPlot): void {
    const zero = u.valToPos(0, "y", true);
    const look = { colour: alpha(this.palette.muted, 0.55), width: 1.6 };
    stroke(u, look, () => {
      this.#off(0).forEach((error, at) => {
        const x = u.valToPos(u.data[0][at]!, "x", true);
        u.ctx.moveTo(x, zero);
        u.ctx.lineTo(x, u.valToPos(error, "y", true));
      });
    });
  }

  #read(at: number | null): void {
    if (at === null) return say(this.readout, "");
    const { store } = this;
    const when = time(store.data("times")[at]!, store.flag("is_time"), store.number("step") ?? 1);
    say(this.readout, `${when} · Keras is off ${number(this.#off(0)[at])} · the file is off Keras ${number(this.#off(1)[at])}`);
  }

  protected override update(): void {
    const { values } = this.store;
    this.#words.replaceChildren(...((values["words"] ?? []) as string[]).map((line) => h("p", {}, line)));
    const { muted, red, blue } = this.palette;
    legend(this.#legend, [{ words: "Keras is off", colour: muted }, { words: "the file is off Keras", colour: red, kind: "disc" }]);
    const sizes = (values["sizes"] ?? []) as [string, number][];
    const most = Math.max(...sizes.map(([, size]) => size), 1);
    const rows = sizes.map(([name, size], at) => {
      const bar = h("span", { class: "size-bar", style: `width:${(100 * size) / most}%;background:${at ? blue : muted}` });
      return h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, size.toLocaleString("en-GB")), h("td", { class: "size-room", "aria-hidden": "true" }, bar));
    });
    const caption = h("caption", { class: "muted" }, "bytes of each part");
    this.#sizes.replaceChildren(caption, h("tbody", {}, ...rows));
    facts(this.#facts, (values["facts"] ?? []) as string[][]);
  }

  protected override recoloured(): void {
    this.update();
  }
}
