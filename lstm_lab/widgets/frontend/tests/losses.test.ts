import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../../tests/widgets/loss_vectors.json";
import { LOSSES, NAMES } from "../src/losses";

const { residuals } = vectors;

test("every loss is Python's", () => {
  assert.deepEqual(residuals.map(LOSSES.MSE), vectors.MSE);
  assert.deepEqual(residuals.map(LOSSES.MAE), vectors.MAE);
  for (const { delta, losses } of vectors.Huber) {
    assert.deepEqual(residuals.map((residual) => LOSSES.Huber(residual, delta)), losses);
  }
  assert.deepEqual(NAMES, Object.keys(vectors).slice(1));
});
