/** The fan chart: history, a band that grows as paths arrive, single futures, and the chance of exceeding a level. */
import uPlot from "uplot";
import type { Chart } from "./chart";
import { bar, barRoom, ChartView, ring, rule, stroke, tick } from "./charts";
import { button, type Entry, fill, h, legend, on, say, slider, toggle } from "./dom";
import { number, ordinal, percent, short, time } from "./format";
import { clamp, extent, padded, stepsKnown } from "./geometry";
import { pressed } from "./keys";
import { Stop } from "./stop";
import { alpha, calm } from "./theme";

/** Rows of the `quantiles` and `errors` arrays. */
const LOW = 0;
const MEDIAN = 2;
const HIGH = 4;
/** Below this many paths the quantiles are too rough for a filled band. */
const ENOUGH = 50;
/** Paths drawn one by one. */
export const SAMPLES = 20;
const OUTCOME_MS = 450;
/** How long it takes for all to be revealed, at most. */
const REVEAL_MS = 12_000;
/** Rows of a forecast beside this one, and series of the chart before the first of them. */
const OTHER_ROWS = 5;
const FIXED = 8;
/** Share of the axis that a ring at its end needs. */
const RING_ROOM = 0.012;

function plusMinus(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? "–" : `±${number(value, 2)}`;
}

/** A share of paths, with the error that so many leave; where it is none or all, what that still allows (the rule of three). */
export function chance(above: number, paths: number): string {
  const share = above / paths;
  if (above === 0) return `at most ${percent(Math.min(3 / paths, 1), 1)}`;
  if (above === paths) return `at least ${percent(Math.max(1 - 3 / paths, 0), 1)}`;
  return `${percent(share)} ± ${percent(Math.sqrt((share * (1 - share)) / paths))}`;
}

