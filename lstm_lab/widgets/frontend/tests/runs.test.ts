import assert from "node:assert/strict";
import { test } from "node:test";
import { rowOf } from "../src/runs";
import { Store } from "../src/wire";

test("what a run lacks is a gap", () => {
  const store = new Store();
  const data = new DataView(new Float32Array([1, 2, NaN, 4]).buffer);
  store.apply({ kind: "snapshot", seq: 0, values: {}, arrays: [{ name: "losses", dtype: "f4", shape: [2, 2], start: null, data }] }, []);
  assert.deepEqual(rowOf(store, "losses", 0, 2), [1, 2]);
  assert.deepEqual(rowOf(store, "losses", 1, 2), [null, 4]);
});
