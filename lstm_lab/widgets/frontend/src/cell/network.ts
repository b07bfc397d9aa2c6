/**
 * A small network in float64, by the equations of `interpret/held.py`: recurrent layers whose gates can be held, then
 * dense ones. Both are tested against `tests/widgets/what_if_vectors.json`.
 */

export interface Stage {
  kind: "lstm" | "gru" | "rnn" | "dense";
  units: number;
  activation: string;
  gate: string;
  /** Does it give on every step, or the last? */
  sequences: boolean;
  reset_after: boolean;
}

export interface Weights {
  kernel: ArrayLike<number>;
  recurrent: ArrayLike<number>;
  bias: ArrayLike<number>;
}

/** A gate held from a step on. */
export interface Hold {
  place: number;
  gate: string;
  value: number;
  /** None for all of them. */
  unit: number | null;
  from: number;
}

/** Every signal of a layer by name, (steps, units) each. */
export type Signals = Record<string, Float64Array>;

export interface Outcome {
  layers: Signals[];
  output: number;
}

const ACTIVATIONS: Record<string, (value: number) => number> = {
  tanh: Math.tanh,
  sigmoid: (value) => 1 / (1 + Math.exp(-value)),
  relu: (value) => Math.max(value, 0),
  linear: (value) => value,
};
/** Every signal that a drawing may show, by the kind of the layer. */
export const SIGNALS = {
  lstm: ["forget", "input", "output", "candidate", "cell", "hidden", "before", "cell_before", "squashed", "kept", "written"],
  gru: ["update", "reset", "candidate", "hidden", "before", "rest", "kept", "written"],
  rnn: ["hidden", "before"],
};

/** Add a row times a matrix of so many columns to sums. */
function addProduct(sums: Float64Array, row: ArrayLike<number>, matrix: ArrayLike<number>, first = 0): void {
  for (let at = 0; at < row.length; at++) {
    const value = row[at]!;
    const start = at * sums.length;
    if (value !== 0) for (let column = first; column < sums.length; column++) sums[column]! += value * matrix[start + column]!;
  }
}

class Layer {
  readonly signals: Signals = {};
  readonly #hidden: Float64Array;
  readonly #cell: Float64Array;
  readonly #squash: (value: number) => number;
  readonly #gate: (value: number) => number;

  constructor(
    readonly stage: Stage,
    readonly weights: Weights,
    readonly holds: Hold[],
    steps: number,
  ) {
    const { units } = stage;
    for (const name of SIGNALS[stage.kind as "lstm"]) this.signals[name] = new Float64Array(steps * units);
    this.#hidden = new Float64Array(units);
    this.#cell = new Float64Array(units);
    this.#squash = ACTIVATIONS[stage.activation]!;
    this.#gate = ACTIVATIONS[stage.gate] ?? this.#squash;
  }

