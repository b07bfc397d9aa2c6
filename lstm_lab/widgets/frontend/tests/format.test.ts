import assert from "node:assert/strict";
import { test } from "node:test";
import { decimals, duration, nice, number, ordinal, percent, sentences, short, tickLabels, time } from "../src/format";

for (const [value, text] of [
  [0, "0"],
  [1, "1"],
  [-1.5, "−1.5"],
  [1234.5678, "1,235"],
  [999_999.4, "999,999"],
  [1e6, "1.00e6"],
  [0.000123456, "0.0001235"],
  [0.00001, "1.00e-5"],
  [-2.5e7, "−2.50e7"],
  [Number.NaN, "–"],
  [Number.POSITIVE_INFINITY, "–"],
  [null, "–"],
  [undefined, "–"],
] as const) {
  test(`the number ${value} is written ${text}`, () => assert.equal(number(value), text));
}

test("a number keeps as many significant digits as asked for", () => {
  assert.equal(number(2.34567, 2), "2.3");
  assert.equal(number(234.567, 2), "235");
  assert.equal(number(0.00234567, 3), "0.00235");
});

test("the digits of ticks follow the distance between them", () => {
  assert.equal(decimals(0.025), 3);
  assert.equal(decimals(1), 0);
  assert.equal(decimals(250), 0);
  assert.deepEqual(tickLabels([0, 0.025, 0.05]), ["0.000", "0.025", "0.050"]);
  assert.deepEqual(tickLabels([-1000, 0, 1000]), ["−1,000", "0", "1,000"]);
  assert.deepEqual(tickLabels([1, null, 3]), ["1", "", "3"]);
  assert.deepEqual(tickLabels([7]), ["7"]);
});

test("ticks a tiny distance apart are not written as many equal numbers", () => {
  assert.deepEqual(tickLabels([0, 1e-7, 2e-7]), ["0", "1e-7", "2e-7"]);
});

test("ticks beyond a million keep the digit that tells them apart", () => {
  assert.deepEqual(tickLabels([1_000_000, 1_250_000, 1_500_000]), ["1.00e6", "1.25e6", "1.50e6"]);
  assert.deepEqual(tickLabels([-2e6, 0, 2e6]), ["−2e6", "0", "2e6"]);
});

test("nice numbers are round and lie inside", () => {
  assert.deepEqual(nice(0, 1, 4), [0, 0.5, 1]);
  assert.deepEqual(nice(-0.3, 0.9, 6), [-0.2, 0, 0.2, 0.4, 0.6, 0.8]);
  assert.deepEqual(nice(98, 153, 5), [100, 120, 140]);
  // One tick alone would tell no scale.
  assert.deepEqual(nice(3.65e9, 4.35e9, 64 / 18), [3.8e9, 4e9, 4.2e9]);
  for (const mark of nice(0.1, 0.7, 6)) assert.equal(mark, Number(mark.toFixed(1)));
});

for (const [seconds, text] of [
  [0.0123, "12 ms"],
  [0.0996, "0.1 s"],
  [4, "4.0 s"],
  [9.96, "10 s"],
  [59.6, "1 min 00 s"],
  [200, "3 min 20 s"],
  [7500, "2 h 05 min"],
] as const) {
  test(`${seconds} seconds are written ${text}`, () => assert.equal(duration(seconds), text));
}

test("a share is written in percent", () => {
  assert.equal(percent(0.895), "90 %");
  assert.equal(percent(0.0512, 1), "5.1 %");
});

test("a time shows no more than the step between rows says, and no zone is applied", () => {
  const noon = Date.UTC(2024, 1, 29, 12, 30, 15) / 1000;
  assert.equal(time(noon, true, 86_400), "2024-02-29");
  assert.equal(time(noon, true, 3600), "2024-02-29 12:30");
  assert.equal(time(noon, true, 1), "2024-02-29 12:30:15");
  assert.equal(time(1200, false, 1), "1,200");
});

test("percentiles have their names, as in the still picture", () => {
  assert.deepEqual([5, 2.5, 1, 12, 93, 22, 50].map(ordinal), ["5th", "2.5th", "1st", "12th", "93rd", "22nd", "50th"]);
});

test("a number's point ends no sentence", () => {
  assert.deepEqual(sentences("It was 0.5 vs. 3 steps. Units 1.5. The rest."), ["It was 0.5 vs. 3 steps.", "Units 1.5.", "The rest."]);
});

test("a long name is shortened, and how many inputs there are stays", () => {
  assert.equal(short("sine, scaled"), "sine, scaled");
  assert.equal(short("a".repeat(50), 10), `${"a".repeat(9)}…`);
  assert.equal(short(`${"a".repeat(50)}, scaled, the first of 3 inputs`, 40), `${"a".repeat(8)}…, scaled, the first of 3 inputs`);
});
