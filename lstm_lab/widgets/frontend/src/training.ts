/** The training monitor: losses by epoch as they fall, how far it is, when it may end, and a Stop that works. */
import uPlot from "uplot";
import { View } from "./base";
import { Chart } from "./chart";
import { button, h, legend, say, toggle, type Entry } from "./dom";
import { duration, number } from "./format";
import { Stop } from "./stop";
import { alpha } from "./theme";

/** Columns of the `epochs` array: one row an epoch. */
const LOSS = 0;
const VALIDATION = 1;
const RATE = 2;
const COLUMNS = 4;

export class TrainingView extends View {
  private chart!: Chart;
  private strip!: Chart;
  private stop!: Stop;
  private readonly title = h("p", { class: "title" });
  private readonly progress = h("span", { class: "muted" });
  private readonly clock = h("span", { class: "muted" });
  private readonly patience = h("span", { class: "muted" });
  private readonly bar = h("progress", { "aria-label": "Training progress", max: 1, value: 0 });
  private readonly word = h("p", { class: "note", role: "status" });
  private readonly legend = h("ul", { class: "legend" });

  protected override build(): void {
    this.stop = new Stop(this.store, (content) => this.send(content), "what is learnt is kept");
    this.facts.append(this.title, this.progress, this.clock, this.patience);
    this.actions.append(this.stop.element);
    this.chart = this.draw();
    this.strip = this.drawStrip();
    const log = toggle("log scale", this.log, (on) => {
      this.store.ui["log"] = on;
      this.rebuild();
    });
    const all = button("Show all", () => {
      this.chart.reset();
      this.strip.reset();
    });
    const controls = h("div", { class: "controls" }, log, all);
    this.body.append(this.bar, this.chart.element, this.strip.element, this.legend, controls, this.word);
  }

  private get log(): boolean {
    return this.store.ui["log"] === true;
  }

  /** Give a column of the epochs, NaN as a gap. */
  private column(at: number): (number | null)[] {
    const { data } = this.store.table("epochs");
    const rows = data.length / COLUMNS;
    return Array.from({ length: rows }, (_, row) => {
      const value = data[row * COLUMNS + at]!;
      return Number.isFinite(value) ? value : null;
    });
  }

  private data(): uPlot.AlignedData {
    const losses = this.column(LOSS);
    return [losses.map((_, row) => row + 1), losses, this.column(VALIDATION)];
  }

  /** The learning rate held from the start of each epoch to its end: two points an epoch make the steps. */
  private rates(): uPlot.AlignedData {
    const rates = this.column(RATE).flatMap((rate) => [rate, rate]);
    return [rates.map((_, at) => Math.ceil(at / 2)), rates];
  }

  private draw(): Chart {
    const stroke = (name: "blue" | "orange") => () => this.palette[name];
    return new Chart({
      label: "Loss by epoch",
      height: this.height,
      width: this.width - 8,
      palette: () => this.palette,
      log: this.log,
      xLabel: "epoch",
      yLabel: "loss",
      data: this.data(),
      xRange: () => [0, Math.max(this.at() * 1.04, 1)],
      yRange: (_, low, high) => this.range(low, high),
      xSteps: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
      yWidth: 62,
      series: [
        {},
        { label: "loss", stroke: stroke("blue"), width: 2, points: { show: true, size: 5 } },
        { label: "validation loss", stroke: stroke("orange"), width: 2, points: { show: true, size: 5 } },
      ],
      under: (u) => this.drawUnder(u),
      over: (u) => this.drawOver(u),
      hover: (index) => this.read(index),
      sync: this.context.model.get("_key"),
    });
  }

  private drawStrip(): Chart {
    return new Chart({
      label: "Learning rate by epoch",
      height: 52,
      width: this.width - 8,
      palette: () => this.palette,
      plain: true,
      data: this.rates(),
      xRange: () => [0, Math.max(this.at() * 1.04, 1)],
      yRange: (_, low, high) => [0, (Number.isFinite(high) ? Math.max(high, low) : 1) * 1.25],
      yValues: (_, splits) => splits.map((rate) => (rate === Math.max(...splits) ? number(rate, 2) : "")),
      yWidth: 62,
      yLabel: "rate",
      series: [
        {},
        { label: "learning rate", stroke: () => this.palette.green, width: 1.5, points: { show: false } },
      ],
      sync: this.context.model.get("_key"),
    });
  }

