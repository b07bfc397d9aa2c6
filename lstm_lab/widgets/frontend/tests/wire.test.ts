import type { AnyModel } from "@anywidget/types";
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import vectors from "../../../../tests/widgets/wire_vectors.json";
import { connect, Store, type Message, type Numbers } from "../src/wire";

interface Recorded {
  content: Message;
  buffers: string[];
}

interface State {
  seq: number;
  values: Record<string, unknown>;
  arrays: Record<string, { dtype: string; shape: number[]; data: (number | null)[] }>;
}

/** Bytes as a comm hands them over: not aligned, within a larger buffer. */
function view(base64: string): DataView {
  const bytes = Buffer.from(base64, "base64");
  const frame = new Uint8Array(bytes.length + 7);
  frame.set(bytes, 3);
  return new DataView(frame.buffer, 3, bytes.length);
}

function take(store: Store, { content, buffers }: Recorded): boolean {
  return content.kind === "welcome" || store.apply(content, buffers.map(view));
}

const DTYPES = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array } as const;

function compare(store: Store, state: State): void {
  assert.equal(store.seq, state.seq);
  assert.deepEqual(store.values, state.values);
  for (const [name, { dtype, shape, data }] of Object.entries(state.arrays)) {
    const numbers: Numbers = store.data(name);
    assert.ok(store.has(name), name);
    assert.ok(numbers instanceof DTYPES[dtype as keyof typeof DTYPES], `${name} is ${numbers.constructor.name}`);
    assert.deepEqual(Array.from(numbers, (value) => (Number.isNaN(value) ? null : value)), data, name);
    assert.equal(numbers.length, shape.reduce((size, axis) => size * axis, 1), name);
  }
}

const scenes = vectors.scenes as unknown as { name: string; messages: Recorded[]; state: State }[];

for (const { name, messages, state } of scenes) {
  test(`the page holds what the kernel said: ${name}`, () => {
    const store = new Store();
    if (messages[0]!.content.kind === "delta") store.seq = messages[0]!.content.seq - 1;
    else store.seq = 0;
    for (const message of messages) assert.equal(take(store, message), true);
    compare(store, state);
  });

  test(`a page that loses a message asks for the whole, and then holds it: ${name}`, () => {
    const deltas = messages.filter(({ content }) => content.kind === "delta");
    if (deltas.length < 2) return;
    const store = new Store();
    store.seq = deltas[0]!.content.seq - 1;
    take(store, deltas[0]!);
    if (deltas.length > 2) assert.equal(take(store, deltas[2]!), false, "the second was lost");
    // What a hello is answered with: the state, as one message.
    const arrays = Object.entries(state.arrays).map(([each, { dtype, shape, data }]) => {
      const numbers = new DTYPES[dtype as keyof typeof DTYPES](data.map((value) => value ?? Number.NaN));
      const code = ({ float32: "f4", float64: "f8", uint8: "u1" } as const)[dtype as keyof typeof DTYPES];
      return { name: each, dtype: code, shape, start: null, data: new DataView(numbers.buffer as ArrayBuffer) };
    });
    assert.equal(store.apply({ kind: "snapshot", seq: state.seq, values: state.values as Message["values"] & object, arrays }, []), true);
    compare(store, state);
    for (const message of deltas) assert.equal(take(store, message), true, "an old delta does no harm");
    compare(store, state);
  });
}

test("whoever listens hears names of values and arrays, and nothing after he has left", () => {
  const store = new Store();
  store.seq = 0;
  const heard: string[][] = [];
  const leave = store.listen((changed) => heard.push([...changed].sort()));
  store.apply({ kind: "delta", seq: 1, values: { title: "a" }, arrays: [{ name: "x", dtype: "u1", shape: [1], start: null }] }, [new DataView(new ArrayBuffer(1))]);
  leave();
  store.apply({ kind: "delta", seq: 2, values: { title: "b" }, arrays: [] }, []);
  assert.deepEqual(heard, [["title", "x"]]);
});

