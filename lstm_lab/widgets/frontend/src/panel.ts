/**
 * Forecasts of many series: the fan chart of the one that is picked by name or by its thumbnail. It is drawn at once from
 * the quantiles that are here; a kernel sends its single paths after, and the series that are not here.
 */
import { h, on, say, set, svg } from "./dom";
import { FanView } from "./fan";
import { percent } from "./format";
import { extent, stepsKnown } from "./geometry";
import { pressed } from "./keys";
import type { Json, Numbers, Packed, Store } from "./wire";

/** Thumbnails, at most, and their size. */
const THUMBNAILS = 48;
const WIDE = 96;
const TALL = 40;

export function namesOf(store: Store, array: string): string[] {
  const text = new TextDecoder().decode(store.data(array));
  return text === "" ? [] : text.split("\n");
}

/** One series of those that are here. */
export interface Part {
  times: Numbers;
  past: Numbers;
  history: Numbers;
  /** Five rows, as long as `times`. */
  quantiles: Float32Array;
}

/** Cut out a series: what it lacks at the start of its history and at the end of its times is NaN. */
export function partOf(store: Store, row: number): Part {
  const count = namesOf(store, "each_names").length;
  const cut = (name: string, width: number, at: number): Numbers => store.data(name).subarray(at * width, (at + 1) * width);
  const before = store.data("each_history").length / count;
  const horizon = store.data("each_quantiles").length / count / 5;
  // Times that all series share are sent once.
  const times = cut("each_times", horizon, store.data("each_times").length > horizon ? row : 0).filter(Number.isFinite);
  const all = cut("each_history_times", before, store.data("each_history_times").length > before ? row : 0);
  const past = all.filter(Number.isFinite);
  const quantiles = cut("each_quantiles", 5 * horizon, row).filter((_, at) => at % horizon < times.length) as Float32Array;
  return { times, past, history: cut("each_history", before, row).slice(before - past.length), quantiles };
}

/** The outlines of a thumbnail: band, history, median. */
export function outlines({ past, times, history, quantiles }: Part): string[] {
  const [low, high] = extent(history, quantiles) ?? [0, 1];
  const [start, end] = extent(past, times) ?? [0, 1];
  const points = (x: Numbers, y: Numbers, row = 0): string[] =>
    Array.from(x, (value, at) => [value, y[row * x.length + at]!] as const)
      .filter(([, level]) => Number.isFinite(level))
      .map(([value, level]) => `${Math.round((WIDE * (value - start)) / (end - start || 1))},${Math.round(TALL - (TALL * (level - low)) / (high - low || 1))}`);
  return [
    [...points(times, quantiles), ...points(times, quantiles, 4).reverse()].join(" "),
    points(past, history).join(" "),
    points(times, quantiles, 2).join(" "),
  ];
}

/** What happened to a series of those that are here: (horizon) values, and two rows of scores up to each step. */
export function happened(store: Store, row: number, steps: number): { actual: Float32Array; scores: Float32Array } {
  const count = namesOf(store, "each_names").length;
  const horizon = store.data("each_actual").length / count;
  const cut = (name: string, width: number): Float32Array => store.data(name).subarray(row * width, (row + 1) * width) as Float32Array;
  const scores = cut("each_scores", 2 * horizon).filter((_, at) => at % horizon < steps);
  return { actual: cut("each_actual", horizon).subarray(0, steps), scores };
}

/** Count over all series, up to a step: hits, values, series that beat the naive forecast, and series. */
export function counted(counts: Numbers, step: number, interval: number): string {
  const horizon = counts.length / 4;
  const [inside = 0, known = 0, better = 0, series = 0] = [0, 1, 2, 3].map((row) => counts[row * horizon + Math.min(step, horizon) - 1]);
  if (known === 0) return "";
  const all = `All series: ${inside} of ${known} values inside the band, ${percent(inside / known)}, by a ${interval} % band`;
  return series === 0 ? `${all}.` : `${all}; CRPS below the naive forecast's error in ${better} of ${series} series.`;
}

export class PanelView extends FanView {
  readonly #list = h("datalist", { id: "lab-ids" });
  readonly #pick = h("input", { list: "lab-ids", size: 22 });
  readonly #strip = h("div", { class: "thumbs", role: "listbox", tabindex: 0, "aria-label": "Series" });
  readonly #here = h("p", { class: "note muted" });
  readonly #all = h("p", { class: "note meaning", hidden: true });
  #names: string[] = [];

