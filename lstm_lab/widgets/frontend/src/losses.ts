/** Three losses of a residual. tests/widgets/loss_vectors.json holds them equal to `loss_of` in Python. */

/** The loss of one residual, as Keras computes it. */
export const LOSSES = {
  MSE: (r: number): number => r * r,
  MAE: (r: number): number => Math.abs(r),
  Huber: (r: number, delta: number): number => (Math.abs(r) <= delta ? 0.5 * r * r : delta * (Math.abs(r) - 0.5 * delta)),
};
export type Loss = keyof typeof LOSSES;
export const NAMES = Object.keys(LOSSES) as Loss[];
