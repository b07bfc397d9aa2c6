/** How much each training window counts, by its time, under each scheme; and a choice for the next training. */
import type uPlot from "uplot";
import type { Chart } from "./chart";
import { ChartView } from "./charts";
import { button, fill, h, on, say, slider } from "./dom";
import { number, percent, time } from "./format";

type Name = "uniform" | "linear" | "exponential";
const NAMES: Name[] = ["uniform", "linear", "exponential"];
const DASHES: Record<Name, number[]> = { uniform: [2, 4], linear: [8, 4], exponential: [] };
/** Windows that the sums are taken over; more would change no digit that is shown. */
const MOST = 20_000;

/** A scheme over age, 0 oldest to 1 newest, before it is normalised: the twin of `data/sample_weights.py`. */
function curve(name: Name, rate: number, age: number): number {
  if (name === "linear") return 0.5 + 0.5 * age;
  return name === "exponential" ? Math.exp(rate * (age - 1)) : 1;
}

interface Scheme {
  mean: number;
  /** Newest over oldest. */
  ratio: number;
  /** Effective sample size, as a share of the windows: (Σw)² / (n Σw²). */
  effective: number;
}

export class WeightsView extends ChartView {
  #chart!: Chart;
  readonly #chosen = h("p", { class: "note", role: "status" });
  readonly #table = h("table", { "aria-label": "What each scheme does" });
  readonly #use = button("Use in the next training", () => this.send({ kind: "use", scheme: this.#scheme() }));

  protected override build(): void {
    this.facts.append(h("p", { class: "title" }, "Weights of the training windows"));
    const group = h("fieldset", { class: "controls" }, h("legend", { class: "muted" }, "Scheme"));
    for (const name of NAMES) group.append(this.#radio(name));
    const rate = slider(
      "rate of exponential",
      { min: 0, max: 8, step: 0.1, value: this.#rate },
      (value) => value.toFixed(1),
      (value) => {
        this.store.ui["rate"] = value;
        this.#refresh();
      },
    );
    group.append(rate.element, h("span", { class: "spacer" }), this.#use);
    this.#chart = this.plot({
      label: "Weight by time",
      time: this.store.flag("is_time"),
      yLabel: "weight (mean 1)",
      yRange: (_, __, high) => [0, Math.max(high ?? 1, 1) * 1.06],
      data: this.#data(),
      series: [{}, ...NAMES.map((name) => this.#line(name))],
      hover: (index) => this.#read(index),
    });
    this.body.append(group, this.#chart.element, this.#table, this.#chosen);
  }

  #line(name: Name): uPlot.Series {
    return {
      stroke: () => this.#colour(name),
      width: 2,
      dash: DASHES[name],
      points: { show: false },
    };
  }

  #colour(name: Name): string {
    return { uniform: this.palette.muted, linear: this.palette.orange, exponential: this.palette.blue }[name];
  }

  get #name(): Name {
    const set = this.store.ui["name"] ?? this.store.text("scheme").split(":")[0];
    return NAMES.find((name) => name === set) ?? "uniform";
  }

  get #rate(): number {
    const set = this.store.ui["rate"];
    if (typeof set === "number") return set;
    return Number(this.store.text("scheme").split(":")[1] ?? 3) || 3;
  }

  #scheme(): string {
    return this.#name === "exponential" ? `exponential:${number(this.#rate, 3)}` : this.#name;
  }

  #radio(name: Name): HTMLLabelElement {
    const input = h("input", { type: "radio", name: `scheme-${this.context.model.get("_key")}`, value: name, checked: this.#name === name });
    on(input, "change", () => {
      this.store.ui["name"] = name;
      this.#refresh();
    });
    const swatch = h("span", { class: `swatch ${name === "exponential" ? "" : "dash"}`, "aria-hidden": "true" });
    swatch.dataset["name"] = name;
    swatch.style.borderColor = this.#colour(name);
    return h("label", { class: "control" }, input, swatch, name);
  }

  #measure(name: Name): Scheme {
    const count = Math.max(2, Math.min(this.store.number("count") ?? 2, MOST));
    let sum = 0;
    let squares = 0;
    for (let at = 0; at < count; at++) {
      const weight = curve(name, this.#rate, at / (count - 1));
      sum += weight;
      squares += weight * weight;
    }
    const ratio = curve(name, this.#rate, 1) / curve(name, this.#rate, 0);
    return { mean: sum / count, ratio, effective: (sum * sum) / (count * squares) };
  }

  #data(): uPlot.AlignedData {
    const places = this.store.data("times");
    const last = Math.max(places.length - 1, 1);
    const curves = NAMES.map((name) => {
      const { mean } = this.#measure(name);
      return Array.from(places, (_, at) => curve(name, this.#rate, at / last) / mean);
    });
    return [Array.from(places), ...curves];
  }

  #refresh(): void {
    NAMES.forEach((name, at) => {
      this.#chart.u.series[at + 1]!.width = name === this.#name ? 3.5 : 1.5;
    });
    this.#chart.setData(this.#data());
    this.#showTable();
    say(this.#use, `Use ${this.#scheme()} in the next training`);
    const next = this.store.text("next");
    const now = this.store.text("scheme");
    say(this.#chosen, next === "" ? (now === "" ? "" : `This run was trained with: ${now}.`) : `Chosen for the next training, unless it says otherwise: ${next}.`);
    this.root.dataset["scheme"] = this.#scheme();
    this.root.dataset["next"] = next;
  }

  #showTable(): void {
    const count = this.store.number("count") ?? 0;
    const rows = NAMES.map((name) => {
      const { ratio, effective } = this.#measure(name);
      return [name, `${number(ratio, 3)} ×`, number(Math.round(effective * count), 6), percent(effective)];
    });
    fill(this.#table, ["", "newest ÷ oldest", "effective windows", "of all"], rows);
  }

  #read(index: number | null): void {
    if (index === null || !this.#chart) return say(this.readout, "");
    const [x, ...curves] = this.#chart.u.data;
    if (x[index] === undefined) return;
    const when = time(x[index]!, this.store.flag("is_time"), this.store.number("step") ?? 1);
    say(this.readout, [when, ...NAMES.map((name, at) => `${name} ${number(curves[at]![index], 3)}`)].join(" · "));
  }

  protected override update(): void {
    this.#use.hidden = !this.store.live;
    this.#refresh();
  }

  protected override recoloured(): void {
    for (const swatch of this.root.querySelectorAll<HTMLElement>(".swatch[data-name]")) {
      swatch.style.borderColor = this.#colour(swatch.dataset["name"] as Name);
    }
  }
}
