/**
 * A backtest: the series with its origins above; the forecast of one of them, as a fan with its misses, beneath; beside
 * that, how reliable the bands of all models were. Scrubbing needs no kernel.
 */
import type uPlot from "uplot";
import type { Chart } from "../chart";
import { rule } from "../charts";
import { button, choices, fill, h, legend, on, say, scroller, slider } from "../dom";
import { FanView } from "../fan";
import { number, percent, time } from "../format";
import { pressed } from "../keys";
import { alpha, calm } from "../theme";
import type { Json, Packed } from "../wire";
import { Curves, look } from "./curves";
import { Origins } from "./origins";

const PLAY_MS = 700;
/** Height of the series above, and of its marks of misses, in pixels of usual text. */
const TALL = 130;
const MARK = 22;

export class BacktestView extends FanView {
  #origins!: Origins;
  #series!: Chart;
  #curves!: Curves;
  #timer = 0;
  readonly #verdict = h("p", { class: "note meaning" });
  readonly #caution = h("p", { class: "note", hidden: true });
  readonly #here = h("p", { class: "note muted", hidden: true });
  readonly #key = h("ul", { class: "legend" });
  readonly #names = h("ul", { class: "legend" });
  readonly #play = button("", () => this.#toggle(), { class: "play" });
  readonly #pick = h("select", { "aria-label": "Model" });
  readonly #scores = h("table", { class: "scores", "aria-label": "Scores of all models" });
  readonly #details = h("table", { "aria-label": "How the backtest was made" });
  #slider!: ReturnType<typeof slider>;

  protected override get withPaths(): boolean {
    return false;
  }

  protected override get heading(): string {
    return `Backtest of ${this.store.text("target")}`;
  }

