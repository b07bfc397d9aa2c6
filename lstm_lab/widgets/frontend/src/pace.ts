/** How long a training still takes. */
const RECENT = 5;

/**
 * Seconds that an epoch takes: of the newest epochs, but never of the first, in which the network was compiled. Until a
 * second one is done, `pace` is what the batches after the first batch took, carried over to an epoch.
 */
export function epochSeconds(times: ArrayLike<number>, pace: number | null): number | null {
  const recent = Array.from(times).slice(1).slice(-RECENT);
  return recent.length ? recent.reduce((sum, seconds) => sum + seconds, 0) / recent.length : pace;
}
