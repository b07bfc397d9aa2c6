/**
 * Held-out forecasts and gates after an epoch, and the slider over the epochs: alone in the view of a training that was
 * watched, and below the losses of one that runs.
 */
import type uPlot from "uplot";
import { Player } from "../cell/play";
import type { Chart, ChartOptions } from "../chart";
import { rule } from "../charts";
import { button, choices, h, legend, on, say, slider, type Entry } from "../dom";
import { number, time } from "../format";
import { Scale } from "../gates/colours";
import { sheet } from "../gates/strips";
import { extent, padded } from "../geometry";
import { alpha, calm, type Palette } from "../theme";
import type { Store } from "../wire";
import { type Piece, Watched } from "./watched";

/** Seconds that an epoch stands while they are played. */
const SECONDS = 0.5;
/** Room left of the heat map, and its height, in pixels of usual text. */
const LEFT = 46;
const TALL = 146;

export interface Host {
  store: Store;
  palette: () => Palette;
  unit: () => number;
  plot: (options: Partial<ChartOptions> & Pick<ChartOptions, "label" | "series" | "data">) => Chart;
  /** Hear that another epoch is shown. */
  moved: () => void;
  /** Where values are read out. */
  readout: HTMLElement;
  /** Height of the forecasts' chart. */
  height: number;
}

export class LearningPanel {
  readonly watched: Watched;
  readonly element = h("div", { class: "learning", hidden: true });
  readonly #caption = h("p", { class: "note meaning", role: "status" });
  readonly #legend = h("ul", { class: "legend" });
  readonly #play = button("▶ Play", () => this.#toggle(), { class: "play" });
  readonly #gates = h("select", { "aria-label": "Gate" });
  readonly #canvas = h("canvas", { role: "img" });
  readonly #below = h("p", { class: "note muted" });
  readonly #ramp = h("span", { class: "ramp", "aria-hidden": "true" });
  readonly #ends = [h("span"), h("span")] as const;
  readonly #figure: HTMLElement;
  readonly #forecasts = h("figure", { class: "wide" });
  readonly #controls: HTMLElement;
  readonly #player = new Player({ next: () => this.#next(), show: () => undefined, changed: () => this.#playing() });
  #slider: ReturnType<typeof slider> | null = null;
  #charts: Chart[] = [];
  #count = 0;
  readonly #about = h("p", { class: "note muted" });

  constructor(private readonly host: Host) {
    this.watched = new Watched(host.store);
    this.#player.seconds = SECONDS;
    this.#controls = h("div", { class: "controls" }, this.#play);
    const pick = h("label", { class: "control" }, "gate", this.#gates);
    const scale = h("span", { class: "scale muted" }, this.#ends[0], this.#ramp, this.#ends[1]);
    this.#figure = h("figure", {}, h("div", { class: "controls" }, pick, scale), this.#canvas, this.#below);
    this.element.append(this.#controls, this.#caption, h("div", { class: "below" }, this.#forecasts, this.#figure), this.#legend, this.#about);
    on(this.#gates, "change", () => {
      host.store.ui["gate"] = this.#gates.selectedIndex;
      this.#paint();
    });
  }

  /** Position of the epoch that is shown: the newest while training runs, then the kept one. */
  get at(): number {
    const { watched, host } = this;
    const last = Math.max(watched.epochs.length - 1, 0);
    const set = host.store.ui["epoch"];
    if (typeof set === "number") return watched.nearest(set);
    return watched.facts?.over ? watched.nearest(watched.facts.kept) : last;
  }

  /** The epoch that is shown; null before there is one. */
  get epoch(): number | null {
    return this.watched.epochs[this.at] ?? null;
  }

  go(epoch: number): void {
    this.#player.stop();
    this.#choose(this.watched.nearest(epoch));
  }

  #choose(at: number): void {
    this.host.store.ui["epoch"] = this.watched.epochs[at];
    this.update();
    this.host.moved();
  }

  /** Who asked for less motion steps by hand. */
  #toggle(): void {
    if (this.#player.playing) return this.#player.stop();
    const last = this.watched.epochs.length - 1;
    if (calm()) return this.#choose(this.at === last ? 0 : this.at + 1);
    if (this.at === last) this.#choose(0);
    this.#player.play();
  }

  #next(): boolean {
    if (this.at >= this.watched.epochs.length - 1) return false;
    this.#choose(this.at + 1);
    return true;
  }

  #playing(): void {
    const { playing } = this.#player;
    say(this.#play, playing ? "❚❚ Pause" : calm() ? "Next epoch" : "▶ Play");
    this.element.dataset["playing"] = String(playing);
    // A screen reader follows whoever moves the slider, and not the play.
    this.#caption.setAttribute("aria-live", playing ? "off" : "polite");
  }