  /** How far training is, in epochs and their parts. */
  private at(): number {
    const batches = this.store.number("batches") ?? 1;
    const part = ((this.store.number("epoch") ?? 1) - 1) + (this.store.number("batch") ?? 0) / batches;
    return Math.max(part, this.store.table("epochs").data.length / COLUMNS, 1);
  }

  /** Hold every line, the baseline too, unless it lies so far off that the curves would be flat. */
  private range(low: number, high: number): [number, number] {
    const batch = this.store.table("batches_loss").data;
    const values = [...this.column(LOSS), ...this.column(VALIDATION)].filter((value) => value !== null);
    const partial = batch[batch.length - 1];
    if (partial !== undefined && Number.isFinite(partial)) values.push(partial);
    if (Number.isFinite(low) && low !== null) values.push(low, high);
    if (values.length === 0) return [this.log ? 0.01 : 0, 1];
    let bottom = Math.min(...values);
    let top = Math.max(...values);
    const baseline = this.store.number("baseline");
    if (baseline !== null && baseline < 4 * top && baseline > 0.1 * bottom) {
      bottom = Math.min(bottom, baseline);
      top = Math.max(top, baseline);
    }
    if (this.log) return [Math.max(bottom, 1e-9) * 0.85, Math.max(top, 1e-9) * 1.15];
    const room = (top - bottom || Math.abs(top) || 1) * 0.08;
    return [Math.max(0, bottom - room), top + room];
  }

  private drawUnder(u: uPlot): void {
    const { ctx } = u;
    const ratio = uPlot.pxRatio;
    const x = (value: number): number => u.valToPos(value, "x", true);
    const y = (value: number): number => u.valToPos(value, "y", true);
    const places = this.store.table("batches_at").data;
    const losses = this.store.table("batches_loss").data;
    ctx.lineWidth = ratio;
    ctx.strokeStyle = alpha(this.palette.blue, 0.38);
    ctx.beginPath();
    let before = Infinity;
    for (let at = 0; at < places.length; at++) {
      const place = places[at]!;
      // The running mean starts afresh with each epoch: no line across its border.
      if (Math.ceil(place) !== Math.ceil(before)) ctx.moveTo(x(place), y(losses[at]!));
      else ctx.lineTo(x(place), y(losses[at]!));
      before = place;
    }
    ctx.stroke();
    const baseline = this.store.number("baseline");
    if (baseline !== null) {
      ctx.strokeStyle = this.palette.muted;
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(u.bbox.left, y(baseline));
      ctx.lineTo(u.bbox.left + u.bbox.width, y(baseline));
      ctx.stroke();
      ctx.setLineDash([]);
    }
  }

  private drawOver(u: uPlot): void {
    const { ctx } = u;
    const ratio = uPlot.pxRatio;
    const best = this.store.number("best_epoch");
    const validation = this.column(VALIDATION);
    const marked = best === null ? null : (validation[best - 1] ?? this.column(LOSS)[best - 1] ?? null);
    if (best !== null && marked !== null) {
      this.ring(u, best, marked, 6 * ratio, this.palette.green, 2.5 * ratio);
    }
    const losses = this.store.table("batches_loss").data;
    const last = losses[losses.length - 1];
    if (this.partial() && last !== undefined) {
      const place = this.store.table("batches_at").data[losses.length - 1]!;
      ctx.fillStyle = this.palette.surface;
      this.ring(u, place, last, 4 * ratio, this.palette.blue, 1.5 * ratio, true);
    }
  }

  private ring(u: uPlot, x: number, y: number, radius: number, colour: string, width: number, hollow = false): void {
    const { ctx } = u;
    ctx.beginPath();
    ctx.arc(u.valToPos(x, "x", true), u.valToPos(y, "y", true), radius, 0, 2 * Math.PI);
    if (hollow) ctx.fill();
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }

  /** Is an epoch under way, or was one cut short? */
  private partial(): boolean {
    const done = this.store.table("epochs").data.length / COLUMNS;
    return (this.store.number("epoch") ?? 0) > done && (this.store.number("batch") ?? 0) > 0;
  }

  protected override update(): void {
    const data = this.data();
    this.chart.setData(data);
    this.strip.setData(this.rates());
    this.say();
    this.showLegend();
  }

