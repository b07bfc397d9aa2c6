/**
 * Find again: where the brushed steps recur. A kernel looks through the whole series; without one the page looks through
 * the window that it holds, by the same distance (`lstm_lab/interpret/recurrences.py`).
 */
import { button, choices, h, on, say } from "../dom";
import { Matches, foundOf, wordsOf, type Found } from "../matches";
import type { Json, Numbers } from "../wire";
import type { Inside } from "./inside";

const BRUSHED = "brushed units";
const WHICH = ["all units", "pinned units", "units most on there"];
const MOST = 8;

/**
 * The distance of every stretch of a window to one of its stretches: the root mean square of the differences, each unit's
 * in its own standard deviation over all stretches. Rows are units; NaN where masked.
 */
export function distances(rows: ArrayLike<number>[], from: number, to: number): number[] {
  const count = to - from + 1;
  const places = Math.max((rows[0]?.length ?? 0) - count + 1, 0);
  const totals = Array.from({ length: places }, () => 0);
  const varying = rows.map((row) => [row, variance(row, from, count)] as const).filter(([, spread]) => spread > 1e-12);
  for (const [row, spread] of varying) {
    totals.forEach((total, start) => {
      let sum = 0;
      for (let step = 0; step < count; step++) sum += (row[start + step]! - row[from + step]!) ** 2;
      totals[start] = total + sum / spread;
    });
  }
  return totals.map((total) => (varying.length > 0 ? Math.sqrt(total / (count * varying.length)) : NaN));
}

/** The variance over all stretches, in which the steps at the ends are seen less often; from a value near the mean. */
function variance(row: ArrayLike<number>, from: number, count: number): number {
  let [sum, squares, seen] = [0, 0, 0];
  for (let start = 0; start + count <= row.length; start++) {
    for (let step = start; step < start + count; step++) {
      const value = row[step]! - row[from]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      squares += value * value;
      seen++;
    }
  }
  return squares / seen - (sum / seen) ** 2;
}

/** The nearest stretches that share no step with each other or with the one that is looked for. */
export function nearest(all: number[], from: number, count: number, most: number): number[] {
  const chosen: number[] = [];
  const order = all.map((_, at) => at).filter((at) => Number.isFinite(all[at])).sort((a, b) => all[a]! - all[b]! || a - b);
  for (const start of order) {
    if (chosen.length === most) break;
    if ([from, ...chosen].every((other) => Math.abs(start - other) >= count)) chosen.push(start);
  }
  return chosen;
}

/** Cut the series out around a stretch, a third each before, there and after. */
export function cut(series: Numbers, start: number, count: number): number[] {
  return Array.from({ length: 3 * count }, (_, at) => series[start - count + at] ?? NaN);
}