  update(): void {
    const { facts, epochs } = this.watched;
    if (facts === null || epochs.length === 0) return;
    this.element.hidden = false;
    if (this.#charts.length === 0) this.#draw();
    this.#slide();
    choices(this.#gates, facts.gates, facts.gates[this.#gate]!, facts.gates.map((name) => (name === "hidden" ? "hidden state" : `${name} gate`)));
    this.#gates.parentElement!.hidden = facts.gates.length < 2;
    const error = number(this.watched.error(this.at), 3);
    say(this.#caption, `${this.watched.caption(this.at)}. Held-out forecasts are off by ${error} on average.`.replace(/^e/, "E"));
    const data = this.#data();
    facts.pieces.forEach(({ first, end }, at) => this.#charts[at]!.setData(data.map((column) => column.slice(first, end)) as uPlot.AlignedData));
    this.#paint();
    this.#say();
    this.element.dataset["epoch"] = String(this.epoch);
  }

  get #gate(): number {
    const set = this.host.store.ui["gate"];
    return typeof set === "number" && set < (this.watched.facts?.gates.length ?? 0) ? set : 0;
  }

  /** A slider over the epochs, once there are several. */
  #slide(): void {
    const { epochs } = this.watched;
    this.#controls.hidden = epochs.length < 2;
    if (this.#slider === null || this.#count !== epochs.length) {
      this.#count = epochs.length;
      const words = (at: number): string => `${epochs[at]} of ${epochs.at(-1)}${epochs[at] === this.watched.facts?.kept ? ", kept" : ""}`;
      const fresh = slider("epoch", { min: 0, max: epochs.length - 1, step: 1, value: this.at }, words, (at) => this.go(epochs[at]!));
      fresh.element.classList.add("step");
      if (this.#slider) this.#slider.element.replaceWith(fresh.element);
      else this.#controls.append(fresh.element);
      this.#slider = fresh;
      this.#playing();
    }
    this.#slider.set(this.at);
  }

  get #observed(): (number | null)[] {
    return Array.from(this.host.store.data("watched_observed"), (value) => (Number.isFinite(value) ? value : null));
  }

  #data(): (number | null)[][] {
    const { facts } = this.watched;
    const x = Array.from(this.host.store.data("watched_times"));
    const kept = this.watched.nearest(facts!.kept);
    const other = facts!.over && kept !== this.at ? this.watched.line(kept) : x.map(() => null);
    const { at } = this;
    return [x, this.#observed, other, this.watched.line(at), this.watched.edge(at, false), this.watched.edge(at, true)];
  }

  /** A chart for each series, two in a row where there are several. */
  #draw(): void {
    const facts = this.watched.facts!;
    const oneStep = facts.horizon === 1;
    const words = oneStep ? "Held-out rows, each forecast from those before it, against what happened" : "Forecasts of held-out rows, against what happened";
    const several = facts.pieces.length > 1;
    const data = this.#data();
    this.#charts = facts.pieces.map((piece) => this.#chart(piece, data.map((column) => column.slice(piece.first, piece.end)) as uPlot.AlignedData));
    const cells = this.#charts.map((chart, at) => h("div", {}, ...(several ? [h("strong", {}, facts.pieces[at]!.name)] : []), chart.element));
    this.#forecasts.append(h("figcaption", {}, words), h("div", { class: several ? "watched" : "" }, ...cells));
    this.#figure.hidden = facts.gates.length === 0;
    // They were made as wide as the view, and share their row with the gates.
    for (const chart of this.#charts) chart.resize(chart.element.clientWidth || 280);
  }

  #chart(piece: Piece, data: uPlot.AlignedData): Chart {
    const { host } = this;
    const facts = this.watched.facts!;
    const palette = host.palette;
    const several = facts.pieces.length > 1;
    const quiet = { points: { show: false } };
    const chart = host.plot({
      label: `Forecasts of held-out rows${several ? ` of ${piece.name}` : ""} after an epoch`,
      height: host.height * (several ? 0.72 : 1),
      time: facts.is_time,
      data,
      series: [
        {},
        { ...quiet, stroke: () => palette().text, width: 1.3 },
        { ...quiet, stroke: () => palette().green, width: 1.5, dash: [5, 4] },
        { ...quiet, stroke: () => palette().blue, width: 2.5 },
        quiet,
        quiet,
      ],
      bands: [{ series: [5, 4], fill: () => alpha(palette().blue, 0.2) }],
      // The same for every epoch, so that only the forecasts move.
      yRange: () => padded(extent(host.store.data("watched_observed").subarray(piece.first, piece.end)) ?? [0, 1], 0.35),
      under: (u) => {
        for (const start of facts.horizon === 1 ? [] : facts.starts) {
          if (start < piece.first || start >= piece.end) continue;
          const x = u.data[0][Math.max(start - piece.first - 1, 0)]!;
          rule(u, "x", x, { colour: palette().muted, width: 1, dash: [2, 3] });
        }
      },
      hover: (at) => this.#read(chart, piece, at),
    });
    return chart;
  }

  #read(chart: Chart | undefined, piece: Piece, at: number | null): void {
    const data = chart?.u.data;
    const { readout } = this.host;
    if (at === null || data?.[0][at] === undefined) return say(readout, "");
    const x = data[0][at];
    const { is_time } = this.watched.facts!;
    const step = data[0].length > 1 ? data[0][1]! - data[0][0]! : 1;
    const parts = [...(piece.name ? [piece.name] : []), time(x, is_time, step), `observed ${number(data[1]![at])}`];
    if (data[3]![at] !== null) parts.push(`forecast ${number(data[3]![at])}`);
    if (typeof data[4]![at] === "number") parts.push(`paths ${number(data[4]![at])} to ${number(data[5]![at])}`);
    say(readout, parts.join(" · "));
  }