test("an array without its bytes is an error, not zeros", () => {
  const store = new Store();
  const arrays = [{ name: "x", dtype: "f4" as const, shape: [1], start: null }];
  assert.throws(() => store.apply({ kind: "snapshot", seq: 1, values: {}, arrays }, []), /x came without its bytes/);
});

test("rows are appended in room that grows by doubling, not one copy a row", () => {
  const store = new Store();
  store.seq = 0;
  const buffers = new Set<ArrayBufferLike>();
  for (let row = 0; row < 2000; row++) {
    const bytes = new DataView(new Float32Array([row]).buffer);
    store.apply({ kind: "delta", seq: row + 1, values: {}, arrays: [{ name: "x", dtype: "f4", shape: [1], start: row || null }] }, [bytes]);
    buffers.add(store.data("x").buffer);
  }
  assert.deepEqual(Array.from(store.data("x")), Array.from({ length: 2000 }, (_, row) => row));
  assert.ok(buffers.size < 10, `${buffers.size} buffers`);
});

test("a value of another type is not taken for one", () => {
  const store = new Store();
  store.apply({ kind: "snapshot", seq: 0, values: { a: "1", b: 1, c: "yes" }, arrays: [] }, []);
  assert.equal(store.number("a"), null);
  assert.equal(store.text("b"), "");
  assert.equal(store.flag("c"), false);
  assert.equal(store.number("b"), 1);
  assert.equal(store.data("nowhere").length, 0);
});

class FakeModel {
  readonly sent: { kind: string; token: string; seq: number }[] = [];
  hear: (message: Message, buffers: DataView[]) => void = () => {};

  constructor(readonly state: Record<string, unknown>) {}

  get(name: string): unknown {
    return this.state[name];
  }

  set(name: string, value: unknown): void {
    this.state[name] = value;
  }

  on(_: string, hear: (message: Message, buffers: DataView[]) => void): void {
    this.hear = hear;
  }

  send(content: { kind: string; token: string; seq: number }): void {
    this.sent.push(content);
  }

  get model(): AnyModel {
    return this as unknown as AnyModel;
  }
}

test("a page says hello as the vectors have it, again until it is welcomed, and keeps no snapshot in the model", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const fake = new FakeModel({ _key: "hello", _snapshot: { kind: "snapshot", seq: 4, values: { a: 1 }, arrays: [] } });
  const { store } = connect(fake.model);
  assert.deepEqual(Object.keys(fake.sent[0]!).sort(), Object.keys(vectors.hello).sort());
  assert.equal(fake.sent[0]!.kind, vectors.hello.kind);
  assert.equal(fake.sent[0]!.seq, 4);
  assert.equal(store.number("a"), 1);
  assert.equal(fake.state["_snapshot"], null);
  mock.timers.tick(700);
  assert.equal(fake.sent.length, 2);
  fake.hear({ kind: "welcome", seq: 4, token: "of another page" }, []);
  mock.timers.tick(1000);
  assert.equal(fake.sent.length, 3);
  fake.hear({ kind: "welcome", seq: 4, token: fake.sent[0]!.token }, []);
  mock.timers.tick(60_000);
  assert.equal(fake.sent.length, 3);
  mock.timers.reset();
});

test("several views of one widget share one store, and an offline page asks nobody", () => {
  const fake = new FakeModel({ _key: "offline", _offline: true, _snapshot: null });
  assert.equal(connect(fake.model), connect(new FakeModel({ _key: "offline" }).model));
  assert.deepEqual(fake.sent, []);
});

test("a kernel that cannot be reached is said to be so", () => {
  const fake = new FakeModel({ _key: "gone", _offline: true, _snapshot: null });
  const wire = connect(fake.model);
  assert.equal(wire.send({ kind: "stop" }), true);
  fake.send = (): void => {
    throw new Error("closed");
  };
  assert.equal(wire.send({ kind: "stop" }), false);
});
