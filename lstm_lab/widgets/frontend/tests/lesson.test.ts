import assert from "node:assert/strict";
import { test } from "node:test";
import { hits, placed, type Fan } from "../src/lesson/fan";
import { hides, plain, seen, verdict, write, type Block, type Question } from "../src/lesson/slides";
import { fake, openPage } from "./page";

openPage();

const ANSWER: Block = { kind: "text", runs: [["Open.", ""]] };
const QUESTION: Question = {
  kind: "question",
  runs: [["Open or ", ""], ["shut", "strong"]],
  choices: [{ runs: [["open", ""]], right: true }, { runs: [["shut", ""]], right: false }],
  answer: [ANSWER],
};

test("an answer stands below its question, and only when it is revealed", () => {
  assert.deepEqual(seen([QUESTION, ANSWER], false), [QUESTION, ANSWER]);
  assert.deepEqual(seen([QUESTION], true), [QUESTION, ANSWER]);
});

test("there is something to reveal where a question has an answer or a view holds back what happened", () => {
  assert.equal(hides([ANSWER], new Set()), false);
  assert.equal(hides([QUESTION], new Set()), true);
  assert.equal(hides([{ ...QUESTION, choices: [], answer: [] }], new Set()), false);
  assert.equal(hides([{ kind: "view", view: 1 }], new Set([1])), true);
  assert.equal(hides([{ kind: "view", view: 0 }], new Set([1])), false);
});

test("a guess is right, or is told what is", () => {
  assert.equal(verdict(QUESTION, 0), "Your guess is right.");
  assert.equal(verdict(QUESTION, 1), "Not quite. It is: open.");
  assert.equal(verdict(QUESTION, null), "It is: open.");
  assert.equal(verdict({ ...QUESTION, choices: [] }, null), "");
});

test("a style that is none of ours makes no element, and markup stays text", () => {
  const [text, strong, other] = write([["<img src=x>", ""], ["bold", "strong"], ["run()", "script"]]);
  assert.equal(text, "<img src=x>");
  assert.equal(fake(strong as HTMLElement).tag, "strong");
  assert.equal(other, "run()");
  assert.equal(plain(QUESTION.runs), "Open or shut");
});

test("hits are the known values within the band", () => {
  const fan = { band: [[0, 0, 0], [1, 1, 1], [2, 2, 2]], actual: [1, 3, null] } as unknown as Fan;
  assert.deepEqual(hits(fan), [1, 2]);
  assert.deepEqual(hits({ ...fan, actual: null }), [0, 0]);
  assert.deepEqual(placed([1, null], 2), [NaN, NaN, 1, NaN]);
});
