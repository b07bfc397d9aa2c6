import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import vector from "../../../../tests/widgets/saved_vector.json";
import { keeper, restore, unpackSaved } from "../src/saved";
import { type Speaker, Wire } from "../src/wire";

const { output } = vector;

/** Pack a head and bytes as the kernel does, whatever sense they make. */
function packed(head: unknown, bytes: number[] = [], length?: number): object {
  const text = Buffer.from(typeof head === "string" ? head : JSON.stringify(head));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(length ?? text.length);
  return { ...output, state: gzipSync(Buffer.concat([size, text, Buffer.from(bytes)])).toString("base64") };
}

const one = (part: object): object => ({ values: {}, arrays: [{ name: "x", dtype: "u1", shape: [1], ...part }] });

test("an output is read as the kernel wrote it, and offers nothing that needs a kernel", async () => {
  const saved = await unpackSaved(output);
  assert.deepEqual([saved.view, saved.key, saved.label, saved.height, saved.message.seq], ["fan", "k1", "Forecast of close", 300, 4]);
  const wire = new Wire();
  restore(wire, saved);
  assert.deepEqual(wire.store.values, { ...vector.values, live: false, stop: false, can_add: false });
  for (const [name, rows] of Object.entries(vector.arrays)) assert.deepEqual(Array.from(wire.store.data(name)), rows.flat());
});

const damaged: [string, unknown, RegExp][] = [
  ["nothing", null, /must be an object/],
  ["a list", [], /must be an object/],
  ["no state", { ...output, state: 3 }, /state must be text/],
  ["no gzip", { ...output, state: "AAAA" }, /./],
  ["no base64", { ...output, state: "<b>" }, /./],
  ["half a state", { ...output, state: output.state.slice(0, 40) }, /./],
  ["a height that is no number", { ...output, height: "300px" }, /height must be a whole number/],
  ["an empty state", { ...output, state: gzipSync("").toString("base64") }, /too short/],
  ["a head beyond the end", packed({ values: {}, arrays: [] }, [], 9999), /too short/],
  ["a head that is no object", packed([]), /must be an object/],
  ["no values", packed({ arrays: [] }), /values must be an object/],
  ["no arrays", packed({ values: {} }), /arrays must be a list/],
  ["an unknown dtype", packed(one({ dtype: "i8" }), [1]), /no array can be i8/],
  ["a shape that is none", packed(one({ shape: "1" }), [1]), /shape must hold counts/],
  ["a negative shape", packed(one({ shape: [-1] }), [1]), /shape must hold counts/],
  ["a broken shape", packed(one({ shape: [0.5] }), [1]), /shape must hold counts/],
  ["an array longer than its bytes", packed(one({ shape: [1e9, 1e9] }), [1]), /cut off/],
  ["a bomb", packed(one({ shape: [1] }), new Array<number>(17_000_000).fill(0)), /under/],
];

for (const [name, given, rule] of damaged) {
  test(`a damaged output is refused: ${name}`, async () => {
    await assert.rejects(unpackSaved(given), rule);
  });
}

test("a height from anywhere stays on the page", async () => {
  assert.equal((await unpackSaved({ ...output, height: 1e9 })).height, 4000);
  assert.equal((await unpackSaved({ ...output, height: -5 })).height, 80);
});

function speaker(state: Record<string, unknown>): Speaker & { sent: unknown[]; tell(name: string, ...args: unknown[]): void } {
  const heard: Record<string, ((...args: never[]) => void)[]> = {};
  const sent: unknown[] = [];
  return {
    sent,
    get: ((name: string) => state[name]) as Speaker["get"],
    on: ((name: string, listener: () => void) => {
      heard[name] = [...(heard[name] ?? []), listener];
    }) as Speaker["on"],
    send: (content: unknown) => sent.push(content),
    tell: (name, ...args) => {
      for (const listener of heard[name] ?? []) listener(...(args as never[]));
    },
  };
}

test("a kernel that joins goes on with what was saved, and what it then says counts", async () => {
  const saved = await unpackSaved(output);
  const wire = new Wire();
  restore(wire, saved);
  const ending = new AbortController();
  const model = keeper(wire, saved, ending.signal);
  assert.equal(wire.send({ kind: "stop" }), false);
  const kernel = speaker({ label: "new", error: "" });
  wire.join(kernel);
  assert.equal(model.get("label"), "new");
  assert.deepEqual((kernel.sent as { kind: string; seq: number }[]).map(({ kind, seq }) => [kind, seq]), [["hello", 4]]);
  kernel.tell("msg:custom", { kind: "delta", seq: 5, values: { live: true, stop: true } }, []);
  assert.equal(wire.store.flag("stop"), true);
  restore(wire, { ...saved, message: { ...saved.message, seq: 9 } });
  assert.equal(wire.store.seq, 5, "the kernel knows better than an output");
  wire.leave(kernel);
  assert.deepEqual([wire.store.live, wire.store.flag("live"), wire.store.flag("stop")], [false, false, false]);
  kernel.tell("msg:custom", { kind: "delta", seq: 6, values: { stop: true } }, []);
  assert.equal(wire.store.flag("stop"), false, "who has left is not heard");
  ending.abort();
});

test("a makeshift line gives way to the kernel's own model, and no other does", () => {
  const wire = new Wire();
  const [line, model] = [{ ...speaker({}), makeshift: true }, speaker({})];
  wire.join(line);
  assert.equal(wire.served, false);
  wire.join(model);
  assert.equal(wire.served, true);
  wire.leave(line);
  assert.equal(wire.served, true);
  wire.leave();
  assert.equal(wire.served, false);
});