  /** Paint the gate: a row a unit, a column a step. */
  #paint(): void {
    const facts = this.watched.facts!;
    if (facts.gates.length === 0) return;
    const { muted, dark } = this.host.palette();
    const unit = this.host.unit();
    const wide = Math.max((this.#figure.clientWidth || 280) / unit, 200);
    const ctx = sheet(this.#canvas, wide, TALL, unit);
    const codes = this.watched.codes(this.at, this.#gate);
    const table = new Scale(facts.signed, dark).pixels();
    const picture = h("canvas", { width: facts.steps, height: facts.units });
    const inner = picture.getContext("2d")!;
    const image = inner.createImageData(facts.steps, facts.units);
    const pixels = new Uint32Array(image.data.buffer);
    for (let step = 0; step < facts.steps; step++) {
      for (let row = 0; row < facts.units; row++) pixels[row * facts.steps + step] = table[codes[step * facts.units + row] ?? 255]!;
    }
    inner.putImageData(image, 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(picture, LEFT, 2, wide - LEFT - 8, TALL - 4);
    ctx.fillStyle = muted;
    ctx.textAlign = "right";
    const row = (TALL - 4) / facts.units;
    const every = Math.max(1, Math.ceil(14 / row));
    for (let at = 0; at < facts.units; at += every) ctx.fillText(`unit ${at}`, LEFT - 5, 2 + (at + 0.5) * row);
    say(this.#below, `${facts.steps} steps up to the last origin${facts.pieces.length > 1 ? ` of ${facts.pieces.at(-1)!.name}` : ""}, oldest first`);
    const gate = facts.gates[this.#gate]!;
    const name = gate === "hidden" ? "hidden state" : `${gate} gate`;
    this.#canvas.setAttribute("aria-label", `Heat map of the ${name} of layer ${facts.layer} after epoch ${this.epoch}: a row a unit, a column a step.`);
    say(this.#ends[0], facts.signed ? "−1" : "shut 0");
    say(this.#ends[1], facts.signed ? "+1" : "1 open");
    this.#ramp.style.background = new Scale(facts.signed, dark).gradient;
  }

  #say(): void {
    const facts = this.watched.facts!;
    const { text, blue, green, muted } = this.host.palette();
    const entries: Entry[] = [
      { words: "observed", colour: text },
      { words: `forecast after epoch ${this.epoch}`, colour: blue },
      ...(facts.horizon === 1 ? [] : [{ words: "origin", colour: muted, kind: "dots" as const }]),
    ];
    if (this.watched.edge(this.at, true).some((value) => value !== null)) entries.push({ words: "middle 80 % of the paths", colour: alpha(blue, 0.3), kind: "box" });
    say(this.#about, facts.about);
    if (facts.over && this.epoch !== facts.kept) entries.push({ words: `forecast of the kept epoch ${facts.kept}`, colour: green, kind: "dash" });
    legend(this.#legend, entries);
  }

  resize(): void {
    if (!this.element.hidden) this.#paint();
  }

  recolour(): void {
    if (this.element.hidden) return;
    this.#paint();
    this.#say();
  }

  /** Stop what plays. */
  still(): void {
    this.#player.stop();
  }

  destroy(): void {
    this.#player.stop();
  }
}
