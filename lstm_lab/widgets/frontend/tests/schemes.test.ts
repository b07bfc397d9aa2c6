import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../../tests/widgets/weight_vectors.json";
import { curve, measure, type Name, NAMES } from "../src/schemes";

const near = (value: number, wanted: number): void => assert.ok(Math.abs(value - wanted) <= 1e-12 * Math.abs(wanted), `${value}, wanted ${wanted}`);

test("every scheme is Python's", () => {
  for (const { name, rate, weights, effective } of vectors) {
    const scheme = measure(name as Name, rate, weights.length);
    weights.forEach((weight, at) => near(curve(name as Name, rate, at / (weights.length - 1)) / scheme.mean, weight));
    near(scheme.ratio, weights.at(-1)! / weights[0]!);
    near(scheme.effective * weights.length, effective);
  }
  assert.deepEqual([...new Set(vectors.map(({ name }) => name))].sort(), [...NAMES].sort());
});
