import assert from "node:assert/strict";
import { test } from "node:test";
import { clamp, extent, fitted, logPadded, padded, stepsKnown, type Range, zoom } from "../src/geometry";

test("the extent of arrays leaves out what is no number", () => {
  assert.deepEqual(extent([3, Number.NaN, 1], new Float32Array([5, Number.POSITIVE_INFINITY]), [null]), [1, 5]);
  assert.equal(extent([], [Number.NaN]), null);
});

test("a single value gets room around it", () => {
  assert.deepEqual(padded([5, 5], 0.1), [4.5, 5.5]);
  assert.deepEqual(padded([0, 0], 0.1), [-0.1, 0.1]);
  assert.deepEqual(padded([0, 10], 0.1), [-1, 11]);
  assert.deepEqual(logPadded([0.01, 100], 0.25).map((end) => Number(end.toPrecision(6))), [0.001, 1000]);
});

test("what starts at zero has its zero at the edge, not above it", () => {
  assert.deepEqual(fitted([[1, 10]], true), [0, 10.6]);
  assert.deepEqual(fitted([[-10, -1]], true), [-10.6, 0]);
  assert.deepEqual(fitted([[-10, 10]], true), [-11.2, 11.2]);
  assert.deepEqual(fitted([[0, 0]], true), [0, 1]);
  assert.deepEqual(fitted([], false), [-0.06, 1.06]);
});

test("a value is held between its ends", () => {
  assert.equal(clamp(-1, 0, 5), 0);
  assert.equal(clamp(9, 0, 5), 5);
  assert.equal(clamp(2, 0, 5), 2);
});

test("what one points at stays where it is while zooming", () => {
  const [low, high] = zoom([0, 100], 0.5, 25, [0, 100], 1);
  assert.deepEqual([low, high], [12.5, 62.5]);
  assert.equal((25 - low) / (high - low), 0.25);
});

test("a zoom keeps to the whole and comes no closer than allowed", () => {
  assert.deepEqual(zoom([10, 30], 100, 20, [0, 100], 1), [0, 100]);
  assert.deepEqual(zoom([80, 100], 2, 80, [0, 100], 1), [60, 100]);
  const [low, high] = zoom([10, 20], 0.01, 15, [0, 100], 6);
  assert.equal(high - low, 6);
});

test("in and out again gives back what was", () => {
  const once = zoom([0, 60], 0.5, 30, [0, 60], 6);
  assert.deepEqual(zoom(once, 2, 30, [0, 60], 6), [0, 60] satisfies Range);
});

test("the known steps end with the last value that is known", () => {
  assert.equal(stepsKnown([1, 2, 3, Number.NaN, Number.NaN]), 3);
  assert.equal(stepsKnown(Float32Array.of(Number.NaN, 2, Number.NaN, 4)), 4);
  assert.equal(stepsKnown([Number.NaN, Number.NaN]), 0);
});
