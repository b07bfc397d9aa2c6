import assert from "node:assert/strict";
import { test } from "node:test";
import { due, overtaken } from "../src/trial";
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

test("a training is dropped for another choice where a click arrives, and not for its own", () => {
  const busy = store(true, true);
  assert.equal(overtaken({ weights: "linear" }, { weights: "uniform" }, busy), false);
  busy.tell({ stop: true });
  assert.equal(overtaken({ weights: "linear" }, { weights: "uniform" }, busy), true);
  assert.equal(overtaken({ weights: "linear" }, { weights: "linear" }, busy), false);
  assert.equal(overtaken({ weights: "linear" }, null, store(true, false)), false);
});
