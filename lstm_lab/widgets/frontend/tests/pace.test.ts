import assert from "node:assert/strict";
import { test } from "node:test";
import { epochSeconds } from "../src/pace";

test("the epoch that compiled the network never counts", () => {
  assert.equal(epochSeconds([60, 2], 1.5), 2);
  assert.equal(epochSeconds([60], 1.5), 1.5);
  assert.equal(epochSeconds([], 1.5), 1.5);
  assert.equal(epochSeconds([60], null), null);
});

test("only the newest epochs count", () => {
  assert.equal(epochSeconds([60, 9, 9, 1, 2, 3, 4, 5], null), 3);
});
