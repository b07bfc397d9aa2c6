import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../../tests/widgets/loss_vectors.json";
import { LOSSES, NAMES } from "../src/losses";

const { residuals } = vectors;

test("every loss is Python's", () => {
  assert.deepEqual(residuals.map(LOSSES.mse), vectors.mse);
  assert.deepEqual(residuals.map(LOSSES.mae), vectors.mae);
  for (const { delta, losses } of vectors.huber) {
    assert.deepEqual(residuals.map((residual) => LOSSES.huber(residual, delta)), losses);
  }
  assert.deepEqual(NAMES, Object.keys(vectors).slice(1));
});
