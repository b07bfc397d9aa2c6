import assert from "node:assert/strict";
import { test } from "node:test";
import { due } from "../src/trial";
import { Store } from "../src/wire";

function store(live: boolean, busy: boolean): Store {
  const made = new Store();
  made.live = live;
  made.tell({ live: busy });
  return made;
}

test("a choice is tried once, by a kernel that is there and idle", () => {
  const choice = { weights: "linear" };
  assert.equal(due(choice, null, store(true, false)), true);
  assert.equal(due(choice, { weights: "linear" }, store(true, false)), false);
  assert.equal(due(choice, { weights: "uniform" }, store(true, false)), true);
  assert.equal(due(choice, null, store(true, true)), false);
  assert.equal(due(choice, null, store(false, false)), false);
  assert.equal(due(null, null, store(true, false)), false);
});
