/** How much each training window counts, by its time, under each scheme; and a choice for the next training. */
import type uPlot from "uplot";
import type { Chart } from "./chart";
import { ChartView } from "./charts";
import { button, fill, h, legend, on, say, slider } from "./dom";
import { number, percent, time } from "./format";
import { Trial } from "./trial";
import { curve, measure, type Name, NAMES, type Scheme } from "./schemes";

/** A scheme, or weights of one's own that a column of the table holds. */
type Shown = Name | "own";
const LINES: Shown[] = [...NAMES, "own"];
const DASHES: Record<Shown, number[]> = { uniform: [2, 4], linear: [8, 4], exponential: [], own: [] };

export class WeightsView extends ChartView {
  #chart!: Chart;
  #trial: Trial | null = null;
  readonly #chosen = h("p", { class: "note", role: "status" });
  readonly #table = h("table", { class: "schemes", "aria-label": "What each scheme does" });
  readonly #legend = h("ul", { class: "legend" });
  readonly #use = button("Use in the next training", () => this.send({ kind: "use", scheme: this.#scheme() }));

  protected override build(): void {
    this.#chart = this.plot({
      label: "Weight by time",
      time: this.store.flag("is_time"),
      yLabel: "weight (mean 1)",
      yRange: (_, __, high) => [0, Math.max(high ?? 1, 1) * 1.06],
      data: this.#data(),
      series: [{}, ...LINES.map((name) => this.#line(name))],
      hover: (index) => this.#read(index),
    });
    if (this.chartOnly) return this.body.append(this.#legend, this.#chart.element);
    this.facts.append(h("p", { class: "title" }, "Weights of the training windows"));
    const group = h("fieldset", { class: "controls" }, h("legend", { class: "muted" }, "Scheme"));
    for (const name of this.#shown) group.append(this.#radio(name));
    const rate = slider(
      "rate of exponential",
      { min: 0, max: 8, step: 0.1, value: this.#rate },
      (value) => value.toFixed(1),
      (value) => {
        this.store.ui["rate"] = value;
        this.#moved();
      },
    );
    group.append(rate.element, h("span", { class: "spacer" }), this.#use);
    this.#trial = new Trial({ store: this.store, send: (content) => this.send(content), palette: () => this.palette, unit: () => this.unit, plot: (options) => this.plot(options) });
    this.body.append(group, this.#chart.element, this.#table, this.#chosen, this.#trial.element);
  }

  /** Show a choice, and what it does to a forecast once it rests. */
  #moved(): void {
    this.#refresh();
    if (this.#name !== "own") this.#trial?.moved({ weights: this.#scheme() });
  }

  get #shown(): Shown[] {
    return this.store.data("own").length > 0 ? LINES : NAMES;
  }

  /** Name a scheme; weights of one's own by their column. */
  #label(name: Shown): string {
    return name === "own" ? this.store.text("scheme") : name;
  }

  #line(name: Shown): uPlot.Series {
    return {
      stroke: () => this.#colour(name),
      width: 2,
      dash: DASHES[name],
      points: { show: false },
    };
  }

  #colour(name: Shown): string {
    return { uniform: this.palette.muted, linear: this.palette.orange, exponential: this.palette.blue, own: this.palette.green }[name];
  }

  get #name(): Shown {
    const set = this.store.ui["name"] ?? this.store.text("scheme").split(":")[0];
    const shown = this.#shown;
    return shown.find((name) => name === (set === "column" ? "own" : set)) ?? "uniform";
  }

  get #rate(): number {
    const set = this.store.ui["rate"];
    if (typeof set === "number") return set;
    return this.store.number("rate") ?? 0;
  }

  #scheme(): string {
    return this.#name === "exponential" ? `exponential:${number(this.#rate, 3)}` : this.#label(this.#name);
  }

  #radio(name: Shown): HTMLLabelElement {
    const input = h("input", { type: "radio", name: `scheme-${this.context.model.get("_key")}`, value: name, checked: this.#name === name });
    on(input, "change", () => {
      this.store.ui["name"] = name;
      this.#moved();
    });
    const swatch = h("span", { class: `swatch ${DASHES[name].length === 0 ? "" : "dash"}`, "aria-hidden": "true" });
    swatch.dataset["name"] = name;
    swatch.style.borderColor = this.#colour(name);
    return h("label", { class: "control" }, input, swatch, this.#label(name));
  }

  #measure(name: Name): Scheme {
    return measure(name, this.#rate, this.store.number("count") ?? 2);
  }

  #data(): uPlot.AlignedData {
    const places = this.store.data("times");
    const last = Math.max(places.length - 1, 1);
    const curves = NAMES.map((name) => {
      const { mean } = this.#measure(name);
      return Array.from(places, (_, at) => curve(name, this.#rate, at / last) / mean);
    });
    const own = this.store.data("own");
    return [Array.from(places), ...curves, Array.from(places, (_, at) => own[at] ?? null)];
  }

  #refresh(): void {
    LINES.forEach((name, at) => {
      this.#chart.u.series[at + 1]!.width = name === this.#name ? 3.5 : 1.5;
    });
    this.#chart.setData(this.#data());
    legend(this.#legend, this.#shown.map((name) => ({ words: name === this.#name ? this.#scheme() : this.#label(name), colour: this.#colour(name), ...(DASHES[name].length === 0 ? {} : { kind: "dash" as const }) })));
    this.#showTable();
    say(this.#use, `Use ${this.#scheme()} in the next training`);
    const next = this.store.text("next");
    const now = this.store.text("scheme");
    say(this.#chosen, next === "" ? (now === "" ? "" : this.store.flag("planned") ? `Nothing is trained yet; shown first: ${now}.` : `This run was trained with: ${now}.`) : `Chosen for the next training, unless it says otherwise: ${next}.`);
    this.root.dataset["scheme"] = this.#scheme();
    this.root.dataset["next"] = next;
  }

  #showTable(): void {
    const count = this.store.number("count") ?? 0;
    const rows = NAMES.map((name) => {
      const { ratio, effective } = this.#measure(name);
      return [name, `${number(ratio, 3)} ×`, number(Math.round(effective * count), 6), percent(effective)];
    });
    if (this.#shown.length > NAMES.length) {
      const share = this.store.number("own_share") ?? 0;
      rows.push([this.#label("own"), "", number(Math.round(share * count), 6), percent(share)]);
    }
    fill(this.#table, ["", "newest ÷ oldest", "effective windows", "of all"], rows);
  }

  #read(index: number | null): void {
    if (index === null || !this.#chart) return say(this.readout, "");
    const [x, ...curves] = this.#chart.u.data;
    if (x[index] === undefined) return;
    const when = time(x[index]!, this.store.flag("is_time"), this.store.number("step") ?? 1);
    say(this.readout, [when, ...this.#shown.map((name, at) => `${this.#label(name)} ${number(curves[at]![index] as number, 3)}`)].join(" · "));
  }

  protected override update(): void {
    this.#use.hidden = !this.store.live;
    this.#refresh();
    this.#trial?.update();
  }

  protected override recoloured(): void {
    for (const swatch of this.root.querySelectorAll<HTMLElement>(".swatch[data-name]")) {
      swatch.style.borderColor = this.#colour(swatch.dataset["name"] as Shown);
    }
    this.#refresh();
    this.#trial?.recolour();
  }

  protected override destroy(): void {
    this.#trial?.destroy();
    super.destroy();
  }
}
