import assert from "node:assert/strict";
import { test } from "node:test";

// uPlot looks at the page as soon as it is loaded. Newer versions of node have a navigator of their own, read-only.
Object.assign(globalThis, { matchMedia: () => ({ addEventListener: () => {} }), addEventListener: () => {}, devicePixelRatio: 1 });
Object.defineProperty(globalThis, "navigator", { value: { language: "en" }, configurable: true });
const { decades, font, labelled, logLabels } = await import("../src/chart");

test("a log axis has the multiples of each power of ten within its range", () => {
  assert.deepEqual(decades(0.0097, 0.03), [0.01, 0.02, 0.03]);
  assert.deepEqual(decades(0.5, 12), [0.5, 0.6, 0.7, 0.8, 0.9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(decades(1e-6, 1).filter((place) => Math.abs(Math.log10(place) % 1) < 1e-9).length, 7);
});

test("a log axis of nothing has no places, and comes to an end", () => {
  for (const [low, high] of [[0, 1], [-1, 1], [Number.NaN, 1], [1, Infinity]] as const) assert.deepEqual(decades(low, high), []);
});

test("the size of an axis' letters is a whole number, which uPlot reads", () => {
  for (const unit of [0.93, 1, 20.4286 / 12, 22 / 14]) assert.match(font(unit), /^\d+px /);
  assert.equal(font(22 / 14), "19px system-ui, sans-serif");
});

test("a tick of a log axis is never 0", () => {
  assert.deepEqual(logLabels(null, [1e-5, 1e-4, null, 0.001, 0.01, 1, 1000, 1e7]), ["1e-5", "1e-4", "", "0.001", "0.01", "1", "1,000", "1e7"]);
});

test("a log axis of less than two decades has more labels than its power of ten", () => {
  const shown = (low: number, high: number, room: number): (number | null)[] => labelled(decades(low, high), room).filter((value) => value !== null);
  assert.deepEqual(shown(0.02, 0.6, 6), [0.02, 0.05, 0.1, 0.2, 0.5]);
  assert.deepEqual(shown(0.005, 2, 6), [0.01, 0.1, 1]);
  assert.deepEqual(shown(1e-6, 1, 4), [1e-6, 1e-4, 0.01, 1]);
});
