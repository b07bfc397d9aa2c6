import assert from "node:assert/strict";
import { test } from "node:test";
import { pressed } from "../src/keys";

function key(name: string, held: Partial<KeyboardEvent> = {}): { event: KeyboardEvent; calls: string[] } {
  const calls: string[] = [];
  const event = { key: name, preventDefault: () => calls.push("prevent"), stopPropagation: () => calls.push("stop"), ...held };
  return { event: event as unknown as KeyboardEvent, calls };
}

test("a known key acts and goes no further", () => {
  const { event, calls } = key("ArrowLeft");
  assert.equal(pressed(event, { ArrowLeft: () => calls.push("act") }), true);
  assert.deepEqual(calls, ["prevent", "stop", "act"]);
});

test("an unknown key goes on to the notebook", () => {
  for (const name of ["b", "toString", "constructor"]) {
    const { event, calls } = key(name);
    assert.equal(pressed(event, { ArrowLeft: () => calls.push("act") }), false);
    assert.deepEqual(calls, []);
  }
});

test("a shortcut of the browser is left to it", () => {
  for (const held of ["ctrlKey", "metaKey", "altKey"]) {
    const { event, calls } = key("0", { [held]: true });
    assert.equal(pressed(event, { "0": () => calls.push("act") }), false);
    assert.deepEqual(calls, []);
  }
});
