import assert from "node:assert/strict";
import { test } from "node:test";
import { Origins } from "../src/backtest/origins";
import { type Packed, Store } from "../src/wire";

function packed(name: string, data: Float32Array): Packed {
  return { name, dtype: "f4", shape: [data.length], start: null, data: new DataView(data.buffer as ArrayBuffer) };
}

/** One model, three origins of two steps; the band is the median ± 1. */
function origins(): Origins {
  const store = new Store();
  const five = (median: number[]): number[] => [-1, -0.5, 0, 0.5, 1].flatMap((by) => median.map((value) => value + by));
  const arrays = [
    packed("series", new Float32Array([0, 1, 2, 3, 4, NaN, 6])),
    packed("rows", new Float32Array([1, 3, 5])),
    packed("each_quantiles", new Float32Array([...five([1, 2]), ...five([9, 4.5]), ...five([5, 9])])),
  ];
  store.apply({ kind: "snapshot", seq: 0, values: { models: ["network"], lead: 2 }, arrays }, []);
  return new Origins(store);
}

test("a forecast has its own quantiles, its outcome, and no more past than there is", () => {
  const first = origins().forecast(0, 0);
  assert.deepEqual(first.past, [0, 1]);
  assert.deepEqual([...first.actual], [1, 2]);
  assert.deepEqual([...first.quantiles.subarray(4, 6)], [1, 2]);
  assert.deepEqual(origins().forecast(0, 2).past, [3, 5]);
});

test("misses are counted among the steps that are known", () => {
  const counted = [0, 1, 2].map((at) => origins().misses(0, at));
  assert.deepEqual(counted, [{ missed: 0, known: 2 }, { missed: 1, known: 2 }, { missed: 1, known: 1 }]);
});

test("the error is the median's over the steps that are known", () => {
  assert.equal(origins().error(0, 1), (6 + 0.5) / 2);
  assert.equal(origins().error(0, 2), 3);
});

test("the nearest origin and the next with misses", () => {
  assert.deepEqual([0, 2.1, 4.9, 99].map((row) => origins().nearest(row)), [0, 1, 2, 2]);
  assert.deepEqual([0, 1, 2].map((at) => origins().nextMiss(0, at)), [1, 2, 1]);
});
