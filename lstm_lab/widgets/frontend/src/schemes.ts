/**
 * The weights of training windows under each scheme. The slider of the rate moves them with no kernel behind, so the
 * formulas of data/sample_weights.py stand here too: both are held to tests/widgets/weight_vectors.json.
 */
export type Name = "uniform" | "linear" | "exponential";
export const NAMES: Name[] = ["uniform", "linear", "exponential"];

/** Windows that the sums are taken over; more would change no digit that is shown. */
const MOST = 20_000;

/** A scheme over age, 0 oldest to 1 newest, before it is normalised. */
export function curve(name: Name, rate: number, age: number): number {
  if (name === "linear") return 0.5 + 0.5 * age;
  return name === "exponential" ? Math.exp(rate * (age - 1)) : 1;
}

export interface Scheme {
  mean: number;
  /** Newest over oldest. */
  ratio: number;
  /** Effective sample size, as a share of the windows: (Σw)² / (n Σw²). */
  effective: number;
}

/** Sum a scheme up over so many windows. */
export function measure(name: Name, rate: number, windows: number): Scheme {
  const count = Math.max(2, Math.min(windows, MOST));
  let sum = 0;
  let squares = 0;
  for (let at = 0; at < count; at++) {
    const weight = curve(name, rate, at / (count - 1));
    sum += weight;
    squares += weight * weight;
  }
  const ratio = curve(name, rate, 1) / curve(name, rate, 0);
  return { mean: sum / count, ratio, effective: (sum * sum) / (count * squares) };
}
