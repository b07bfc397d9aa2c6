import assert from "node:assert/strict";
import { test } from "node:test";
import { chance } from "../src/fan";
import { fanOf, numberOf } from "../src/spread";
import { type Packed, Store } from "../src/wire";

function packed(name: string, data: Float32Array | Float64Array): Packed {
  return { name, dtype: data instanceof Float64Array ? "f8" : "f4", shape: [data.length], start: null, data: new DataView(data.buffer as ArrayBuffer) };
}

test("a combination is found by its switches, or not at all", () => {
  const sources = [[true, true], [true, false], [false, true]];
  assert.equal(numberOf(sources, [false, true]), 2);
  assert.equal(numberOf(sources, [false, false]), -1);
});

test("a combination has its own quantiles and paths", () => {
  const store = new Store();
  const arrays = [
    packed("times", new Float64Array([5, 6])),
    packed("each_quantiles", Float32Array.from({ length: 20 }, (_, at) => at)),
    packed("each_errors", Float32Array.from({ length: 20 }, (_, at) => -at)),
    // Two paths, each of both combinations.
    packed("each_paths", new Float32Array([1, 2, 10, 20, 3, 4, 30, 40])),
  ];
  store.apply({ kind: "snapshot", seq: 0, values: {}, arrays }, []);
  const fan = fanOf(store, 1, 2);
  assert.deepEqual([...fan["paths"]!], [10, 20, 30, 40]);
  assert.deepEqual([...fan["quantiles"]!], [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  assert.deepEqual([...fan["errors"]!.subarray(0, 2)], [-10, -11]);
});

test("a chance that no path or every path bears out is no certainty", () => {
  assert.equal(chance(0, 200), "at most 1.5 %");
  assert.equal(chance(200, 200), "at least 98.5 %");
  assert.equal(chance(1, 1), "at least 0.0 %");
  assert.equal(chance(0, 1), "at most 100.0 %");
  assert.equal(chance(50, 200), "25 % ± 3 %");
});
