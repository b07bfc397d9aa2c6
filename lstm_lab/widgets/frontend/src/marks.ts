/** Scores of a study by column, row and seed: scales, ticks, order and words. No elements, so that tests need no page. */
import { nice, number, percent, tickLabels } from "./format";
import { extent, padded, type Range } from "./geometry";

export type Form = "number" | "share" | "change";

export interface Column {
  label: string;
  line: number | null;
  dashed: boolean;
  form: Form;
  scale: "linear" | "log" | "symlog";
}

/** A scale from values to shares of the axis, and its ticks. */
export interface Axis {
  at: (value: number) => number;
  ticks: number[];
  labels: string[];
}

/** Room at both ends, for marks are as wide as they are high. */
const AIR = 0.06;

/** The mean of what is known; NaN where nothing is. */
export function mean(values: ArrayLike<number>): number {
  const known = Array.from(values).filter(Number.isFinite);
  return known.length === 0 ? NaN : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Say a value of a column. */
export function words(value: number, form: Form): string {
  if (!Number.isFinite(value)) return "–";
  if (form === "share") return percent(value);
  if (form === "number") return number(value);
  const size = Math.abs(value);
  return `${value < 0 ? "−" : value > 0 ? "+" : ""}${size.toFixed(size >= 9.95 ? 0 : 1)} %`;
}

/** Linear around none, logarithmic beyond. */
function bent(value: number, linear: number): number {
  const size = Math.abs(value) / linear;
  return Math.sign(value) * (size <= 1 ? size : 1 + Math.log10(size));
}

/** Powers of ten, and where there are few of them 2 and 5 times those. */
function logTicks([low, high]: Range, most: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const times = last - first <= 3 ? [1, 2, 5] : [1];
  const step = Math.max(1, Math.ceil((last - first) / Math.max(most, 1)));
  const all: number[] = [];
  for (let power = first; power <= last; power += step) all.push(...times.map((factor) => Number((factor * 10 ** power).toPrecision(6))));
  return all.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

/** Scale a column over its marks, its line, and its intervals where no logarithm forbids them. */
export function axisOf(column: Column, values: ArrayLike<number>, intervals: ArrayLike<number>, most: number, linear: number, changeTicks: number[]): Axis {
  const line = column.line === null ? [] : [column.line];
  if (column.scale === "log") {
    const [low, high] = extent(values, line.filter((value) => value > 0)) ?? [1, 10];
    const [start, end] = padded([Math.log(low), Math.log(high)], AIR);
    const ticks = logTicks([low, high], most);
    return { at: (value) => (value > 0 ? (Math.log(value) - start) / (end - start) : -1), ticks, labels: ticks.map((tick) => number(tick)) };
  }
  let found = extent(values, intervals, line) ?? [0, 1];
  if (column.form === "share") found = [Math.max(0, Math.min(found[0], (column.line ?? 1) - 0.1)), 1];
  const map = column.scale === "symlog" ? (value: number): number => bent(value, linear) : (value: number): number => value;
  const [start, end] = padded([map(found[0]), map(found[1])], AIR);
  const ticks = column.scale === "symlog" ? changeTicks.filter((tick) => tick >= found[0] && tick <= found[1]) : nice(found[0], found[1], most);
  const labels = column.form === "number" ? tickLabels(ticks) : column.form === "share" ? ticks.map((tick) => percent(tick)) : ticks.map((tick) => (tick ? `${tick > 0 ? "+" : "−"}${Math.abs(tick)} %` : "0"));
  return { at: (value) => (map(value) - start) / (end - start), ticks, labels };
}

/** The order of rows by the mean of a column: up, down, or as they came; rows without a value last. */
export function order(means: number[], direction: 1 | -1 | 0): number[] {
  const rows = means.map((_, row) => row);
  if (direction === 0) return rows;
  const key = (row: number): number => (Number.isFinite(means[row]) ? direction * means[row]! : Infinity);
  return rows.sort((first, second) => key(first) - key(second) || first - second);
}

/** The place of the value that is nearest to a share of the axis; −1 where there is none. */
export function nearest(values: ArrayLike<number>, axis: Axis, share: number): number {
  let best = -1;
  let least = Infinity;
  for (let at = 0; at < values.length; at++) {
    if (!Number.isFinite(values[at])) continue;
    const far = Math.abs(axis.at(values[at]!) - share);
    if (far < least) [best, least] = [at, far];
  }
  return best;
}
