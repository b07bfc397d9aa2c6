/** What a choice does to a forecast: a tiny network retrained in the kernel as the control rests, beside the run's band. */
import type uPlot from "uplot";
import type { Chart, ChartOptions } from "./chart";
import { barRoom, singleSteps } from "./charts";
import { h, legend, say, toggle } from "./dom";
import { rowOf } from "./runs";
import { Stop } from "./stop";
import { alpha, type Palette } from "./theme";
import type { Store, Wire } from "./wire";

/** Milliseconds that a control rests before a network is trained. */
export const REST = 600;
/** Milliseconds between two hellos, which prove that a click arrives while the kernel is busy. */
const ASK = 500;

export type Choice = Record<string, string | number>;

export interface TrialHost {
  store: Store;
  send: (content: Parameters<Wire["send"]>[0]) => void;
  palette: () => Palette;
  unit: () => number;
  plot: (options: Partial<ChartOptions> & Pick<ChartOptions, "label" | "series" | "data">) => Chart;
}

/** Whether a training that runs is to end, for another choice rests; where no click arrives it ends by itself. */
export function overtaken(choice: Choice | null, tried: Choice | null, store: Store): boolean {
  return choice !== null && store.flag("live") && store.flag("stop") && JSON.stringify(choice) !== JSON.stringify(tried);
}

/** Whether a choice is to be tried now: with a kernel that is idle, and not twice. */
export function due(choice: Choice | null, tried: Choice | null, store: Store): boolean {
  return choice !== null && store.live && !store.flag("live") && JSON.stringify(choice) !== JSON.stringify(tried);
}

export class Trial {
  readonly element: HTMLElement;
  readonly #stop: Stop;
  readonly #words = h("p", { class: "note", role: "status" });
  readonly #bar = h("progress", { "aria-label": "Training of the tiny network", max: 1, value: 0, hidden: true });
  readonly #legend = h("ul", { class: "legend", hidden: true });
  readonly #room = h("div", {});
  readonly #on: HTMLElement;
  #chart: Chart | null = null;
  #wanted: Choice | null = null;
  #tried: Choice | null = null;
  #dropped: Choice | null = null;
  #timer = 0;
  #asking = 0;

  constructor(private readonly host: TrialHost) {
    this.#stop = new Stop(host.store, host.send, "what is learnt is kept");
    this.#on = toggle("retrain a tiny network when a choice rests", host.store.ui["trial"] !== false, (set) => {
      host.store.ui["trial"] = set;
      if (!set) clearTimeout(this.#timer);
    });
    const controls = h("div", { class: "controls" }, this.#on, this.#stop.element);
    this.element = h("figure", { class: "trial", hidden: true }, h("figcaption", {}, "What the choice does to a forecast"), controls, this.#words, this.#bar, this.#room, this.#legend);
  }

  /** A control was moved: try what it is set to once it rests. */
  moved(choice: Choice): void {
    const { store } = this.host;
    this.#wanted = choice;
    if (store.ui["trial"] === false) return;
    if (due(choice, this.#tried, store)) say(this.#words, "A tiny network is trained once the control rests …");
    else if (overtaken(choice, this.#tried, store)) this.#drop();
    this.#wait();
  }

  /** End the training of a choice that is none any more. */
  #drop(): void {
    if (this.#dropped === this.#tried) return;
    this.#dropped = this.#tried;
    say(this.#words, "The choice has changed: the training that runs is dropped …");
    this.host.send({ kind: "stop", dropped: true });
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.host.store.ui["trial"] === false) return;
    this.#timer = window.setTimeout(() => this.#try(), REST);
  }

  #try(): void {
    if (!due(this.#wanted, this.#tried, this.host.store)) return this.update();
    this.#tried = this.#wanted;
    say(this.#words, "A tiny network is trained …");
    this.host.send({ kind: "try", ...this.#wanted });
  }

  update(): void {
    const { store } = this.host;
    const facts = store.values["trial"] as { units: number; seconds: number } | undefined;
    this.element.hidden = facts === undefined;
    if (facts === undefined) return;
    this.#stop.update();
    this.#on.hidden = !store.live;
    this.#ask();
    const words = store.text("trial_words");
    const waits = `Move a control: a network of ${facts.units} units is then trained with it in the kernel, for ${facts.seconds} s or little more.`;
    const absent = "Without a kernel no network can be trained: run the cell again to try a choice.";
    const busy = store.live && store.flag("live");
    this.#bar.hidden = !busy;
    this.#bar.value = store.number("trial_share") ?? 0;
    if (!busy || this.#dropped === null || this.#dropped !== this.#tried) say(this.#words, store.live ? words || waits : [words && `${words}.`, absent].filter(Boolean).join(" "));
    if (due(this.#wanted, this.#tried, store)) this.#wait();
    this.#draw();
  }

  /** While the kernel trains, ask whether a click arrives, as only then there is a Stop. */
  #ask(): void {
    const { store, send } = this.host;
    if (this.#asking || !store.flag("live") || store.flag("stop") || !store.live) return;
    this.#asking = window.setTimeout(() => {
      this.#asking = 0;
      if (!store.flag("live")) return;
      send({ kind: "hello", token: "trial", seq: store.seq });
      this.#ask();
    }, ASK);
  }

  #data(): uPlot.AlignedData {
    const { store } = this.host;
    const x = Array.from(store.data("trial_times"));
    const past = store.data("trial_history");
    const history = x.map((_, at) => past[at] ?? null);
    return [x, history, ...[0, 1, 2, 3, 4, 5].map((row) => rowOf(store, "trial_bands", row, x.length))] as uPlot.AlignedData;
  }

  #draw(): void {
    const { store, palette } = this.host;
    if (store.data("trial_times").length === 0) return;
    if (this.#chart === null) {
      const edge = { points: { show: false } };
      const line = (name: "blue" | "orange", dash: number[]): uPlot.Series => ({ ...edge, stroke: () => palette()[name], width: 2.5, dash });
      this.#chart = this.host.plot({
        label: "Forecast of the run, and of a tiny network",
        height: 190 * this.host.unit(),
        time: store.flag("trial_is_time"),
        data: this.#data(),
        series: [{}, { ...edge, stroke: () => palette().text, width: 1.3 }, edge, line("blue", []), edge, edge, line("orange", [6, 4]), edge],
        bands: [
          { series: [4, 2], fill: () => alpha(palette().blue, 0.16) },
          { series: [7, 5], fill: () => alpha(palette().orange, 0.2) },
        ],
        xRange: (u, low, high) => [low, high + (Array.from(u.data[3]!).filter((value) => value !== null).length === 1 ? (high - low) * barRoom(2) : 0)],
        under: (u) => singleSteps(u, [[2, palette().blue], [5, palette().orange]], this.host.unit()),
      });
      this.#room.append(this.#chart.element);
      this.#chart.resize(this.#chart.element.clientWidth || 280);
    } else this.#chart.setData(this.#data());
    this.#legend.hidden = false;
    this.recolour();
  }

  recolour(): void {
    const { text, blue, orange } = this.host.palette();
    const facts = this.host.store.values["trial"] as { units: number } | undefined;
    const interval = this.host.store.number("trial_interval") ?? 90;
    legend(this.#legend, [
      { words: "observed", colour: text },
      { words: `this run, ${interval} % band, not calibrated`, colour: blue },
      { words: `tiny network, ${facts?.units ?? ""} units, for illustration`, colour: orange, kind: "dash" },
    ]);
  }

  destroy(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#asking);
  }
}