  protected override build(): void {
    this.#origins = new Origins(this.store);
    this.#curves = new Curves(this.store);
    this.#put();
    super.build();
    const fan = h("div", { class: "wide" }, ...this.body.children);
    const side = h("div", { class: "beside" }, ...this.#curves.elements, this.#names);
    this.#series = this.#overview();
    this.body.append(this.#verdict, this.#caution, this.#series.element, this.#key, this.#controls(), h("div", { class: "split" }, fan, side));
    const more = h("details", { class: "more" }, h("summary", {}, "How it was made"), this.#details);
    this.body.append(scroller(this.#scores), this.#here, more);
    on(this.root, "keydown", (event) => pressed(event, { "[": () => this.#choose(this.#at - 1), "]": () => this.#choose(this.#at + 1) }));
  }

  #controls(): HTMLElement {
    const { count } = this.#origins;
    this.#slider = slider("origin", { min: 1, max: count, step: 1, value: this.#at + 1 }, (at) => this.#when(at - 1), (at) => {
      this.#pause();
      this.#choose(at - 1);
    });
    this.#slider.element.classList.add("step");
    choices(this.#pick, this.#origins.models, this.#origins.models[this.#model] ?? "");
    on(this.#pick, "change", () => {
      this.store.ui["model"] = this.#pick.selectedIndex;
      this.#show();
    });
    const missed = button("Next with misses", () => {
      this.#pause();
      this.#choose(this.#origins.nextMiss(this.#model, this.#at));
    });
    return h("div", { class: "controls" }, this.#play, this.#slider.element, missed, h("label", { class: "control" }, "model", this.#pick));
  }

  /** The origin that is shown: the newest at first. */
  get #at(): number {
    const last = this.#origins.count - 1;
    const set = this.store.ui["origin"];
    return typeof set === "number" ? Math.max(0, Math.min(set, last)) : last;
  }

  get #model(): number {
    const set = this.store.ui["model"];
    return typeof set === "number" && set < this.#origins.models.length ? set : 0;
  }

  #when(at: number): string {
    const { store } = this;
    const x = store.data("series_times")[this.#origins.rows[at]! - 1];
    return x === undefined ? "" : time(x, store.flag("is_time"), store.number("step") ?? 1);
  }

  #overview(): Chart {
    const { store } = this;
    const chart = this.plot({
      label: `${store.text("target")} and the origins`,
      height: TALL * this.unit,
      time: store.flag("is_time"),
      data: [Array.from(store.data("series_times")), Array.from(store.data("series"), (value) => (Number.isFinite(value) ? value : null))] as uPlot.AlignedData,
      series: [{}, { stroke: () => this.palette.text, width: 1.2, points: { show: false } }],
      // Room beneath the series for the marks.
      yRange: (_, low, high) => [low - (high - low || 1) * 0.32, high + (high - low || 1) * 0.05],
      under: (u) => this.#marks(u),
      over: (u) => this.#band(u),
    });
    this.#scrub(chart);
    return chart;
  }

  /** Choose the origin under the pointer while it is held down. */
  #scrub(chart: Chart): void {
    const ground = h("div", { class: "scrub" });
    const move = (event: PointerEvent): void => {
      const { left } = chart.u.over.getBoundingClientRect();
      this.#pause();
      this.#choose(this.#origins.nearest(chart.u.posToIdx(event.clientX - left)));
    };
    // Otherwise the plot below would take the drag for a zoom.
    on(ground, "mousedown", (event) => event.stopPropagation());
    on(ground, "pointerdown", (event) => {
      ground.setPointerCapture(event.pointerId);
      move(event);
    });
    on(ground, "pointermove", (event) => {
      if (ground.hasPointerCapture(event.pointerId)) move(event);
    });
    chart.u.over.append(ground);
    on(chart.element, "keydown", (event) => {
      const by = (steps: number) => (): void => this.#choose(this.#at + steps);
      pressed(event, { ArrowLeft: by(-1), ArrowRight: by(1), Home: by(-this.#origins.count), End: by(this.#origins.count) });
    }, { capture: true });
  }

  /** A mark for each origin: grey where it stands, red as far up as its steps missed. */
  #marks(u: uPlot): void {
    const { ctx, bbox } = u;
    const { red, grid } = this.palette;
    const x = u.data[0];
    const rows = this.#origins.rows;
    const tall = (MARK * this.unit * bbox.height) / u.over.clientHeight;
    const place = (at: number): number => u.valToPos(x[rows[at]!] ?? 0, "x", true);
    const gap = rows.length > 1 ? Math.abs(place(rows.length - 1) - place(0)) / (rows.length - 1) : 8;
    const wide = Math.max(Math.min(gap * 0.7, 10), 2);
    for (let at = 0; at < rows.length; at++) {
      const { missed, known } = this.#origins.misses(this.#model, at);
      const left = place(at) - wide / 2;
      ctx.fillStyle = grid;
      ctx.fillRect(left, bbox.top + bbox.height - tall, wide, tall);
      const height = known === 0 ? 0 : (tall * missed) / known;
      ctx.fillStyle = red;
      ctx.fillRect(left, bbox.top + bbox.height - height, wide, height);
    }
  }

  /** The chosen forecast's band on the series, and its origin. */
  #band(u: uPlot): void {
    const { ctx } = u;
    const { row, quantiles } = this.#origins.forecast(this.#model, this.#at);
    const { horizon } = this.#origins;
    const x = u.data[0];
    // The band of a single step is as wide as its mark.
    const half = horizon === 1 ? 3 * this.unit * devicePixelRatio : 0;
    const point = (step: number, line: number, aside = 0): void => ctx.lineTo(u.valToPos(x[row + step]!, "x", true) + aside, u.valToPos(quantiles[line * horizon + step]!, "y", true));
    ctx.fillStyle = alpha(this.palette.blue, 0.35);
    ctx.beginPath();
    for (let step = 0; step < horizon; step++) point(step, 0, -half);
    if (half > 0) [point(0, 0, half), point(0, 4, half)];
    for (let step = horizon - 1; step >= 0; step--) point(step, 4, -half);
    ctx.fill();
    rule(u, "x", x[Math.max(row - 1, 0)]!, { colour: this.palette.blue, width: 1.5 });
  }

  #choose(origin: number): void {
    this.store.ui["origin"] = Math.max(0, Math.min(origin, this.#origins.count - 1));
    this.#show();
  }

  #show(): void {
    this.#put();
    this.#series.redraw();
  }

  /** Hand the chosen forecast to the fan. */
  #put(): void {
    const { store } = this;
    const { past, row, quantiles, actual } = this.#origins.forecast(this.#model, this.#at);
    const times = store.data("series_times") as Float64Array;
    const arrays: [string, Float32Array | Float64Array][] = [
      ["times", times.slice(row, row + this.#origins.horizon)],
      ["history_times", times.slice(...past)],
      ["history", store.data("series").slice(...past) as Float32Array],
      ["quantiles", quantiles.slice()],
      ["actual", actual.slice()],
      ["errors", new Float32Array(0)],
      ["paths", new Float32Array(0)],
    ];
    const packed = arrays.map(([name, data]): Packed => {
      return { name, dtype: data instanceof Float64Array ? "f8" : "f4", shape: [data.length], start: null, data: new DataView(data.buffer as ArrayBuffer) };
    });
    const paths = store.number("paths") ?? 0;
    const bands = (store.values["bands"] ?? []) as string[];
    const values: Record<string, Json> = { band: bands[this.#model] ?? "", done: paths, total: paths };
    store.apply({ kind: "snapshot", seq: store.seq, values, arrays: packed }, []);
  }

  protected override scored(inside: number, known: number): string {
    const { models } = this.#origins;
    const errors = models.map((name, model) => `${name} ${number(this.#origins.error(model, this.#at), 3)}`);
    return `${inside} of ${known} actual values inside the band. Mean absolute error here: ${errors.join(", ")}.`;
  }

  protected override update(changed: Set<string>): void {
    if (changed.has("each_quantiles")) {
      this.#origins = new Origins(this.store);
      this.#put();
    }
    super.update(changed);
    this.#say();
    this.#curves.draw(this.palette, this.unit, this.#model, this.#origins.models);
  }

  #say(): void {
    const { store } = this;
    const { count, models } = this.#origins;
    say(this.#verdict, store.text("verdict"));
    this.#caution.hidden = store.text("caution") === "";
    say(this.#caution, store.text("caution"));
    this.#slider.set(this.#at + 1);
    say(this.#play, this.#timer === 0 ? calm() ? "Next origin" : "▶ Play" : "❚❚ Pause");
    this.#legends();
    const [head = [], ...rows] = (store.values["table"] ?? []) as string[][];
    fill(this.#scores, head, rows);
    fill(this.#details, [], (store.values["facts"] ?? []) as string[][]);
    const all = store.number("origins") ?? count;
    this.#here.hidden = count >= all;
    say(this.#here, `The newest ${count} of ${all} origins are held here; the scores are of all of them.`);
    this.root.dataset["origin"] = String(this.#at);
    this.root.dataset["model"] = models[this.#model] ?? "";
  }

  #legends(): void {
    const { text, blue, red } = this.palette;
    const { missed, known } = this.#origins.misses(this.#model, this.#at);
    legend(this.#key, [
      { words: "observed", colour: text },
      { words: `forecast from origin ${this.#at + 1} of ${this.#origins.count}: ${percent(known === 0 ? 0 : missed / known)} of its steps missed`, colour: blue },
      { words: "share of an origin's steps outside the band", colour: red, kind: "box" },
    ]);
    const nominal = { words: "nominal", colour: this.palette.muted, kind: "dash" as const };
    legend(this.#names, [...this.#origins.models.map((words, model) => ({ words, colour: look(this.palette, model).colour, ...(model === 0 ? {} : { kind: "dash" as const }) })), nominal]);
  }

  /** Show an origin after the other; for who asks for less motion, one at a press. */
  #toggle(): void {
    if (this.#timer !== 0) {
      this.#pause();
      return this.#say();
    }
    if (this.#at === this.#origins.count - 1) this.store.ui["origin"] = -1;
    if (!calm()) this.#timer = window.setInterval(() => this.#next(), PLAY_MS);
    this.#next(Number(this.store.ui["origin"] ?? this.#at) < 0 ? 0 : this.#at + 1);
  }

  #next(origin = this.#at + 1): void {
    if (origin >= this.#origins.count - 1) this.#pause();
    this.#choose(origin);
  }

  #pause(): void {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  protected override resize(): void {
    super.resize();
    this.#curves.draw(this.palette, this.unit, this.#model, this.#origins.models);
  }

  protected override recoloured(): void {
    super.recoloured();
    this.#legends();
    this.#curves.draw(this.palette, this.unit, this.#model, this.#origins.models);
  }

  protected override still(): void {
    super.still();
    this.#pause();
    this.#say();
  }

  protected override destroy(): void {
    this.#pause();
    super.destroy();
  }
}