export class Again {
  readonly #which = h("select", { "aria-label": "Units to find again" });
  readonly #find = button("Find again", () => this.look());
  readonly #state = h("p", { role: "status" });
  readonly #matches = new Matches((at) => this.#choose(at));
  readonly element = h("div", { class: "again", hidden: true }, h("div", { class: "controls" }, h("label", { class: "control" }, "Find the brush again by", this.#which), this.#find), this.#state, this.#matches.element);

  constructor(
    private readonly inside: Inside,
    /** Ask the kernel; false where there is none. */
    private readonly ask: (content: { kind: string; [name: string]: Json }) => void,
    private readonly tell: (words: string) => void,
  ) {
    on(this.#which, "change", () => (inside.store.ui["again"] = this.#which.value));
  }

  /** Show the panel for the brush, and what was found for it. */
  draw(): void {
    const { inside } = this;
    const { store, range } = inside;
    this.element.hidden = range === null || store.number("windows") !== 1;
    if (this.element.hidden) return;
    choices(this.#which, inside.brushed === null ? WHICH : [BRUSHED, ...WHICH], this.#by);
    const found = this.#found;
    this.#matches.draw(found, found === null ? new Float32Array(0) : (store.ui["found_here"] as Float32Array | undefined) ?? store.data("found"));
    if (found !== null) say(this.#state, store.ui["found_here"] ? `Searched the window alone; a kernel searches the whole series: run the cell again, or run.find(steps=range(${range![0]}, ${range![1] + 1})${this.#python()}).` : "");
    else if (store.ui["looked"] !== this.#asked()) say(this.#state, "");
  }

  get #found(): Found | null {
    const { store } = this.inside;
    const found = (store.ui["found"] as Found | undefined) ?? foundOf(store.values["found"]);
    return found !== null && found.key === store.ui["looked"] && found.key === this.#asked() ? found : null;
  }

  /** What was chosen, else the rectangle where there is one. */
  get #by(): string {
    const { brushed, store } = this.inside;
    const set = String(store.ui["again"] ?? BRUSHED);
    return set === BRUSHED && brushed === null ? WHICH[0]! : set;
  }

  /** The units as Python takes them. */
  #python(): string {
    const units = this.#units;
    return units === null ? "" : `, units=[${units.join(", ")}]`;
  }

  get #units(): number[] | null {
    const { inside } = this;
    if (this.#by === BRUSHED) return inside.brushed;
    const which = WHICH.indexOf(this.#by);
    if (which === 1) return [...inside.pinned];
    if (which === 0) return null;
    const contrast = inside.contrast();
    return contrast.map((_, at) => at).sort((a, b) => contrast[b]! - contrast[a]!).slice(0, 5).map((at) => inside.units[at]!);
  }

  /** What is asked for, in one string. */
  #asked(): string {
    const { place, signal, range } = this.inside;
    return JSON.stringify([place, signal, range, this.#units]);
  }

  /** Look for the brushed steps. */
  look(): void {
    const { inside } = this;
    const { store, range, place, signal } = inside;
    if (range === null || store.number("windows") !== 1) return;
    const units = this.#units;
    if (units?.length === 0) return say(this.#state, "No unit is pinned; click a row of the heat map, or choose all units.");
    delete store.ui["found"];
    delete store.ui["found_here"];
    const key = this.#asked();
    store.ui["looked"] = key;
    if (!store.live) return this.#here(key, units);
    say(this.#state, `The network reads ${store.text("searched")} once, which takes some seconds …`);
    this.ask({ kind: "find", key, layer: place, signal, steps: range, units });
    this.draw();
  }

  /** Look through the window that is here. */
  #here(key: string, units: number[] | null): void {
    const { inside } = this;
    const { store, range, signal, layer } = inside;
    const [from, to] = range!;
    const chosen = units ?? Array.from(inside.units);
    const rows = chosen.map((unit) => inside.exact(unit, signal)).filter((row) => row.length > 0);
    const count = to - from + 1;
    const all = distances(rows, from, to);
    const starts = [from, ...nearest(all, from, count, MOST)];
    if (rows.length === 0 || starts.length === 1) return say(this.#state, "The window that is held here has no other place for so many steps; with a kernel the whole series is searched.");
    const series = store.data("series");
    const known = inside.dated ? series : new Float32Array(0);
    const change = (start: number): number | null => {
      const value = known[start + 2 * count - 1]! - known[start + count - 1]!;
      return Number.isFinite(value) ? value : null;
    };
    store.ui["found"] = {
      key,
      what: `${signal} of ${chosen.length} units of ${layer.name}`,
      words: `The nearest match within this window is ${all[starts[1]!]!.toFixed(2)} standard deviations away.`,
      among: `${all.length} places of this window`,
      steps: count,
      series: store.text("series_name"),
      when: starts.map((start) => (count === 1 ? inside.when(start) : `${inside.when(start)} to ${inside.when(start + count - 1)}`)),
      distances: starts.map((start) => all[start]!),
      changes: starts.map(change),
      at: starts.map(() => null),
    } satisfies Found;
    store.ui["found_here"] = Float32Array.from(starts.flatMap((start) => cut(known, start, count)));
    this.draw();
  }

  #choose(at: number): void {
    const found = this.#found;
    if (found === null) return;
    this.#matches.mark(at);
    const look = found.at[at];
    this.tell([found.when[at]!, wordsOf(found, at), ...(look ? [`look inside with run.gates(at="${look}")`] : [])].join(" · "));
  }
}
