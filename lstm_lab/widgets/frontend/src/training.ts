/** The training monitor: losses by epoch as they fall, how far it is, when it may end, and a Stop that works. */
import type uPlot from "uplot";
import type { Chart } from "./chart";
import { ChartView, ring, rule, stroke } from "./charts";
import { button, h, legend, say, toggle, type Entry } from "./dom";
import { duration, number } from "./format";
import { LearningPanel } from "./learning/panel";
import { epochSeconds } from "./pace";
import { Stop } from "./stop";
import { alpha } from "./theme";

/** Columns of the `epochs` array: one row an epoch. */
const LOSS = 0;
const VALIDATION = 1;
const RATE = 2;
const SECONDS = 3;
const COLUMNS = 4;

export class TrainingView extends ChartView {
  #chart!: Chart;
  #strip!: Chart;
  #stop!: Stop;
  #learning!: LearningPanel;
  readonly #title = h("p", { class: "title" });
  readonly #progress = h("span", { class: "muted" });
  readonly #clock = h("span", { class: "muted" });
  readonly #patience = h("span", { class: "muted" });
  readonly #bar = h("progress", { "aria-label": "Training progress", max: 1, value: 0 });
  readonly #word = h("p", { class: "note", role: "status" });
  readonly #legend = h("ul", { class: "legend" });

  protected override build(): void {
    this.#stop = new Stop(this.store, (content) => this.send(content), "what is learnt is kept");
    this.facts.append(this.#title, this.#progress, this.#clock, this.#patience);
    this.actions.append(this.#stop.element);
    this.#chart = this.#draw();
    this.#strip = this.#drawStrip();
    const log = toggle("log scale", this.#log, (on) => {
      this.store.ui["log"] = on;
      this.#rebuild();
    });
    const all = button("Show all", () => {
      this.#chart.reset();
      this.#strip.reset();
    });
    const controls = h("div", { class: "controls" }, log, all);
    this.#learning = new LearningPanel({
      store: this.store,
      palette: () => this.palette,
      unit: () => this.unit,
      plot: (options) => this.plot(options),
      readout: this.readout,
      moved: () => this.#chart.redraw(),
      height: 200 * this.unit,
    });
    this.body.append(this.#bar, this.#chart.element, this.#strip.element, this.#legend, controls, this.#word, this.#learning.element);
  }

