import assert from "node:assert/strict";
import { test } from "node:test";
import { cut, distances, nearest } from "../src/gates/again";
import { outline, wordsOf, type Found } from "../src/matches";

const wave = Array.from({ length: 40 }, (_, step) => Math.sin((2 * Math.PI * step) / 10));

test("a stretch is found a period later, at distance 0, and not half a period later", () => {
  const all = distances([wave, wave.map((value) => 3 * value + 1)], 12, 15);
  assert.equal(all.length, 37);
  assert.ok(all[12]! < 1e-9 && all[22]! < 1e-6 && all[2]! < 1e-6);
  assert.ok(all[17]! > 1.5);
});

test("the distance is the root mean square of the differences in standard deviations of all stretches", () => {
  // Stretches of one step of 0, 1, 2, 3: the standard deviation is √1.25.
  const [first, second] = distances([[0, 1, 2, 3]], 0, 0);
  assert.ok(Math.abs(first!) < 1e-12 && Math.abs(second! - 1 / Math.sqrt(1.25)) < 1e-12);
});

test("a unit that never varies does not count, and a masked step is no match", () => {
  assert.deepEqual(distances([wave, wave.map(() => 0.5)], 3, 5), distances([wave], 3, 5));
  const gap = wave.map((value, step) => (step === 20 ? NaN : value));
  const all = distances([gap], 12, 13);
  assert.deepEqual([19, 20].map((start) => Number.isNaN(all[start]!)), [true, true]);
  assert.ok(!nearest(all, 12, 2, 30).includes(19));
});

test("matches share no step with each other or with what is looked for, the nearest first", () => {
  const all = distances([wave], 12, 15);
  const found = nearest(all, 12, 4, 8);
  assert.deepEqual(new Set(found.slice(0, 3)), new Set([2, 22, 32]));
  const taken = [12, ...found].sort((a, b) => a - b);
  for (let at = 1; at < taken.length; at++) assert.ok(taken[at]! - taken[at - 1]! >= 4);
});

test("a thumbnail shows a third each before, there and after, with gaps beyond the ends", () => {
  const values = cut(Float32Array.from([1, 2, 3, 4]), 0, 2);
  assert.deepEqual(values.map((value) => (Number.isNaN(value) ? null : value)), [null, null, 1, 2, 3, 4]);
  assert.equal(outline(Float32Array.from(values)).length, 1);
  assert.equal(outline(Float32Array.from([1, 2, NaN, 3, 4])).length, 2);
});

test("a card says how near it is and what came after", () => {
  const found = { series: "close", steps: 4, distances: [0, 0.512], changes: [null, 1.25] } as unknown as Found;
  assert.equal(wordsOf(found, 0), "looked for · what came after is not known");
  assert.equal(wordsOf(found, 1), "distance 0.51 · close +1.25 in the 4 steps after");
});
