import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../../tests/widgets/what_if_vectors.json";
import { interpolated, run, type Hold, type Stage, type Weights } from "../src/cell/network";

/** What travels in float32, and so the network's own output, is as exact as this. */
const CLOSE = 2e-6;

test("held gates and changed inputs give Python's signals and output", () => {
  for (const { name, stages, steps, arrays, cases } of vectors) {
    const held = arrays as unknown as Record<string, number[]>;
    const weights = stages.map((_, at): Weights => ({ kernel: held[`net:${at}:kernel`]!, recurrent: held[`net:${at}:recurrent`] ?? [], bias: held[`net:${at}:bias`]! }));
    for (const { holds, edit, output, layers } of cases) {
      const inputs = [...held["inputs"]!];
      if (edit !== null) inputs[2 * 2] = edit;
      const outcome = run(stages as unknown as Stage[], weights, inputs, steps, holds as Hold[]);
      const words = `${name}, ${JSON.stringify(holds)}, ${edit}`;
      assert.ok(Math.abs(outcome.output - output) < CLOSE, `${words}: output ${outcome.output}, not ${output}`);
      layers.forEach((layer, place) => {
        for (const [signal, rows] of Object.entries(layer as Record<string, number[][]>)) {
          const own = outcome.layers[place]![signal]!;
          const worst = Math.max(...rows.flat().map((value, at) => Math.abs(value - own[at]!)));
          assert.ok(worst < CLOSE, `${words}: ${signal} of layer ${place} is off by ${worst}`);
        }
      });
    }
  }
});

test("parts of a state add up", () => {
  const [{ stages, steps, arrays }] = vectors as unknown as [{ stages: Stage[]; steps: number; arrays: Record<string, number[]> }];
  const weights = stages.map((_, at): Weights => ({ kernel: arrays[`net:${at}:kernel`]!, recurrent: arrays[`net:${at}:recurrent`] ?? [], bias: arrays[`net:${at}:bias`]! }));
  const [lstm, gru] = run(stages, weights, arrays["inputs"]!, steps, []).layers;
  lstm!["cell"]!.forEach((cell, at) => assert.ok(Math.abs(cell - lstm!["kept"]![at]! - lstm!["written"]![at]!) < 1e-15));
  gru!["hidden"]!.forEach((hidden, at) => assert.ok(Math.abs(hidden - gru!["kept"]![at]! - gru!["written"]![at]!) < 1e-15));
  assert.deepEqual(Array.from(lstm!["cell_before"]!.slice(3)), Array.from(lstm!["cell"]!.slice(0, -3)));
});

test("a curve is read off between its points and goes on beyond them", () => {
  const table = [0, 1, 2, 10, 20, 40];
  assert.deepEqual([0, 0.5, 1, 1.5, 2, 3, -1].map((x) => interpolated(table, x)), [10, 15, 20, 30, 40, 60, 0]);
});
