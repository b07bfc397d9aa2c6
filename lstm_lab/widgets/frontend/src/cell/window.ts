/** What has arrived of a cell, and what the person chose to see of it. */
import { time } from "../format";
import { clamp } from "../geometry";
import type { Ground } from "../gates/strips";
import type { Palette } from "../theme";
import type { Numbers, Store } from "../wire";
import { Changes } from "./changes";
import { SIGNALS, type Outcome } from "./network";
import type { Drawing, Values } from "./drawing";

export interface Layer {
  name: string;
  kind: "lstm" | "gru" | "rnn";
  units: number;
  steps: number;
  activation: string;
  reads: string;
  signals: string[];
  lives: string[];
}

export class Window implements Ground {
  readonly span = { low: 0, high: 1 };
  readonly right = 14;
  width = 300;
  unit = 1;

  readonly changes: Changes;

  constructor(
    readonly store: Store,
    readonly palette: () => Palette,
  ) {
    this.changes = new Changes(store);
  }

  get layers(): Layer[] {
    return (this.store.values["layers"] ?? []) as unknown as Layer[];
  }

  #chosen(name: string, below: number): number {
    return clamp(Number(this.store.ui[name] ?? this.store.number(name) ?? 0), 0, below - 1);
  }

  get place(): number {
    return this.#chosen("layer", this.layers.length);
  }

  get layer(): Layer {
    return this.layers[this.place]!;
  }

  /** The unit that is picked. */
  get picked(): number {
    return this.#chosen("unit", this.layer.units);
  }

  get step(): number {
    return this.#chosen("step", this.layer.steps);
  }

  get drawing(): Drawing {
    return (this.store.values["drawings"] as unknown as Record<string, Drawing>)[this.layer.kind]!;
  }

  /** Does the layer step with the input? One behind a pooling does not, and no date belongs to its steps. */
  get dated(): boolean {
    return this.layer.steps === this.store.data("times").length;
  }

  get forecast(): number | null {
    return this.dated ? this.store.number("forecast") : null;
  }

  /** The name of a unit's numbers in the store. */
  key(unit: number, place = this.place): string {
    return `${place}:unit:${unit}`;
  }

  has(unit: number): boolean {
    return this.changes.possible || this.store.has(this.key(unit));
  }

  of(name: string): Numbers {
    return this.store.data(`${this.place}:${name}`);
  }

  /** A signal of the unit at every step, with what is changed. */
  row(name: string): Numbers {
    const { changes } = this;
    if (changes.answered && this.store.has(`now:${this.key(this.picked)}`)) return this.#kept(`now:${this.key(this.picked)}`, name);
    if (changes.active && changes.now !== null) return this.#computed(changes.now, name);
    return this.#opened(name);
  }

  /** Is there a network without the change, to compare with? */
  get differs(): boolean {
    return this.changes.active || this.store.has(`was:${this.key(this.picked)}`);
  }

  /** A signal of the unit in the network without any change: as it was verified, or computed anew where that is not here. */
  was(name: string): Numbers {
    const key = this.key(this.picked);
    if (this.store.has(`was:${key}`)) return this.#kept(`was:${key}`, name);
    return this.#opened(name);
  }

  /** A signal of the unit in the network that the view was opened with. */
  #opened(name: string): Numbers {
    const key = this.key(this.picked);
    const { was } = this.changes;
    return was !== null && !this.store.has(key) ? this.#computed(was, name) : this.#kept(key, name);
  }

  #kept(key: string, name: string): Numbers {
    const { steps, signals, kind } = this.layer;
    const at = signals.indexOf(name);
    if (at >= 0) return this.store.data(key).subarray(at * steps, (at + 1) * steps);
    const row = (other: string): Numbers => this.#kept(key, other);
    const product = (one: Numbers, other: Numbers): Numbers => Float32Array.from(one, (value, step) => value * other[step]!);
    if (name === "rest") return Float32Array.from(row("update"), (value) => 1 - value);
    if (name === "kept") return kind === "lstm" ? product(row("forget"), row("cell_before")) : product(row("update"), row("before"));
    if (name === "written") return product(row(kind === "lstm" ? "input" : "rest"), row("candidate"));
    // What a step starts from is what the last one ended with.
    return Float32Array.from([0, ...row(name === "before" ? "hidden" : "cell").subarray(0, -1)]);
  }

  #computed({ layers }: Outcome, name: string): Numbers {
    const { units, steps } = this.layer;
    const signal = layers[this.place]![name]!;
    return Float64Array.from({ length: steps }, (_, step) => signal[step * units + this.picked]!);
  }

  get masked(): boolean {
    return this.of("mask")[this.step] === 0;
  }

  get values(): Values {
    const { layer, step } = this;
    const named = SIGNALS[layer.kind].map((name): [string, number] => [name, this.row(name)[step] ?? NaN]);
    return { ...Object.fromEntries(named), x: this.#read(step) };
  }

  /** The first number that the layer reads at a step. */
  #read(step: number): number {
    const { active, now, answered } = this.changes;
    if (answered) return this.store.data(`now:${this.place}:read`)[step] ?? NaN;
    if (!active || now === null) return this.of("read")[step] ?? NaN;
    const below = now.layers[this.place - 1]?.["hidden"];
    return below === undefined ? this.changes.input(true)[step]! : below[step * (below.length / this.layer.steps)]!;
  }

  /** The largest state over the window. */
  get largest(): number {
    const name = this.layer.kind === "lstm" ? "cell" : "hidden";
    const state = [...this.row(name), ...this.was(name)];
    return state.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
  }

  when(step: number): string {
    const at = this.store.data("times")[step];
    if (!this.dated || at === undefined || at === step) return `step ${step}`;
    return `step ${step}, ${this.store.flag("is_time") ? time(at, true, this.store.number("spacing") ?? 1) : `row ${at}`}`;
  }
}
