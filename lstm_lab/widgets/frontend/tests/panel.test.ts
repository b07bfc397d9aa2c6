import assert from "node:assert/strict";
import { test } from "node:test";
import { counted, happened, namesOf, outlines, partOf } from "../src/panel";
import { type Packed, Store } from "../src/wire";

function packed(name: string, data: Float32Array | Float64Array | Uint8Array): Packed {
  const dtype = data instanceof Uint8Array ? "u1" : data instanceof Float64Array ? "f8" : "f4";
  return { name, dtype, shape: [data.length], start: null, data: new DataView(data.buffer, data.byteOffset, data.byteLength) };
}

/** Two series of two steps ahead and three before; the second has one step and two rows before. */
function store(times: number[], past: number[]): Store {
  const made = new Store();
  const five = (values: number[]): number[] => [-2, -1, 0, 1, 2].flatMap((by) => values.map((value) => value + by));
  const arrays = [
    packed("each_names", new TextEncoder().encode("total of 2 series\nsüd 1")),
    packed("each_quantiles", new Float32Array([...five([10, 20]), ...five([30, NaN])])),
    packed("each_history", new Float32Array([1, 2, 3, NaN, 5, 6])),
    packed("each_times", new Float64Array(times)),
    packed("each_history_times", new Float64Array(past)),
  ];
  made.apply({ kind: "snapshot", seq: 0, values: {}, arrays }, []);
  return made;
}

test("names are lines of UTF-8, none where there are no bytes", () => {
  assert.deepEqual(namesOf(store([], []), "each_names"), ["total of 2 series", "süd 1"]);
  assert.deepEqual(namesOf(store([], []), "names"), []);
});

test("a series is cut out with its own times, without what it lacks", () => {
  const own = store([4, 5, 4, NaN], [1, 2, 3, NaN, 2, 3]);
  const part = partOf(own, 1);
  assert.deepEqual([...part.times], [4]);
  assert.deepEqual([...part.past], [2, 3]);
  assert.deepEqual([...part.history], [5, 6]);
  assert.deepEqual([...part.quantiles], [28, 29, 30, 31, 32]);
});

test("times that all series share are sent once", () => {
  const part = partOf(store([4, 5], [1, 2, 3]), 1);
  assert.deepEqual([...part.times], [4, 5]);
  assert.deepEqual([...part.past], [1, 2, 3]);
  assert.deepEqual([...part.quantiles.subarray(4, 6)], [30, NaN]);
});

test("a thumbnail has band, history and median on one scale", () => {
  const [band, history, median] = outlines(partOf(store([4, 5], [1, 2, 3]), 0));
  // from 1 to 22 upwards, from 1 to 5 across
  assert.equal(history, "0,40 24,38 48,36");
  assert.equal(median, "72,23 96,4");
  assert.equal(band, "72,27 96,8 96,0 72,19");
});

test("what happened to a series is cut out with its scores, for the steps that it has", () => {
  const own = store([4, 5, 4, NaN], [1, 2, 3]);
  const more = [packed("each_actual", new Float32Array([1, 2, 3, NaN])), packed("each_scores", new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]))];
  own.apply({ kind: "delta", seq: 1, values: {}, arrays: more }, []);
  const { actual, scores } = happened(own, 1, 1);
  assert.deepEqual([...actual], [3]);
  assert.deepEqual([...scores], [5, 7]);
});

test("all series are counted up to a step, and a step beyond the last is the last", () => {
  const counts = new Float32Array([1, 3, 2, 4, 1, 1, 2, 2]);
  assert.equal(counted(counts, 1, 80), "All series: 1 of 2 values inside the band, 50 %, by a 80 % band; CRPS below the naive forecast's error in 1 of 2 series.");
  assert.equal(counted(counts, 9, 90).slice(0, 47), "All series: 3 of 4 values inside the band, 75 %");
  assert.equal(counted(new Float32Array(8), 1, 90), "");
});
