/**
 * The loss of a residual, by the name of its option. The slider of delta moves the curves, the means and the share beyond
 * delta with no kernel behind, in a saved notebook too, so the formulas stand here as well as in Python: both, and what
 * a training minimises, are held to tests/widgets/loss_vectors.json.
 */
export const LOSSES = {
  mse: (r: number): number => r * r,
  mae: (r: number): number => Math.abs(r),
  huber: (r: number, delta: number): number => (Math.abs(r) <= delta ? 0.5 * r * r : delta * (Math.abs(r) - 0.5 * delta)),
};
export type Loss = keyof typeof LOSSES;
export const NAMES = Object.keys(LOSSES) as Loss[];
