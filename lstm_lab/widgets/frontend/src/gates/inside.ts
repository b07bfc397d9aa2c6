/** What has arrived of a trace, and what the person chose to see of it: the one thing that all panels look at. */
import { number, time } from "../format";
import { type Palette, SIGNALS } from "../theme";
import type { Numbers, Store } from "../wire";

export interface Layer {
  name: string;
  kind: "lstm" | "gru" | "rnn";
  direction: string;
  total: number;
  shown: number;
  steps: number;
  window: number;
  gates: string[];
  signals: string[];
  limits: Record<string, number>;
  lives: boolean;
}

export type Sort = "half-life" | "cluster" | "influence" | "index" | "brush";
const SORTS: Sort[] = ["half-life", "cluster", "influence", "index", "brush"];
const PINS = 4;
const MASKED = 255;
const TOP = 254;

/** The lower quartile, median, upper quartile over windows of what could move the output, and what did. */
export interface Moved {
  low: Numbers;
  median: Numbers;
  high: Numbers;
  check: Numbers;
}

export class Inside {
  /** The visible steps, as edges: step s covers s to s + 1. */
  readonly span = { low: 0, high: 1 };
  /** Width of the strips, in pixels of usual text. */
  width = 300;
  /** How much larger than usual text is. */
  unit = 1;

  constructor(
    readonly store: Store,
    readonly palette: () => Palette,
  ) {}

  /** Room at the right of every strip: for the half-lives beside the heat map, where there is enough of it. */
  get right(): number {
    return this.width < 560 ? 14 : 76;
  }

  get layers(): Layer[] {
    return (this.store.values["layers"] ?? []) as unknown as Layer[];
  }

  get place(): number {
    return Math.min(Number(this.store.ui["layer"] ?? this.store.number("opening") ?? 0), this.layers.length - 1);
  }

  get layer(): Layer {
    return this.layers[this.place]!;
  }

  get steps(): number {
    return this.layer.steps;
  }

  get forecast(): number | null {
    return this.dated ? this.store.number("forecast") : null;
  }

  /** Does the layer step with the input? One behind a pooling does not, and no date belongs to its steps. */
  get dated(): boolean {
    return this.steps === this.store.data("times").length;
  }

  /** Steps that the axis has room for: a forecast stands one step behind the last. */
  get whole(): number {
    return this.steps + (this.forecast === null ? 0 : 1);
  }

  get signal(): string {
    const set = String(this.store.ui["signal"] ?? "");
    return this.layer.signals.includes(set) ? set : this.layer.signals[0]!;
  }

  get isGate(): boolean {
    return this.layer.gates.includes(this.signal);
  }

  get sort(): Sort {
    const set = (this.store.ui["sort"] ?? (this.layer.lives ? "half-life" : "index")) as Sort;
    return this.sorts.includes(set) ? set : "index";
  }

  get sorts(): Sort[] {
    const possible: Partial<Record<Sort, boolean>> = { "half-life": this.layer.lives, influence: this.has("influence"), brush: this.range !== null };
    return SORTS.filter((sort) => possible[sort] ?? true);
  }

  /** The brushed steps, both ends in. */
  get range(): [number, number] | null {
    return (this.store.ui["range"] as [number, number] | undefined) ?? null;
  }

  /** Numbers of the brushed units; null where the brush takes all. */
  get brushed(): number[] | null {
    const rows = this.store.ui["rows"] as Record<number, number[]> | undefined;
    return this.range === null ? null : (rows?.[this.place] ?? null);
  }

  /** Brush steps, of some units or of all; an end before the start takes the brush away. */
  brush(from: number, to: number, units: number[] | null): void {
    const { ui } = this.store;
    // The rows of a rectangle stay where they were brushed, though the steps that they are sorted by are others now.
    if (units !== null && this.sort === "brush") ui["sorted by"] ??= this.range;
    else delete ui["sorted by"];
    delete ui["range"];
    delete ui["rows"];
    if (to < from) return;
    ui["range"] = [from, to];
    if (units === null) ui["sort"] = "brush";
    else ui["rows"] = { [this.place]: units };
  }

  /** The steps that the units are sorted by. */
  get sortedBy(): [number, number] | null {
    return (this.store.ui["sorted by"] as [number, number] | undefined) ?? this.range;
  }

  /** Pinned units, by their number in the layer; at first the one that remembers longest. */
  get pinned(): number[] {
    this.#pins[this.place] ??= [this.units[this.byLife()[0]!]!];
    return this.#pins[this.place]!;
  }