  private say(): void {
    const { store } = this;
    const done = store.table("epochs").data.length / COLUMNS;
    const epochs = store.number("epochs_planned") ?? 0;
    const over = store.text("reason") !== "";
    say(this.title, store.text("title") || "Training");
    say(this.progress, `epoch ${Math.min(over ? done : done + (this.partial() ? 1 : 0), epochs)}/${epochs}`);
    this.bar.max = Math.max(epochs, 1);
    this.bar.value = over ? (store.text("reason") === "finished" || store.text("reason") === "early" ? epochs : done) : Math.min(this.at() - (done === 0 && !this.partial() ? 1 : 0), epochs);
    say(this.clock, this.time(done, epochs, over));
    say(this.patience, this.waiting(done, over));
    say(this.word, over ? store.text("message") : this.warning(done));
    this.stop.update();
    this.root.dataset["reason"] = store.text("reason");
    this.root.dataset["epochs"] = String(done);
  }

  private time(done: number, epochs: number, over: boolean): string {
    const total = this.store.number("seconds");
    if (over) return total === null ? "" : `took ${duration(total)}`;
    const { data } = this.store.table("epochs");
    if (done === 0) return "first epoch under way";
    const times = Array.from({ length: done }, (_, row) => data[row * COLUMNS + 3]!);
    // The first epoch carries the compilation: it would overstate the rest.
    const recent = (done > 1 ? times.slice(1) : times).slice(-5);
    const mean = recent.reduce((sum, value) => sum + value, 0) / recent.length;
    const left = mean * Math.max(epochs - this.at(), 0);
    const most = this.store.number("patience") === null || (this.store.number("validation_windows") ?? 0) === 0 ? "" : "at most ";
    return `${duration(mean)} an epoch · ${most}${duration(left)} left`;
  }

  private waiting(done: number, over: boolean): string {
    const left = this.store.number("patience_left");
    if (over || left === null || done === 0 || (this.store.number("validation_windows") ?? 0) === 0) return "";
    return `patience ${left} of ${this.store.number("patience") ?? left}`;
  }

  /** Say what can be said before the end, and no more. */
  private warning(done: number): string {
    const best = this.store.number("best_epoch");
    if (best === null || done === 0 || (this.store.number("validation_windows") ?? 0) === 0) return "";
    const since = done - best;
    if (since < 3) return "";
    return (
      `No better validation loss for ${since} epochs. That may be noise, or the start of overfitting; ` +
      `the weights of epoch ${best} are kept either way.`
    );
  }

  private showLegend(): void {
    const { blue, orange, muted, green } = this.palette;
    const entries: Entry[] = [{ words: "loss", colour: blue }];
    if (this.column(VALIDATION).some((value) => value !== null)) entries.push({ words: "validation", colour: orange });
    entries.push({ words: "batches", colour: alpha(blue, 0.45) });
    const baseline = this.store.number("baseline");
    if (baseline !== null) {
      const { min, max } = this.chart.u.scales["y"]!;
      const above = typeof max === "number" && baseline > max;
      const where = above ? ", above the plot" : typeof min === "number" && baseline < min ? ", below the plot" : "";
      entries.push({ words: `naive forecast ${number(baseline)}${where}`, colour: muted, kind: "dash" });
    }
    const best = this.store.number("best_epoch");
    if (best !== null && best > 0) entries.push({ words: `best epoch ${best}`, colour: green, kind: "dot" });
    if (this.partial()) entries.push({ words: "partial epoch", colour: blue, kind: "dot" });
    legend(this.legend, entries);
  }

  private read(index: number | null): void {
    if (index === null || !this.chart) return say(this.readout, "");
    const [epochs, losses, validation] = this.chart.u.data;
    if (epochs[index] === undefined) return say(this.readout, "");
    const rate = this.column(RATE)[index];
    const parts = [`epoch ${epochs[index]}`, `loss ${number(losses?.[index])}`];
    if (validation?.[index] !== null && validation?.[index] !== undefined) parts.push(`validation ${number(validation[index])}`);
    parts.push(`learning rate ${number(rate)}`);
    say(this.readout, parts.join(" · "));
  }

  private rebuild(): void {
    const old = this.chart;
    this.chart = this.draw();
    old.element.replaceWith(this.chart.element);
    old.destroy();
    this.update();
  }

  protected override resize(): void {
    this.chart.resize(this.width - 8);
    this.strip.resize(this.width - 8);
  }

  protected override recolour(): void {
    this.chart.redraw();
    this.strip.redraw();
    this.showLegend();
  }

  protected override destroy(): void {
    this.chart?.destroy();
    this.strip?.destroy();
  }
}