  protected override build(): void {
    super.build();
    this.body.prepend(h("label", { class: "control" }, "Series", this.#pick), this.#list, this.#strip);
    this.body.append(this.#here);
    if (this.store.flag("reveal")) this.body.querySelector(".note.meaning")!.after(this.#all);
    // An empty field offers every name.
    on(this.#pick, "focus", () => (this.#pick.value = ""));
    on(this.#pick, "blur", () => this.#mark());
    const picked = (): void => this.#choose(this.#pick.value.trim());
    on(this.#pick, "change", picked);
    // JupyterLab may take the key before the field commits to it.
    on(this.#pick, "keydown", (event) => pressed(event, { Enter: picked }));
    const by = (steps: number) => (): void => this.#choose(this.#names[this.#names.indexOf(this.store.text("chosen")) + steps] ?? "");
    on(this.#strip, "keydown", (event) => pressed(event, { ArrowRight: by(1), ArrowDown: by(1), ArrowLeft: by(-1), ArrowUp: by(-1) }));
  }

  protected override update(changed: Set<string>): void {
    if (this.#names.length === 0 || changed.has("each_names")) this.#offer();
    super.update(changed);
    const { store } = this;
    const [count, all] = [this.#names.length - (store.text("total_band") ? 1 : 0), store.number("series") ?? 0];
    say(this.#here, count < all ? `${count} of ${all} series are held here, spread evenly; the others need a kernel.` : "");
    if (store.flag("reveal")) this.#count();
    this.#mark();
  }

  /** Count over all series, and say where nothing is known of the one that is drawn. */
  #count(): void {
    const { store } = this;
    const counts = store.data("counts");
    // As far as it was played, in series that are known less far, too.
    const step = Number(store.ui["revealed"] ?? (store.flag("shown") ? counts.length / 4 : 0));
    const all = step > 0 ? counted(counts, step, store.number("interval") ?? 90) : "";
    const unknown = stepsKnown(store.data("actual")) === 0 ? `What happened to ${store.text("chosen")} is not known. ` : "";
    this.#all.hidden = all + unknown === "";
    say(this.#all, unknown + all);
  }

  #offer(): void {
    const { store } = this;
    this.#names = namesOf(store, "each_names");
    const all = namesOf(store, "names");
    this.#list.replaceChildren(...(all.length ? all : this.#names).map((value) => h("option", { value })));
    const step = Math.max(this.#names.length / THUMBNAILS, 1);
    const shown = this.#names.filter((_, at) => Math.floor(at / step) > Math.floor((at - 1) / step));
    this.#strip.replaceChildren(...shown.map((name) => this.#thumbnail(name)));
  }

  #thumbnail(name: string): HTMLElement {
    const drawn = outlines(partOf(this.store, this.#names.indexOf(name)));
    const lines = drawn.map((points, at) => svg(at ? "polyline" : "polygon", { points }));
    const thumb = h("div", { role: "option", title: name }, name, svg("svg", { viewBox: `0 -2 ${WIDE} ${TALL + 4}` }, ...lines));
    on(thumb, "click", () => this.#choose(name));
    return thumb;
  }

  /** Show which series is drawn. */
  #mark(): void {
    const chosen = this.store.text("chosen");
    if (!this.#pick.matches(":focus")) this.#pick.value = chosen;
    for (const thumb of this.#strip.children) set(thumb, { "aria-selected": String((thumb as HTMLElement).title === chosen) });
  }

  #choose(name: string): void {
    const { store } = this;
    if (name === "" || name === store.text("chosen")) return;
    this.complain("");
    const row = this.#names.indexOf(name);
    if (row >= 0) this.#draw(name, row);
    if (store.live) this.send({ kind: "choose", name });
    else if (row < 0) this.complain(`${name} is not held here; run the cell again with a kernel.`);
  }

  /** Draw a series from what is here. */
  #draw(name: string, row: number): void {
    const { store } = this;
    const { times, past, history, quantiles } = partOf(store, row);
    const none = new Float32Array(0);
    const seen = store.flag("reveal") ? happened(store, row, times.length) : {};
    const whole = { times, history_times: past, history, quantiles, errors: none, paths: none, ...seen };
    const arrays = Object.entries(whole).map(([array, data]): Packed => {
      return { name: array, dtype: data instanceof Float64Array ? "f8" : "f4", shape: [data.length], start: null, data: new DataView(data.buffer, data.byteOffset, data.byteLength) };
    });
    delete store.ui["level"];
    const total = row === 0 && store.text("total_band");
    const values: Record<string, Json> = { chosen: name, band: total || store.text("each_band"), median: "", message: store.live ? "" : "Its single paths are not held here." };
    store.apply({ kind: "snapshot", seq: store.seq, values, arrays }, []);
  }
}