  get #log(): boolean {
    return this.store.ui["log"] === true;
  }

  /** Give a column of the epochs, NaN as a gap. */
  #column(at: number): (number | null)[] {
    const data = this.store.data("epochs");
    const rows = data.length / COLUMNS;
    return Array.from({ length: rows }, (_, row) => {
      const value = data[row * COLUMNS + at]!;
      return Number.isFinite(value) ? value : null;
    });
  }

  #data(): uPlot.AlignedData {
    const losses = this.#column(LOSS);
    return [losses.map((_, row) => row + 1), losses, this.#column(VALIDATION)];
  }

  /** The learning rate held from the start of each epoch to its end: two points an epoch make the steps. */
  #rates(): uPlot.AlignedData {
    const rates = this.#column(RATE).flatMap((rate) => [rate, rate]);
    return [rates.map((_, at) => Math.ceil(at / 2)), rates];
  }

  #draw(): Chart {
    const look = (name: "blue" | "orange"): uPlot.Series => ({ stroke: () => this.palette[name], width: 2, points: { show: true, size: 5 } });
    return this.plot({
      label: "Loss by epoch",
      log: this.#log,
      xLabel: "epoch",
      yLabel: "loss",
      data: this.#data(),
      xRange: () => [0, Math.max(this.#at() * 1.04, 1)],
      yRange: (_, low, high) => this.#range(low, high),
      xSteps: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
      yWidth: 62,
      series: [{}, look("blue"), look("orange")],
      under: (u) => this.#drawUnder(u),
      over: (u) => this.#drawOver(u),
      hover: (index) => this.#read(index),
      sync: this.context.model.get("_key"),
    });
  }

  #drawStrip(): Chart {
    return this.plot({
      label: "Learning rate by epoch",
      height: 52 * this.unit,
      plain: true,
      data: this.#rates(),
      xRange: () => [0, Math.max(this.#at() * 1.04, 1)],
      yRange: (_, low, high) => [0, (Number.isFinite(high) ? Math.max(high, low) : 1) * 1.25],
      yValues: (_, splits) => splits.map((rate) => (rate === Math.max(...splits) ? number(rate, 2) : "")),
      yWidth: 62,
      yLabel: "rate",
      series: [{}, { stroke: () => this.palette.green, width: 1.5, points: { show: false } }],
      sync: this.context.model.get("_key"),
    });
  }

  /** How far training is, in epochs and their parts. */
  #at(): number {
    const batches = this.store.number("batches") ?? 1;
    const part = ((this.store.number("epoch") ?? 1) - 1) + (this.store.number("batch") ?? 0) / batches;
    return Math.max(part, this.store.data("epochs").length / COLUMNS, 1);
  }

  /** Hold every line, the baseline too, unless it lies so far off that the curves would be flat. */
  #range(low: number, high: number): [number, number] {
    const batch = this.store.data("batches_loss");
    const values = [...this.#column(LOSS), ...this.#column(VALIDATION)].filter((value) => value !== null);
    // A middle one of the newest batches: a single batch may lie far off.
    const partial = [...batch.slice(-5)].sort((a, b) => a - b)[Math.floor(Math.min(batch.length, 5) / 2)];
    if (partial !== undefined && Number.isFinite(partial)) values.push(partial);
    if (Number.isFinite(low) && low !== null) values.push(low, high);
    if (values.length === 0) return [this.#log ? 0.01 : 0, 1];
    let bottom = Math.min(...values);
    let top = Math.max(...values);
    const baseline = this.store.number("baseline");
    if (baseline !== null && baseline < 4 * top && baseline > 0.1 * bottom) {
      bottom = Math.min(bottom, baseline);
      top = Math.max(top, baseline);
    }
    if (this.#log) return [Math.max(bottom, 1e-9) * 0.85, Math.max(top, 1e-9) * 1.15];
    const room = (top - bottom || Math.abs(top) || 1) * 0.08;
    return [Math.max(0, bottom - room), top + room];
  }

  #drawUnder(u: uPlot): void {
    const places = this.store.data("batches_at");
    const losses = this.store.data("batches_loss");
    stroke(u, { colour: alpha(this.palette.blue, 0.38), width: 1 }, () => {
      places.forEach((place, at) => {
        const [x, y] = [u.valToPos(place, "x", true), u.valToPos(losses[at]!, "y", true)];
        u.ctx.lineTo(x, y);
      });
    });
    const baseline = this.store.number("baseline");
    if (baseline !== null) rule(u, "y", baseline, { colour: this.palette.muted, width: 1.5, dash: [6, 4] });
  }

  #drawOver(u: uPlot): void {
    const { green, blue, surface } = this.palette;
    const best = this.store.number("best_epoch");
    const marked = best === null ? null : this.#judged(best);
    const shown = this.#learning?.epoch ?? null;
    if (shown !== null && this.store.text("reason") !== "") rule(u, "x", shown, { colour: this.palette.text, width: 1.5 });
    if (best !== null && marked !== null) ring(u, best, marked, 6, { colour: green, width: 2.5 });
    const losses = this.store.data("batches_loss");
    const last = losses.at(-1);
    if (!this.#partial() || last === undefined) return;
    ring(u, this.store.data("batches_at")[losses.length - 1]!, last, 4, { colour: blue, width: 1.5 }, surface);
  }

  /** The loss that an epoch is judged by. */
  #judged(epoch: number): number | null {
    return this.#column(VALIDATION)[epoch - 1] ?? this.#column(LOSS)[epoch - 1] ?? null;
  }

  /** Is an epoch under way, or was one cut short? */
  #partial(): boolean {
    const done = this.store.data("epochs").length / COLUMNS;
    return (this.store.number("epoch") ?? 0) > done && (this.store.number("batch") ?? 0) > 0;
  }

  protected override update(): void {
    const data = this.#data();
    this.#chart.setData(data);
    this.#strip.setData(this.#rates());
    this.#say();
    this.#showLegend();
    this.#learning.update();
  }

  #say(): void {
    const { store } = this;
    const done = store.data("epochs").length / COLUMNS;
    const epochs = store.number("epochs_planned") ?? 0;
    const over = store.text("reason") !== "";
    say(this.#title, store.text("title") || "Training");
    say(this.#progress, `epoch ${Math.min(over ? done : done + (this.#partial() ? 1 : 0), epochs)}/${epochs}`);
    this.#bar.max = Math.max(epochs, 1);
    this.#bar.value = over ? (store.text("reason") === "finished" || store.text("reason") === "early" ? epochs : done) : Math.min(this.#at() - (done === 0 && !this.#partial() ? 1 : 0), epochs);
    say(this.#clock, this.#time(done, epochs, over));
    say(this.#patience, this.#waiting(done, over));
    say(this.#word, over ? store.text("message") : this.#warning(done));
    this.#stop.update();
    this.root.dataset["reason"] = store.text("reason");
    this.root.dataset["epochs"] = String(done);
  }

  #time(done: number, epochs: number, over: boolean): string {
    const total = this.store.number("seconds");
    if (over) return total === null ? "" : `took ${duration(total)}`;
    const data = this.store.data("epochs");
    const times = Array.from({ length: done }, (_, row) => data[row * COLUMNS + SECONDS]!);
    const mean = epochSeconds(times, this.store.number("pace"));
    const estimate = this.store.number("estimate");
    const all = estimate === null ? "" : ` · all ${epochs} would take about ${duration(estimate)}`;
    if (mean === null) return done === 0 ? `first epoch under way${all}` : `first epoch took ${duration(times[0]!)}, compilation included`;
    const left = mean * Math.max(epochs - this.#at(), 0);
    const most = this.store.number("patience") === null || (this.store.number("validation_windows") ?? 0) === 0 ? "" : "at most ";
    return `${duration(mean)} an epoch · ${most}${duration(left)} left`;
  }

  #waiting(done: number, over: boolean): string {
    const left = this.store.number("patience_left");
    if (over || left === null || done === 0 || (this.store.number("validation_windows") ?? 0) === 0) return "";
    return `patience ${left} of ${this.store.number("patience") ?? left}`;
  }

  /** Say what can be said before the end, and no more. */
  #warning(done: number): string {
    const best = this.store.number("best_epoch");
    if (best === null || done === 0 || (this.store.number("validation_windows") ?? 0) === 0) return "";
    const since = done - best;
    if (since < 3) return "";
    return (
      `No better validation loss for ${since} epochs. That may be noise, or the start of overfitting; ` +
      `the weights of epoch ${best} are kept either way.`
    );
  }

  #showLegend(): void {
    const { blue, orange, muted, green } = this.palette;
    const entries: Entry[] = [{ words: "training", colour: blue }];
    if (this.#column(VALIDATION).some((value) => value !== null)) entries.push({ words: "validation", colour: orange });
    if (this.store.data("batches_at").length) entries.push({ words: "batches", colour: alpha(blue, 0.45) });
    const baseline = this.store.number("baseline");
    if (baseline !== null) {
      const { min, max } = this.#chart.u.scales["y"]!;
      const above = typeof max === "number" && baseline > max;
      const where = above ? ", above the plot" : typeof min === "number" && baseline < min ? ", below the plot" : "";
      entries.push({ words: `naive forecast: ${number(baseline)}${where}`, colour: muted, kind: "dash" });
    }
    const best = this.store.number("best_epoch");
    if (best !== null && best > 0) entries.push({ words: `best epoch ${best}: ${number(this.#judged(best))}`, colour: green, kind: "ring" });
    if (this.#partial()) entries.push({ words: "partial epoch", colour: blue, kind: "ring" });
    legend(this.#legend, entries);
  }

  #read(index: number | null): void {
    if (index === null || !this.#chart) return say(this.readout, "");
    const [epochs, losses, validation] = this.#chart.u.data;
    if (epochs[index] === undefined) return say(this.readout, "");
    const rate = this.#column(RATE)[index];
    const parts = [`epoch ${epochs[index]}`, `training ${number(losses?.[index])}`];
    if (validation?.[index] !== null && validation?.[index] !== undefined) parts.push(`validation ${number(validation[index])}`);
    parts.push(`learning rate ${number(rate)}`);
    say(this.readout, parts.join(" · "));
  }

  #rebuild(): void {
    this.#chart = this.swap(this.#chart, this.#draw());
    this.update();
  }

  protected override resize(): void {
    super.resize();
    this.#learning.resize();
  }

  protected override recoloured(): void {
    this.#showLegend();
    this.#learning.recolour();
  }

  protected override still(): void {
    this.#learning.still();
  }

  protected override destroy(): void {
    this.#learning.destroy();
    super.destroy();
  }
}