  get #pins(): Record<number, number[]> {
    this.store.ui["pins"] ??= {};
    return this.store.ui["pins"] as Record<number, number[]>;
  }

  togglePin(unit: number): void {
    const now = this.pinned;
    this.#pins[this.place] = now.includes(unit) ? now.filter((other) => other !== unit) : [...now, unit].slice(-PINS);
  }

  has(name: string): boolean {
    return this.store.has(`${this.place}:${name}`);
  }

  /** An array of the chosen layer. */
  of(name: string): Numbers {
    return this.store.data(`${this.place}:${name}`);
  }

  /** The numbers that the drawn units have in their layer. */
  get units(): Numbers {
    return this.of("units");
  }

  row(name: string, at: number, length: number): Numbers {
    return this.store.data(name).subarray(at * length, (at + 1) * length);
  }

  /** Mean, lower and upper quartile over the units. */
  band(signal: string, at: number): Numbers {
    return this.row(`${this.place}:band:${signal}`, at, this.steps);
  }

  moved(name: string, count: number): Moved {
    const [low, median, high, check] = [0, 1, 2, 3].map((at) => this.row(name, at, count));
    return { low: low!, median: median!, high: high!, check: check! };
  }

  /** Places of the drawn units, the longest memory first. */
  byLife(): number[] {
    return this.#sorted(this.of("half_life"));
  }

  #sorted(values: ArrayLike<number>): number[] {
    const { units } = this;
    return Array.from(units, (_, at) => at).sort((a, b) => values[b]! - values[a]! || units[a]! - units[b]!);
  }

  /** Places of the drawn units in the chosen order, the first on top. */
  order(): number[] {
    const { sort, units } = this;
    if (sort === "cluster") return Array.from(this.of("cluster"));
    if (sort === "influence") return this.#sorted(this.of("influence"));
    if (sort === "brush") return this.#sorted(this.contrast(this.sortedBy));
    return sort === "half-life" ? this.byLife() : this.#sorted(units.map((unit) => -unit));
  }

  life(at: number): string {
    const life = this.of("half_life")[at]!;
    return life >= this.layer.window ? `> ${this.layer.window}` : number(life, 3);
  }

  /** Turn a byte of a tile into the value it stands for; NaN where masked. */
  value(code: number, signal = this.signal): number {
    if (code === MASKED) return NaN;
    const share = code / TOP;
    return this.layer.gates.includes(signal) ? share : (2 * share - 1) * this.layer.limits[signal]!;
  }

  /** How much higher each unit was inside the brushed steps than outside. */
  contrast(range = this.range): number[] {
    return this.sizes(range).map(([inside, outside]) => inside - outside);
  }

  /** The mean size of each unit's values inside the brushed steps, and outside. */
  sizes(range = this.range): [number, number][] {
    const codes = this.of(`tile:${this.signal}`);
    const [from, to] = range ?? [0, -1];
    return Array.from(this.units, (_, at) => {
      const sums = [0, 0];
      const counts = [0, 0];
      for (let step = 0; step < this.steps; step++) {
        const value = Math.abs(this.value(codes[at * this.steps + step]!));
        if (Number.isNaN(value)) continue;
        const side = step >= from && step <= to ? 0 : 1;
        sums[side]! += value;
        counts[side]!++;
      }
      return [sums[0]! / Math.max(counts[0]!, 1), sums[1]! / Math.max(counts[1]!, 1)];
    });
  }

  /** A row of a unit: exact where it has arrived, else as exact as the heat map is. */
  exact(unit: number, name: string): ArrayLike<number> {
    const { steps, layer } = this;
    const at = ["kept", "written"].indexOf(name);
    const key = `pin:${unit}`;
    if (this.has(key)) return this.row(`${this.place}:${key}`, at < 0 ? layer.signals.indexOf(name) : layer.signals.length + at, steps);
    const codes = this.of(`tile:${name}`);
    const first = this.units.indexOf(unit) * steps;
    return codes.length === 0 ? [] : Array.from({ length: steps }, (_, step) => this.value(codes[first + step]!, name));
  }

  when(step: number): string {
    const at = this.store.data("times")[step];
    if (!this.dated || at === undefined) return `step ${step}`;
    return this.store.flag("is_time") ? time(at, true, this.store.number("step") ?? 1) : `${at === step ? "step" : "row"} ${at}`;
  }

  colour(signal: string): string {
    return this.palette()[SIGNALS[signal] ?? "text"];
  }

  pinColour(at: number): string {
    const { blue, orange, green, purple } = this.palette();
    return [blue, orange, green, purple][at % PINS]!;
  }
}