export class FanView extends ChartView {
  #chart!: Chart;
  #stop!: Stop;
  readonly #title = h("p", { class: "title" });
  readonly #kind = h("span");
  readonly #count = h("span", { class: "muted" });
  readonly #error = h("span", { class: "muted" });
  readonly #more = button("Add 200 paths", () => this.send({ kind: "more", count: 200 }), { hidden: true });
  readonly #bar = h("progress", { "aria-label": "Paths drawn", max: 1, value: 0 });
  readonly #legend = h("ul", { class: "legend" });
  readonly #table = h("table", { "aria-label": "Quantiles at the chosen time" });
  readonly #word = h("p", { class: "note", role: "status" });
  readonly #score = h("p", { class: "note", hidden: true });
  readonly #others = h("table", { "aria-label": "The forecasts beside each other", hidden: true });
  readonly #median = h("p", { class: "note muted", hidden: true });
  readonly #level = h("div", { class: "level", role: "slider", tabindex: 0, "aria-orientation": "vertical" });
  readonly #levelText = h("span");
  readonly #chance = h("p", { class: "note chance" });
  readonly #play = button("Play outcomes", () => this.#toggleOutcomes());
  readonly #logBox = toggle("log scale", false, (set) => {
    this.store.ui["log"] = set;
    this.#rebuild();
  });
  #held: [number, number] | null = null;
  #hovered: number | null = null;
  #outcome = -1;
  #timer = 0;
  #showing = 0;
  readonly #show = button("", () => this.#toggleReveal(), { class: "play" });
  readonly #far = slider("steps", { min: 0, max: 1, step: 1, value: 0 }, String, (steps) => {
    this.#pause();
    this.#reveal(steps);
  });

  protected override build(): void {
    this.#stop = new Stop(this.store, (content) => this.send(content), "the paths drawn so far are kept");
    this.facts.append(this.#title, this.#kind, this.#count, this.#error);
    this.actions.append(this.#stop.element, this.#more);
    this.#level.append(this.#levelText);
    this.#listenToLevel();
    const all = button("Show all", () => this.#chart.reset());
    this.#sayOutcomes();
    const controls = h("div", { class: "controls" }, this.#show, this.#far.element, this.#logBox, this.#play, all);
    this.#play.hidden = this.#chance.hidden = !this.withPaths;
    this.#chart = this.#draw();
    this.body.append(this.#bar, this.#chart.element, this.#legend, controls, this.#chance, this.#table, this.#median, this.#score, this.#word);
    if (!this.store.flag("reveal")) return;
    // What counts up stands where the eye is.
    this.#score.className = "note meaning";
    controls.after(this.#score, this.#others);
  }

  /** Whether single paths belong to the view, and not quantiles alone. */
  protected get withPaths(): boolean {
    return true;
  }

  /** What must stay in sight besides what is drawn. */
  protected get held(): ArrayLike<number>[] {
    return [];
  }

  protected get heading(): string {
    return this.store.text("target") || "Forecast";
  }

  get #horizon(): number {
    return this.store.data("times").length;
  }

  get #past(): number {
    return this.store.data("history_times").length;
  }

  get #done(): number {
    return this.store.number("done") ?? 0;
  }

  get #logScale(): boolean {
    return this.store.ui["log"] === true && this.#positive();
  }

  /** Give one row of a (5, horizon) array. */
  #row(name: string, at: number): Float32Array {
    return this.store.data(name).subarray(at * this.#horizon, (at + 1) * this.#horizon) as Float32Array;
  }

  #path(at: number): Float32Array {
    return this.store.data("paths").subarray(at * this.#horizon, (at + 1) * this.#horizon) as Float32Array;
  }

  /** How many steps of what happened are shown. */
  get #revealed(): number {
    return this.store.flag("reveal") ? Math.min(Number(this.store.ui["revealed"] ?? (this.store.flag("shown") ? this.#known : 0)), this.#known) : this.#horizon;
  }

  /** Names of the forecasts that are laid over this one. */
  get #beside(): string[] {
    return (this.store.values["beside"] ?? []) as string[];
  }

  /** A row of another forecast: lower edge, median, upper edge, whether the band held, the score so far. */
  #other(forecast: number, row: number): Float32Array {
    return this.#row("beside", OTHER_ROWS * forecast + row);
  }

  #otherColour(forecast: number): string {
    const { orange, yellow, purple } = this.palette;
    return [orange, yellow, purple][forecast % 3]!;
  }

  /** How many steps there are up to the last one whose outcome is known. */
  get #known(): number {
    return stepsKnown(this.store.data("actual"));
  }

  /** What happened, as far as it is shown. */
  get #actual(): Float32Array {
    return Float32Array.from(this.store.data("actual"), (value, step) => (step < this.#revealed ? value : NaN));
  }

  get #kept(): number {
    return this.#horizon === 0 ? 0 : this.store.data("paths").length / this.#horizon;
  }

  /** May a log axis be asked for: is every value shown above zero? */
  #positive(): boolean {
    const arrays = [this.store.data("history"), this.store.data("quantiles"), this.store.data("paths")];
    return this.#horizon > 0 && arrays.every((array) => array.every((value) => !(value <= 0)));
  }

  #data(): uPlot.AlignedData {
    const { store } = this;
    const past = this.#past;
    const horizon = this.#horizon;
    const x = [...store.data("history_times"), ...store.data("times")];
    const ahead = (values: ArrayLike<number>): (number | null)[] => [
      ...new Array<null>(past).fill(null),
      ...Array.from({ length: horizon }, (_, step) => (Number.isFinite(values[step]) ? values[step]! : null)),
    ];
    const history = [...store.data("history"), ...new Array<null>(horizon).fill(null)];
    const rough = this.#done < ENOUGH;
    const rows = [0, 1, 2, 3, 4].map((at) => ahead(rough && at !== MEDIAN ? [] : this.#row("quantiles", at)));
    const others = this.#beside.flatMap((_, other) => [0, 1, 2].map((row) => ahead(this.#other(other, row))));
    return [x, history, ...rows, ahead(this.#actual), ...others] as uPlot.AlignedData;
  }

  #draw(): Chart {
    const palette = () => this.palette;
    const quiet = { points: { show: false } };
    const edge = { ...quiet, stroke: () => alpha(palette().blue, 0.55), width: 1 };
    const tint = (share: number) => () => alpha(palette().blue, share);
    const chart = this.plot({
      label: `Forecast of ${this.store.text("target")}`,
      time: this.store.flag("is_time"),
      log: this.#logScale,
      data: this.#data(),
      yLabel: short(this.store.text("target")),
      // Some room at the end, for what happened at the last step is a ring around its value.
      xRange: (_, low, high) => [low, high + (high - low) * (this.#horizon === 1 ? barRoom(1 + this.#beside.length) : RING_ROOM)],
      yRange: () => this.#range(),
      series: [
        {},
        { ...quiet, stroke: () => palette().text, width: 1.5 },
        { ...edge },
        { ...quiet },
        { ...quiet, stroke: () => palette().blue, width: 2.5 },
        { ...quiet },
        { ...edge },
        { ...quiet, stroke: () => palette().text, ...(this.store.flag("reveal") ? { width: 2 } : { width: 1, dash: [2, 3] }) },
        ...this.#beside.flatMap((_, other): uPlot.Series[] => [{ ...quiet }, { ...quiet, stroke: () => this.#otherColour(other), width: 2, dash: [6, 4] }, { ...quiet }]),
      ],
      bands: [
        { series: [6, 2], fill: tint(0.16) as unknown as string },
        { series: [5, 3], fill: tint(0.28) as unknown as string },
        ...this.#beside.map((_, other): uPlot.Band => ({ series: [FIXED + 3 * other + 2, FIXED + 3 * other], fill: (() => alpha(this.#otherColour(other), 0.16)) as unknown as string })),
      ],
      under: (u) => this.#drawUnder(u),
      over: (u) => this.#drawOver(u),
      start: () => this.#past,
      hover: (index) => this.#hover(index),
      moved: (u) => this.#placeLevel(u),
    });
    chart.u.over.append(this.#level);
    return chart;
  }

  /** Hold all that is drawn; while paths arrive the range only grows, so that the eye can compare. */
  #range(): [number, number] {
    const bands = this.#done < ENOUGH ? this.#row("quantiles", MEDIAN) : this.store.data("quantiles");
    const samples = this.store.data("paths").subarray(0, SAMPLES * this.#horizon);
    const found = extent(this.store.data("history"), this.store.data("actual"), bands, samples, ...this.#beside.flatMap((_, other) => [0, 2].map((row) => this.#other(other, row))), ...this.held);
    if (found === null) return this.#logScale ? [1, 10] : [0, 1];
    let [low, high] = found;
    if (this.store.flag("live")) {
      if (this.#held !== null) [low, high] = [Math.min(low, this.#held[0]), Math.max(high, this.#held[1])];
      this.#held = [low, high];
    } else this.#held = null;
    if (this.#logScale) return [low * 0.96, high * 1.04];
    return padded([low, high], 0.05);
  }

  /** A single step has no line to see: its band is a bar, and its median a tick across it; other forecasts stand beside it. */
  #drawStep(u: uPlot): void {
    const { blue } = this.palette;
    const x = u.data[0][this.#past]!;
    const [low, lower, median, upper, high] = Array.from(this.store.data("quantiles"));
    if (this.#done >= ENOUGH) {
      bar(u, x, [low, high], alpha(blue, 0.2), 0, this.unit);
      bar(u, x, [lower, upper], alpha(blue, 0.35), 0, this.unit);
    }
    stroke(u, { colour: blue, width: 2.5 }, () => tick(u, x, median, 0, this.unit));
    this.#beside.forEach((_, other) => {
      const colour = this.#otherColour(other);
      const [bottom, middle, top] = [0, 1, 2].map((row) => this.#other(other, row)[0]);
      bar(u, x, [bottom, top], alpha(colour, 0.3), other + 1, this.unit);
      stroke(u, { colour, width: 2.5 }, () => tick(u, x, middle, other + 1, this.unit));
    });
  }

  #trace(u: uPlot, values: ArrayLike<number>): void {
    const x = u.data[0];
    if (this.#horizon === 1) return tick(u, x[this.#past]!, values[0], 0, this.unit);
    for (let step = 0; step < this.#horizon; step++) {
      const place: [number, number] = [u.valToPos(x[this.#past + step]!, "x", true), u.valToPos(values[step]!, "y", true)];
      if (step === 0) u.ctx.moveTo(...place);
      else u.ctx.lineTo(...place);
    }
  }

  #drawUnder(u: uPlot): void {
    const { ctx } = u;
    const ratio = uPlot.pxRatio;
    const { blue, dark, muted } = this.palette;
    ctx.lineJoin = "round";
    // One by one, so that where many paths meet they darken.
    const sample = { colour: alpha(blue, dark ? 0.3 : 0.25), width: 1 };
    for (let at = 0; at < Math.min(SAMPLES, this.#kept); at++) stroke(u, sample, () => this.#trace(u, this.#path(at)));
    if (this.#horizon === 1) this.#drawStep(u);
    const today = this.store.data("history_times")[this.#past - 1];
    if (today === undefined) return;
    rule(u, "x", today, { colour: muted, width: 1, dash: [3, 3] });
    ctx.fillStyle = muted;
    ctx.font = `${11 * this.unit * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "right";
    ctx.textBaseline = "top";
    const right = u.valToPos(today, "x", true) - 4 * ratio;
    const letters = 13 * this.unit * ratio;
    const below = this.#runsThrough(u, right - ctx.measureText("origin").width, u.bbox.top + letters);
    ctx.fillText("origin", right, below ? u.bbox.top + u.bbox.height - letters : u.bbox.top + 3 * ratio);
  }

  #drawOver(u: uPlot): void {
    const { orange, green, red, surface } = this.palette;
    if (this.#outcome >= 0 && this.#kept > 0) {
      stroke(u, { colour: orange, width: 2.5 }, () => this.#trace(u, this.#path(this.#outcome % this.#kept)));
    }
    this.#hits().forEach((hit, step) => {
      if (hit === null) return;
      const actual = this.#actual[step]!;
      // Shape tells hit from miss as well as colour does: full and hollow.
      ring(u, u.data[0][this.#past + step]!, actual, 3.5, { colour: hit ? green : red, width: 2 }, hit ? green : surface);
    });
  }

  /** For each step: did the band hold what happened? Null where nothing is known. */
  #hits(): (boolean | null)[] {
    const actual = this.#actual;
    const [low, high] = [this.#row("quantiles", LOW), this.#row("quantiles", HIGH)];
    return Array.from(actual, (value, step) => {
      if (!Number.isFinite(value) || low.length === 0) return null;
      return value >= low[step]! && value <= high[step]!;
    });
  }

  protected override update(changed: Set<string>): void {
    if (changed.has("is_time") || changed.has("times")) this.#rebuildChart();
    else this.#chart.setData(this.#data());
    this.#say();
    this.#placeLevel(this.#chart.u);
    this.#showTable();
    const box = this.#logBox.querySelector("input")!;
    box.disabled = !this.#positive();
    box.checked = this.#logScale;
    this.#logBox.title = box.disabled ? "needs values above zero everywhere" : "";
  }

  #say(): void {
    const { store } = this;
    const done = this.#done;
    const total = store.number("total") ?? 0;
    const live = store.flag("live");
    const rate = store.number("rate");
    say(this.#title, this.heading);
    say(this.#kind, store.text("band"));
    say(this.#count, `${done}/${total} paths${live && rate !== null ? ` · ${number(rate, 3)} paths/s` : ""}`);
    this.#bar.max = Math.max(total, 1);
    this.#bar.value = done;
    this.#bar.style.visibility = live ? "visible" : "hidden";
    const [low, high] = [this.#row("errors", LOW), this.#row("errors", HIGH)];
    const [left, right] = [low[this.#horizon - 1], high[this.#horizon - 1]];
    const known = done >= ENOUGH && left !== undefined && right !== undefined;
    say(this.#error, known ? `edges ±${number(left, 2)}, ±${number(right, 2)} (Monte Carlo, last step)` : "");
    const few = done > 0 && done < ENOUGH ? `Fewer than ${ENOUGH} paths: no band is drawn yet. ` : "";
    say(this.#word, few + store.text("message"));
    const median = store.text("median");
    this.#median.hidden = median === "";
    say(this.#median, `median: ${median}`);
    this.#stop.update();
    this.#more.hidden = live || !store.flag("can_add");
    const hits = this.#hits().filter((hit) => hit !== null);
    this.#score.hidden = hits.length === 0;
    const inside = hits.filter((hit) => hit).length;
    say(this.#score, this.scored(inside, hits.length));
    this.#sayReveal();
    this.#sayOthers(inside, hits.length);
    this.#play.disabled = this.#kept === 0;
    this.root.dataset["done"] = String(done);
    this.root.dataset["reason"] = store.text("reason");
    this.#showLegend(hits.length > 0);
  }

  /** Say how many of the actual values that are known lie inside the band. */
  protected scored(inside: number, known: number): string {
    const counted = `${inside} of ${known} actual values inside the band`;
    const caution = "One forecast says little about coverage; a backtest measures it.";
    if (!this.store.flag("reveal")) return `${counted}. ${caution}`;
    const [crps, naive] = [0, 1].map((row) => number(this.#row("scores", row)[this.#revealed - 1], 3));
    const words = `${counted}: ${percent(inside / known)}, by a ${number(this.store.number("interval"))} % band. CRPS ${crps}, the naive forecast's error ${naive}.`;
    return this.#revealed < this.#known ? words : `${words} ${caution}`;
  }

  /** Count hits and scores of all forecasts, up to the step that is revealed. */
  #sayOthers(inside: number, known: number): void {
    const names = this.#beside;
    this.#others.hidden = names.length === 0 || known === 0;
    if (this.#others.hidden) return;
    const last = this.#revealed - 1;
    const rows = names.map((name, other) => {
      const held = this.#other(other, 3).subarray(0, this.#revealed).filter((value, step) => Number.isFinite(value) && Number.isFinite(this.#actual[step]));
      return [name, `${held.filter((value) => value === 1).length} of ${held.length}`, number(this.#other(other, 4)[last], 3)];
    });
    fill(this.#others, ["", "inside its band", "CRPS so far"], [["this forecast", `${inside} of ${known}`, number(this.#row("scores", 0)[last], 3)], ...rows]);
  }

  /** Show how far what happened is revealed. */
  #sayReveal(): void {
    const { element, set } = this.#far;
    this.#show.hidden = element.hidden = !this.store.flag("reveal");
    element.querySelector("input")!.max = String(this.#known);
    this.#show.disabled = this.#known === 0;
    set(this.#revealed);
    say(this.#show, this.#showing === 0 ? calm() ? "Reveal the next step" : "▶ Reveal what happened" : "❚❚ Pause");
    this.root.dataset["revealed"] = String(this.#revealed);
  }

  #reveal(steps: number): void {
    this.store.ui["revealed"] = steps;
    this.update(new Set());
  }

  #pause(): void {
    clearInterval(this.#showing);
    this.#showing = 0;
  }

  /** Reveal a step after the other; for who asks for less motion, one at a press. */
  #toggleReveal(): void {
    if (this.#showing !== 0) {
      this.#pause();
      return this.#sayReveal();
    }
    if (this.#revealed === this.#known) this.store.ui["revealed"] = 0;
    if (!calm()) this.#showing = window.setInterval(() => this.#revealNext(), Math.min(REVEAL_MS / this.#known, 700));
    this.#revealNext();
  }

  #revealNext(): void {
    const next = this.#revealed + 1;
    if (next >= this.#known) this.#pause();
    this.#reveal(next);
  }

  /** Name the edges as the interval implies: 5 and 95 for an interval of 90. */
  #edges(): [number, number] {
    const tail = (100 - (this.store.number("interval") ?? 90)) / 2;
    return [tail, 100 - tail];
  }

  /** Name the paths that are drawn one by one. */
  #samples(): string {
    const shown = Math.min(SAMPLES, this.#kept);
    if (shown === 0) return "paths";
    return shown < this.#done ? `${shown} of ${this.#done} paths` : `all ${shown} paths`;
  }

  #showLegend(scored: boolean): void {
    const { text, blue, green, red, orange } = this.palette;
    const [low, high] = this.#edges().map(ordinal);
    const entries: Entry[] = [
      { words: "observed", colour: text },
      { words: "median", colour: blue },
      { words: "25th–75th", colour: alpha(blue, 0.5), kind: "box" },
      { words: `${low}–${high} percentile`, colour: alpha(blue, 0.25), kind: "box" },
    ];
    if (this.withPaths) entries.push({ words: this.#samples(), colour: alpha(blue, 0.5) });
    if (this.#done < ENOUGH) entries.splice(2, 2);
    this.#beside.forEach((words, other) => entries.push({ words, colour: this.#otherColour(other), kind: "dash" }));
    if (scored) entries.push({ words: "inside", colour: green, kind: "disc" }, { words: "outside", colour: red, kind: "ring" });
    if (this.#outcome >= 0) entries.push({ words: `outcome ${this.#outcome + 1}`, colour: orange });
    legend(this.#legend, entries);
  }

  #hover(index: number | null): void {
    this.#hovered = index;
    if (this.#chart) this.#showTable();
  }

  /** Show the five quantiles where the cursor is, or at the last step: a line that is always there never jumps. */
  #showTable(): void {
    const past = this.#past;
    const horizon = this.#horizon;
    const hovered = this.#hovered;
    const isTime = this.store.flag("is_time");
    const step = this.store.number("step") ?? 1;
    if (hovered !== null && hovered < past) {
      const x = this.store.data("history_times")[hovered]!;
      say(this.readout, `${time(x, isTime, step)} · observed ${number(this.store.data("history")[hovered])}`);
    } else say(this.readout, "");
    const at = hovered === null || hovered < past ? horizon - 1 : hovered - past;
    this.#chanceAt(at);
    const x = this.store.data("times")[at];
    if (x === undefined) return;
    const [low, high] = this.#edges().map(ordinal) as [string, string];
    const names = [low, "25th", "median", "75th", high];
    const values = names.map((_, row) => number(this.#row("quantiles", row)[at]));
    const errors = names.map((_, row) => plusMinus(this.#row("errors", row)[at]));
    const actual = this.#actual[at];
    if (actual !== undefined && Number.isFinite(actual)) {
      names.push("actual");
      values.push(number(actual));
      errors.push("");
    }
    const state = [x, ...values, ...errors].join();
    if (this.#table.dataset["state"] === state) return;
    this.#table.dataset["state"] = state;
    const rows = [[time(x, isTime, step), ...values], ["Monte Carlo error", ...errors]];
    fill(this.#table, ["", ...names], this.withPaths ? rows : rows.slice(0, 1));
  }

  #levelValue(): number | null {
    const set = this.store.ui["level"];
    if (typeof set === "number") return set;
    return this.store.data("history")[this.#past - 1] ?? null;
  }

  #setLevel(value: number): void {
    this.store.ui["level"] = value;
    this.#placeLevel(this.#chart.u);
    this.#showTable();
  }

  /** Does the history run above a height, from a place on? */
  #runsThrough(u: uPlot, left: number, height: number): boolean {
    const [times, values] = [this.store.data("history_times"), this.store.data("history")];
    for (let at = this.#past - 1; at >= 0 && u.valToPos(times[at]!, "x", true) >= left; at--) {
      if (u.valToPos(values[at]!, "y", true) <= height) return true;
    }
    return false;
  }

  #placeLevel(u: uPlot): void {
    const level = this.withPaths ? this.#levelValue() : null;
    const { min, max } = u.scales["y"] ?? {};
    if (level === null || typeof min !== "number" || typeof max !== "number") {
      this.#level.hidden = true;
      return;
    }
    const top = u.valToPos(level, "y");
    this.#level.hidden = !(level >= min && level <= max);
    this.#level.style.top = `${top}px`;
    this.#level.classList.toggle("under", top < 26 * this.unit);
    say(this.#levelText, `⇕ ${number(level)}`);
    this.#level.setAttribute("aria-valuemin", String(min));
    this.#level.setAttribute("aria-valuemax", String(max));
    this.#level.setAttribute("aria-valuenow", String(level));
  }

  /** Say the share of paths above the level at a step, with the error that so many paths leave. */
  #chanceAt(at: number): void {
    const level = this.#levelValue();
    const paths = this.#kept;
    if (level === null || at < 0) return say(this.#chance, "");
    if (paths === 0) return say(this.#chance, `P(above ${number(level)}): no paths yet. Drag the dashed level.`);
    let above = 0;
    const data = this.store.data("paths");
    for (let path = 0; path < paths; path++) if (data[path * this.#horizon + at]! > level) above++;
    const when = time(this.store.data("times")[at]!, this.store.flag("is_time"), this.store.number("step") ?? 1);
    const words = `P(above ${number(level)}) at ${when}: ${chance(above, paths)} (of ${paths} paths; drag the dashed level)`;
    say(this.#chance, words);
    this.#level.setAttribute("aria-valuetext", words);
    this.#level.setAttribute("aria-label", "Level");
  }

  #listenToLevel(): void {
    const level = this.#level;
    const move = (event: PointerEvent): void => {
      const { top } = this.#chart.u.over.getBoundingClientRect();
      this.#setLevel(this.#chart.u.posToVal(event.clientY - top, "y"));
    };
    // Otherwise the plot below would take the drag for a zoom.
    on(level, "mousedown", (event) => event.stopPropagation());
    on(level, "pointerdown", (event) => {
      level.setPointerCapture(event.pointerId);
      on(level, "pointermove", move);
    });
    on(level, "pointerup", () => level.removeEventListener("pointermove", move));
    on(level, "pointercancel", () => level.removeEventListener("pointermove", move));
    on(level, "keydown", (event) => {
      const { min, max } = this.#chart.u.scales["y"]!;
      const step = ((max ?? 1) - (min ?? 0)) / 100;
      const by = (times: number) => (): void => this.#setLevel(clamp((this.#levelValue() ?? 0) + times * step, min ?? 0, max ?? 1));
      pressed(event, { ArrowUp: by(1), ArrowRight: by(1), ArrowDown: by(-1), ArrowLeft: by(-1), PageUp: by(10), PageDown: by(-10) });
    });
  }

  /** Hypothetical outcomes: one future at a time, so that the band is seen to be made of whole paths. */
  #toggleOutcomes(): void {
    if (calm()) return this.#nextOutcome();
    if (this.#timer !== 0) return this.#stopOutcomes();
    this.#nextOutcome();
    this.#timer = window.setInterval(() => this.#nextOutcome(), OUTCOME_MS);
    this.#sayOutcomes();
  }

  #stopOutcomes(): void {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#outcome = -1;
    this.#chart.redraw();
    this.#showLegend(!this.#score.hidden);
    this.#sayOutcomes();
  }

  #sayOutcomes(): void {
    say(this.#play, this.#timer === 0 ? calm() ? "Next outcome" : "Play outcomes" : "Pause outcomes");
    this.root.dataset["playing"] = String(this.#timer !== 0);
  }

  protected override still(): void {
    this.#stopOutcomes();
    this.#pause();
    this.#sayReveal();
  }

  #nextOutcome(): void {
    if (this.#kept === 0) return;
    this.#outcome = (this.#outcome + 1) % this.#kept;
    this.#chart.redraw();
    this.#showLegend(!this.#score.hidden);
  }

  #rebuildChart(): void {
    this.#chart = this.swap(this.#chart, this.#draw());
  }

  #rebuild(): void {
    this.#rebuildChart();
    this.update(new Set());
  }

  protected override recoloured(): void {
    this.#showLegend(!this.#score.hidden);
  }

  protected override destroy(): void {
    clearInterval(this.#timer);
    this.#pause();
    super.destroy();
  }
}
