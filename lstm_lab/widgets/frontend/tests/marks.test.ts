import assert from "node:assert/strict";
import { test } from "node:test";
import { axisOf, type Column, mean, nearest, order, words } from "../src/marks";

const column = (changes: Partial<Column>): Column => ({ label: "error", line: null, dashed: false, form: "number", scale: "linear", ...changes });
const CHANGES = [-50, -10, -2, 0, 2, 10, 50];
const axis = (changes: Partial<Column>, values: number[], intervals: number[] = []) => axisOf(column(changes), values, intervals, 5, 2, CHANGES);

test("a linear scale holds marks, line and intervals, with room at both ends", () => {
  const { at, ticks, labels } = axis({ line: 4 }, [1, 2], [0, 3]);
  assert.ok(at(0) > 0.04 && at(4) < 0.96);
  assert.ok(Math.abs(at(2) - 0.5) < 1e-9);
  assert.deepEqual(ticks, [0, 1, 2, 3, 4]);
  assert.deepEqual(labels, ["0", "1", "2", "3", "4"]);
});

test("a logarithmic scale has equal ratios at equal lengths, and leaves out what is not positive", () => {
  const { at, ticks } = axis({ scale: "log" }, [1, 1000], [-5, 2000]);
  assert.ok(Math.abs(at(10) - at(1) - (at(1000) - at(100))) < 1e-9);
  assert.ok(at(-5) < 0);
  assert.deepEqual(ticks, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]);
});

test("shares end at 100 %, and hold the nominal one", () => {
  const { at, labels } = axis({ form: "share", line: 0.9 }, [0.86, 0.93]);
  assert.ok(at(0.8) > 0 && at(1) < 1);
  assert.equal(labels.at(-1), "100 %");
});

test("large changes are logarithmic beyond a linear middle, alike on both sides", () => {
  const { at, labels } = axis({ form: "change", scale: "symlog" }, [-60, 60]);
  assert.ok(Math.abs(at(0) - 0.5) < 1e-9);
  assert.ok(Math.abs(at(20) - at(2) - (at(2) - at(-20)) + (at(2) - at(-2))) < 1e-9);
  assert.deepEqual(labels, ["−50 %", "−10 %", "−2 %", "0", "+2 %", "+10 %", "+50 %"]);
});

test("rows are sorted by their means, those without a value last, and come back as they came", () => {
  assert.deepEqual(order([3, NaN, 1, 2], 1), [2, 3, 0, 1]);
  assert.deepEqual(order([3, NaN, 1, 2], -1), [0, 3, 2, 1]);
  assert.deepEqual(order([3, NaN, 1], 0), [0, 1, 2]);
});

test("the nearest seed is found, and means pass over what a row lacks", () => {
  const scale = axis({}, [1, 5]);
  assert.equal(nearest([1, NaN, 5], scale, scale.at(4)), 2);
  assert.equal(nearest([NaN], scale, 0.5), -1);
  assert.equal(mean([1, NaN, 5]), 3);
  assert.ok(Number.isNaN(mean([NaN])));
});

test("values are said in the form of their column", () => {
  assert.deepEqual([words(0.876, "share"), words(-3.44, "change"), words(12.3, "change"), words(NaN, "number"), words(1.2345, "number")], ["88 %", "−3.4 %", "+12 %", "–", "1.235"]);
});