  #held(gate: string, step: number, unit: number, free: number): number {
    return this.holds.reduce((value, hold) => (hold.gate === gate && step >= hold.from && (hold.unit === null || hold.unit === unit) ? hold.value : value), free);
  }

  /** Read a row, and give what is said of it. */
  step(step: number, row: ArrayLike<number>): Float64Array {
    const { kind } = this.stage;
    const before = this.#hidden.slice();
    if (kind === "lstm") this.#lstm(step, row, before);
    else if (kind === "gru") this.#gru(step, row, before);
    else this.#rnn(step, row, before);
    return this.#hidden.slice();
  }

  #write(step: number, unit: number, values: Record<string, number>): void {
    const at = step * this.stage.units + unit;
    for (const [name, value] of Object.entries(values)) this.signals[name]![at] = value;
  }

  #affine(row: ArrayLike<number>, state: ArrayLike<number>, gates: number): Float64Array {
    const sums = Float64Array.from({ length: gates * this.stage.units }, (_, at) => this.weights.bias[at]!);
    addProduct(sums, row, this.weights.kernel);
    addProduct(sums, state, this.weights.recurrent);
    return sums;
  }

  #lstm(step: number, row: ArrayLike<number>, before: Float64Array): void {
    const { units } = this.stage;
    const sums = this.#affine(row, before, 4);
    for (let unit = 0; unit < units; unit++) {
      const gate = (name: string, at: number): number => this.#held(name, step, unit, this.#gate(sums[at * units + unit]!));
      const [input, forget, output] = [gate("input", 0), gate("forget", 1), gate("output", 3)];
      const candidate = this.#held("candidate", step, unit, this.#squash(sums[2 * units + unit]!));
      const cellBefore = this.#cell[unit]!;
      const [kept, written] = [forget * cellBefore, input * candidate];
      const cell = kept + written;
      const squashed = this.#squash(cell);
      this.#cell[unit] = cell;
      this.#hidden[unit] = output * squashed;
      this.#write(step, unit, { forget, input, output, candidate, cell, hidden: output * squashed, before: before[unit]!, cell_before: cellBefore, squashed, kept, written });
    }
  }

  #gru(step: number, row: ArrayLike<number>, before: Float64Array): void {
    const { units, reset_after: after } = this.stage;
    const { kernel, recurrent, bias } = this.weights;
    const fromInput = Float64Array.from({ length: 3 * units }, (_, at) => bias[at]!);
    // With reset_after the second row of the bias belongs to the state.
    const fromState = Float64Array.from({ length: 3 * units }, (_, at) => (after ? (bias[3 * units + at] ?? 0) : 0));
    addProduct(fromInput, row, kernel);
    addProduct(fromState, before, recurrent);
    const gate = (name: string, at: number, unit: number): number =>
      this.#held(name, step, unit, this.#gate(fromInput[at * units + unit]! + fromState[at * units + unit]!));
    const resets = Array.from(before, (_, unit) => gate("reset", 1, unit));
    if (!after) {
      fromState.fill(0, 2 * units);
      addProduct(fromState, before.map((value, unit) => value * resets[unit]!), recurrent, 2 * units);
    }
    for (let unit = 0; unit < units; unit++) {
      const past = fromState[2 * units + unit]! * (after ? resets[unit]! : 1);
      const candidate = this.#held("candidate", step, unit, this.#squash(fromInput[2 * units + unit]! + past));
      const update = gate("update", 0, unit);
      const [kept, written] = [update * before[unit]!, (1 - update) * candidate];
      this.#hidden[unit] = kept + written;
      this.#write(step, unit, { update, reset: resets[unit]!, candidate, hidden: kept + written, before: before[unit]!, rest: 1 - update, kept, written });
    }
  }

  #rnn(step: number, row: ArrayLike<number>, before: Float64Array): void {
    const sums = this.#affine(row, before, 1);
    sums.forEach((sum, unit) => {
      this.#hidden[unit] = this.#squash(sum);
      this.#write(step, unit, { hidden: this.#hidden[unit]!, before: before[unit]! });
    });
  }
}

/** Run the network over a window, (steps, features), with gates held. */
export function run(stages: Stage[], weights: Weights[], inputs: ArrayLike<number>, steps: number, holds: Hold[]): Outcome {
  const width = inputs.length / steps;
  let rows: ArrayLike<number>[] = Array.from({ length: steps }, (_, step) => Array.from({ length: width }, (__, column) => inputs[step * width + column]!));
  const layers: Signals[] = [];
  stages.forEach((stage, at) => {
    const own = weights[at]!;
    if (stage.kind === "dense") {
      rows = rows.map((row) => {
        const sums = Float64Array.from({ length: stage.units }, (_, unit) => own.bias[unit]!);
        addProduct(sums, row, own.kernel);
        return sums.map(ACTIVATIONS[stage.activation]!);
      });
      return;
    }
    const layer = new Layer(stage, own, holds.filter(({ place }) => place === layers.length), rows.length);
    rows = rows.map((row, step) => layer.step(step, row));
    if (!stage.sequences) rows = rows.slice(-1);
    layers.push(layer.signals);
  });
  return { layers, output: rows[0]![0]! };
}

/** Read a curve off between its points; beyond them it goes on as it ended. */
export function interpolated(table: ArrayLike<number>, x: number): number {
  const count = table.length / 2;
  const first = table[0]!;
  const step = (table[count - 1]! - first) / (count - 1);
  const at = Math.min(Math.max(Math.floor((x - first) / step), 0), count - 2);
  const share = (x - first) / step - at;
  return table[count + at]! + share * (table[count + at + 1]! - table[count + at]!);
}
