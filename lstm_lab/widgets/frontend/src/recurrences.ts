/** An activation found again: how near every place of the series comes, and the nearest matches with what followed. */
import type uPlot from "uplot";
import type { Chart } from "./chart";
import { ChartView, ring, rule } from "./charts";
import { h, legend, say } from "./dom";
import { number, time } from "./format";
import { Matches, foundOf, wordsOf, type Found } from "./matches";

export class RecurrencesView extends ChartView {
  readonly #what = h("p", { class: "note" });
  readonly #legend = h("ul", { class: "legend" });
  readonly #matches = new Matches((at) => this.#choose(at));
  #chart!: Chart;

  get #found(): Found | null {
    return foundOf(this.store.values["found"]);
  }

  get #chosen(): number {
    return Number(this.store.ui["match"] ?? 0);
  }

  protected override build(): void {
    this.facts.append(h("p", { class: "title" }, this.store.text("title")));
    this.#chart = this.#distances();
    this.body.append(this.#what, this.#legend, this.#chart.element, this.#matches.element);
  }

  #distances(): Chart {
    const { store } = this;
    const chance = store.number("chance");
    return this.plot({
      label: "Distance of every place of the series",
      time: store.flag("is_time"),
      data: [Array.from(store.data("times")), Array.from(store.data("distances"), (value) => (Number.isFinite(value) ? value : null))],
      yLabel: "distance",
      yRange: (_, __, high) => [0, 1.06 * high],
      series: [{}, { stroke: () => this.palette.muted, width: 1, points: { show: false } }],
      under: (u) => chance !== null && rule(u, "y", chance, { colour: this.palette.muted, width: 1, dash: [5, 4] }),
      over: (u) => this.#mark(u),
      hover: (at) => this.#read(at),
    });
  }

  /** Mark what was looked for, and a ring for each match; the one that is looked at is filled. */
  #mark(u: uPlot): void {
    const { blue, orange } = this.palette;
    const found = this.#found;
    const marks = this.store.data("marks");
    if (found === null) return;
    rule(u, "x", marks[0]!, { colour: orange, width: 2 });
    marks.forEach((x, at) => {
      if (at > 0) ring(u, x, found.distances[at]!, 5, { colour: blue, width: 2 }, at === this.#chosen ? blue : undefined);
    });
  }

  #read(at: number | null): void {
    if (at === null || !this.#chart) return;
    const { data } = this.#chart.u;
    const when = time(data[0][at]!, this.store.flag("is_time"), this.store.number("step") ?? 1);
    say(this.readout, `from ${when} · distance ${number(data[1]![at], 3)}`);
  }

  #choose(at: number): void {
    const found = this.#found;
    if (found === null) return;
    this.store.ui["match"] = at;
    this.#matches.mark(at);
    this.#chart.redraw();
    const look = found.at[at];
    say(this.readout, [found.when[at]!, wordsOf(found, at), ...(look ? [`look inside with run.gates(at="${look}")`] : [])].join(" · "));
  }

  protected override update(): void {
    const found = this.#found;
    const { muted, orange, blue } = this.palette;
    say(this.#what, `Looked for: ${found?.what ?? ""}.`);
    const chance = this.store.number("chance");
    legend(this.#legend, [
      { words: "distance of each place", colour: muted },
      { words: "looked for", colour: orange },
      { words: "matches", colour: blue, kind: "ring" },
      ...(chance === null ? [] : [{ words: `nearest match of other places, ${number(chance, 3)} in the median`, colour: muted, kind: "dash" as const }]),
    ]);
    this.#matches.draw(found, this.store.data("found"));
    this.#matches.mark(this.#chosen);
  }

  protected override recoloured(): void {
    this.update();
  }
}
