/** Ranges of numbers: what holds given values, what a zoom leaves of an axis. No elements, so that tests need no page. */

export type Range = [low: number, high: number];

export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

/** The least and the largest finite value of several arrays; null where there is none. */
export function extent(...arrays: ArrayLike<number | null>[]): Range | null {
  let low = Infinity;
  let high = -Infinity;
  for (const values of arrays) {
    for (let at = 0; at < values.length; at++) {
      const value = values[at]!;
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low > high ? null : [low, high];
}

/** Widen a range by a share of its width on both sides; a single value gets some room too. */
export function padded([low, high]: Range, share: number): Range {
  const room = (high - low || Math.abs(high) || 1) * share;
  return [low - room, high + room];
}

/** Widen the range of a log axis by a share of its width on both sides. */
export function logPadded([low, high]: Range, share: number): Range {
  const [least, most] = padded([Math.log10(low), Math.log10(high)], share);
  return [10 ** least, 10 ** most];
}

/** The range of a strip: with some air, and from zero where its bars or areas start there. */
export function fitted(arrays: ArrayLike<number>[], zero: boolean): Range {
  const found = extent(...arrays, zero ? [0] : []) ?? [0, 1];
  const [low, high] = padded(found, 0.06);
  if (!zero) return [low, high];
  if (found[0] === found[1]) return [0, 1];
  return [found[0] === 0 ? 0 : low, found[1] === 0 ? 0 : high];
}

/**
 * Show `factor` times as much of an axis, with the point `around` staying where it is on the screen, unless an end of the
 * `whole` is in the way. Never less than `least`, never more than the whole.
 */
export function zoom([low, high]: Range, factor: number, around: number, whole: Range, least: number): Range {
  const all = whole[1] - whole[0];
  const wide = Math.min(Math.max((high - low) * factor, least), all);
  const share = (around - low) / (high - low);
  const start = clamp(around - share * wide, whole[0], whole[1] - wide);
  return [start, start + wide];
}

/** How many steps there are up to the last one whose value is known; 0 where none is. */
export function stepsKnown(values: ArrayLike<number>): number {
  let steps = values.length;
  while (steps > 0 && !Number.isFinite(values[steps - 1])) steps--;
  return steps;
}
