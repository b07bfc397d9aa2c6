/** What a backtest's view computes of its origins. No elements, so that tests need no page. */
import type { Store } from "../wire";

type Numbers = ArrayLike<number>;

/** The forecast of a model from an origin, beside what happened. */
export interface Forecast {
  past: [from: number, to: number];
  /** Row of the first step. */
  row: number;
  /** Five rows, as long as the horizon. */
  quantiles: Float32Array;
  actual: Float32Array;
}

export class Origins {
  readonly models: string[];
  readonly rows: Numbers;
  readonly horizon: number;

  constructor(private readonly store: Store) {
    this.models = (store.values["models"] ?? []) as string[];
    this.rows = store.data("rows");
    const all = store.data("each_quantiles").length;
    this.horizon = this.models.length === 0 || this.count === 0 ? 0 : all / this.models.length / this.count / 5;
  }

  get count(): number {
    return this.rows.length;
  }

  forecast(model: number, origin: number): Forecast {
    const { store, horizon } = this;
    const row = this.rows[origin]!;
    const start = (model * this.count + origin) * 5 * horizon;
    return {
      past: [Math.max(0, row - (store.number("lead") ?? 60)), row],
      row,
      quantiles: store.data("each_quantiles").subarray(start, start + 5 * horizon) as Float32Array,
      actual: store.data("series").subarray(row, row + horizon) as Float32Array,
    };
  }

  /** The steps at which what happened lay outside the band, and those that are known. */
  misses(model: number, origin: number): { missed: number; known: number } {
    const { quantiles, actual } = this.forecast(model, origin);
    let [missed, known] = [0, 0];
    actual.forEach((value, step) => {
      if (!Number.isFinite(value)) return;
      known++;
      if (value < quantiles[step]! || value > quantiles[4 * this.horizon + step]!) missed++;
    });
    return { missed, known };
  }

  /** Mean absolute error of the median. */
  error(model: number, origin: number): number {
    const { quantiles, actual } = this.forecast(model, origin);
    const gaps = Array.from(actual, (value, step) => Math.abs(value - quantiles[2 * this.horizon + step]!)).filter(Number.isFinite);
    return gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  }

  /** The origin whose first step is nearest to a row. */
  nearest(row: number): number {
    let best = 0;
    for (let at = 1; at < this.count; at++) if (Math.abs(this.rows[at]! - row) < Math.abs(this.rows[best]! - row)) best = at;
    return best;
  }

  /** The next origin with a miss, from the first again after the last; the same where there is no other. */
  nextMiss(model: number, origin: number): number {
    for (let steps = 1; steps < this.count; steps++) {
      const at = (origin + steps) % this.count;
      if (this.misses(model, at).missed > 0) return at;
    }
    return origin;
  }
}
