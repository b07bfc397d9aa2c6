/** What was watched of a training, epoch by epoch. No elements, so that tests need no page. */
import type { Numbers, Store } from "../wire";

export interface Piece {
  name: string;
  first: number;
  end: number;
}

export interface Facts {
  target: string;
  is_time: boolean;
  /** Positions of the forecasts' first rows. */
  starts: number[];
  horizon: number;
  gates: string[];
  steps: number;
  units: number;
  layer: string;
  /** The series that are drawn: name, first position, and the one after the last. */
  pieces: Piece[];
  /** What the bands hold, or why there are none. */
  about: string;
  /** Whether the codes stand for −1 to 1, as of a hidden state, and not for 0 to 1. */
  signed: boolean;
  kept: number;
  /** Whether the training is over. */
  over: boolean;
}

export class Watched {
  constructor(private readonly store: Store) {}

  get facts(): Facts | null {
    const facts = (this.store.values["watched"] ?? null) as Facts | null;
    if (facts === null) return null;
    // Outputs of earlier versions have one series, and do not say what its bands hold.
    const whole = [{ name: "", first: 0, end: this.store.data("watched_times").length }];
    return { ...facts, pieces: facts.pieces ?? whole, about: facts.about ?? "" };
  }

  /** The epochs that are there, rising. */
  get epochs(): Numbers {
    return this.store.data("watched_epochs");
  }

  caption(at: number): string {
    const captions = this.store.values["watched_captions"] as Record<string, string> | undefined;
    return captions?.[String(this.epochs[at])] ?? "";
  }

  error(at: number): number | undefined {
    return this.store.data("watched_errors")[at];
  }

  /** Position of an epoch, or of the nearest that is there. */
  nearest(epoch: number): number {
    const { epochs } = this;
    let best = 0;
    for (let at = 1; at < epochs.length; at++) {
      if (Math.abs(epochs[at]! - epoch) < Math.abs(epochs[best]! - epoch)) best = at;
    }
    return best;
  }

  /** The forecasts after an epoch over all rows that are drawn, null between them. */
  line(at: number): (number | null)[] {
    const { starts, horizon } = this.facts!;
    return this.#placed(this.store.data("watched_forecasts"), at * starts.length * horizon);
  }

  /** An edge of the bands after an epoch, the lower or the upper one; nothing where no paths were drawn. */
  edge(at: number, upper: boolean): (number | null)[] {
    const { starts, horizon } = this.facts!;
    return this.#placed(this.store.data("watched_bands"), (2 * at + Number(upper)) * starts.length * horizon);
  }

  #placed(values: Numbers, first: number): (number | null)[] {
    const { starts, horizon } = this.facts!;
    const line: (number | null)[] = Array.from({ length: this.store.data("watched_times").length }, () => null);
    starts.forEach((start, origin) => {
      for (let step = 0; step < horizon; step++) {
        const value = values[first + origin * horizon + step]!;
        if (Number.isFinite(value)) line[start + step] = value;
      }
    });
    return line;
  }

  /** The codes of a gate after an epoch, a row a step. */
  codes(at: number, gate: number): ArrayLike<number> {
    const { gates, steps, units } = this.facts!;
    const size = steps * units;
    const first = (at * gates.length + gate) * size;
    return this.store.data("watched_gates").subarray(first, first + size);
  }
}
