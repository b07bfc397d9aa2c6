import assert from "node:assert/strict";
import { test } from "node:test";
import { Watched } from "../src/learning/watched";
import { Store, type Packed } from "../src/wire";

function store(): Store {
  const made = new Store();
  const floats = (name: string, shape: number[], values: number[]): Packed => ({ name, dtype: "f4", shape, start: null, data: new DataView(new Float32Array(values).buffer) });
  const facts = { starts: [2, 5], horizon: 2, gates: ["forget", "input"], steps: 2, units: 2, kept: 4, over: true };
  made.apply(
    {
      kind: "snapshot",
      seq: 0,
      values: { watched: facts, watched_captions: { "0": "epoch 0, untrained", "4": "epoch 4, kept" } },
      arrays: [
        { name: "watched_times", dtype: "f8", shape: [8], start: null, data: new DataView(new Float64Array(8).buffer) },
        floats("watched_epochs", [3], [0, 1, 4]),
        floats("watched_forecasts", [3, 4], [1, 2, 3, 4, 5, NaN, 7, 8, 9, 10, 11, 12]),
        { name: "watched_gates", dtype: "u1", shape: [3, 8], start: null, data: new DataView(Uint8Array.from({ length: 24 }, (_, at) => at).buffer) },
      ],
    },
    [],
  );
  return made;
}

test("an epoch's forecasts stand after their origins, with gaps between", () => {
  const watched = new Watched(store());
  assert.deepEqual(watched.line(1), [null, null, 5, null, null, 7, 8, null]);
  assert.deepEqual(watched.line(2), [null, null, 9, 10, null, 11, 12, null]);
});

test("the edges of an epoch's bands stand where its forecasts do, and there are none where no paths were drawn", () => {
  const made = store();
  const values = Float32Array.from({ length: 24 }, (_, at) => (at < 8 ? NaN : at));
  made.apply({ kind: "delta", seq: 1, values: {}, arrays: [{ name: "watched_bands", dtype: "f4", shape: [3, 8], start: null, data: new DataView(values.buffer) }] }, []);
  const watched = new Watched(made);
  assert.deepEqual(watched.edge(1, false), [null, null, 8, 9, null, 10, 11, null]);
  assert.deepEqual(watched.edge(1, true), [null, null, 12, 13, null, 14, 15, null]);
  assert.ok(watched.edge(0, true).every((value) => value === null));
});

test("an output of an earlier version is one series", () => {
  assert.deepEqual(new Watched(store()).facts!.pieces, [{ name: "", first: 0, end: 8 }]);
});

test("a gate's codes are those of the epoch and the gate", () => {
  const watched = new Watched(store());
  assert.deepEqual([...Array.from(watched.codes(0, 0))], [0, 1, 2, 3]);
  assert.deepEqual([...Array.from(watched.codes(2, 1))], [20, 21, 22, 23]);
});

test("an epoch that was left out is shown by the nearest", () => {
  const watched = new Watched(store());
  assert.equal(watched.nearest(4), 2);
  assert.equal(watched.nearest(2), 1);
  assert.equal(watched.caption(watched.nearest(3)), "epoch 4, kept");
});
