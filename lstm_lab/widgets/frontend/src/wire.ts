/**
 * What travels between kernel and browser, and the store that holds it: the mirror of `widgets/wire.py`, as
 * `docs/wire.md` describes it. Both are tested against `tests/widgets/wire_vectors.json`.
 *
 * A message is `{kind, seq, values, arrays}`. `values` is JSON. Each array says its name, dtype and shape; its bytes
 * travel beside it. `start: null` replaces an array, `start: n` appends rows from row n on. A delta whose `seq` is not
 * the next one means that something was lost: the store then asks for a snapshot.
 */
import type { AnyModel } from "@anywidget/types";

export type Numbers = Float32Array | Float64Array | Uint8Array;
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** An array and its shape; the first axis is the one that grows. */
export interface Table {
  data: Numbers;
  shape: number[];
}

interface Packed {
  name: string;
  dtype: "f4" | "f8" | "u1";
  shape: number[];
  start: number | null;
  data?: DataView;
}

export interface Message {
  kind: "snapshot" | "delta" | "welcome";
  seq: number;
  token?: string;
  values?: Record<string, Json>;
  arrays?: Packed[];
}

const EMPTY: Table = { data: new Float32Array(0), shape: [0] };
const KINDS = { f4: Float32Array, f8: Float64Array, u1: Uint8Array };

/** Copy bytes into a typed array; a message's view need not be aligned. */
function unpack(packed: Packed, view: DataView): Numbers {
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer;
  return new KINDS[packed.dtype](bytes);
}

/** Everything the kernel has said to one widget. It outlives the views of it, and so does `ui`. */
export class Store {
  readonly values: Record<string, Json> = {};
  /** What the person set in the view (zoom, toggles), so that a view drawn anew is the same. */
  readonly ui: Record<string, unknown> = {};
  seq = -1;
  readonly #tables = new Map<string, Table>();
  readonly #room = new Map<string, Numbers>();
  readonly #listeners = new Set<(changed: Set<string>) => void>();

  /** Give the numbers of an array, none before it arrived. */
  data(name: string): Numbers {
    return this.#table(name).data;
  }

  #table(name: string): Table {
    return this.#tables.get(name) ?? EMPTY;
  }

  has(name: string): boolean {
    return this.#tables.has(name);
  }

  number(name: string): number | null {
    const value = this.values[name];
    return typeof value === "number" ? value : null;
  }

  text(name: string): string {
    const value = this.values[name];
    return typeof value === "string" ? value : "";
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  listen(listener: (changed: Set<string>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Take a message in; false when one before it was lost. */
  apply(message: Message, buffers: DataView[]): boolean {
    if (message.kind === "delta" && message.seq !== this.seq + 1) return message.seq <= this.seq;
    const changed = new Set<string>();
    for (const [name, value] of Object.entries(message.values ?? {})) {
      this.values[name] = value;
      changed.add(name);
    }
    (message.arrays ?? []).forEach((packed, at) => {
      const view = packed.data ?? buffers[at];
      if (view === undefined) throw new Error(`array ${packed.name} came without its bytes`);
      this.#place(packed, unpack(packed, view));
      changed.add(packed.name);
    });
    this.seq = message.seq;
    for (const listener of this.#listeners) listener(changed);
    return true;
  }

  #place(packed: Packed, fresh: Numbers): void {
    const width = packed.shape.slice(1).reduce((size, axis) => size * axis, 1);
    if (packed.start === null || !this.#tables.has(packed.name)) {
      this.#tables.set(packed.name, { data: fresh, shape: packed.shape });
      this.#room.delete(packed.name);
      return;
    }
    const old = this.#table(packed.name);
    // A snapshot may have brought more rows than the deltas that follow it know of.
    const rows = Math.max(packed.start + (packed.shape[0] ?? 0), old.shape[0] ?? 0);
    let room = this.#room.get(packed.name);
    if (room === undefined || room.length < rows * width) {
      room = new KINDS[packed.dtype](Math.max(2 * rows * width, 256));
      room.set(old.data);
      this.#room.set(packed.name, room);
    }
    room.set(fresh, packed.start * width);
    this.#tables.set(packed.name, { data: room.subarray(0, rows * width), shape: [rows, ...packed.shape.slice(1)] });
  }
}

/** A store and the way back to the kernel. */
export interface Wire {
  store: Store;
  /** Say something to the kernel; false where there is none. */
  send(content: { kind: string; [key: string]: Json }): boolean;
}

const wires = new Map<string, Wire>();

/**
 * Connect a model once, however many views it has. The first state comes with the model; a hello tells the kernel that
 * somebody is there, proves that a click can arrive while a cell runs, and fetches what was missed meanwhile.
 */
export function connect(model: AnyModel): Wire {
  const key = String(model.get("_key"));
  const known = wires.get(key);
  if (known !== undefined) return known;
  const store = new Store();
  const token = Math.random().toString(36).slice(2);
  let welcomed = false;
  let asked = 0;

  const send: Wire["send"] = (content) => {
    try {
      model.send(content);
      return true;
    } catch {
      return false;
    }
  };
  const hello = (): void => {
    asked = Date.now();
    send({ kind: "hello", token, seq: store.seq });
  };
  const receive = (message: Message, buffers: DataView[]): void => {
    if (message.kind === "welcome" || message.kind === "snapshot") welcomed ||= message.token === token;
    if (message.kind === "welcome") return;
    if (!store.apply(message, buffers) && Date.now() - asked > 500) hello();
  };

  const first = model.get("_snapshot") as Message | null;
  if (first) store.apply(first, []);
  // Dropped here so that a saved notebook never holds the arrays; the kernel gives them to every new page.
  model.set("_snapshot", null);
  model.on("msg:custom", receive);
  if (!model.get("_offline")) {
    hello();
    // The first hello can be stuck behind a running cell until the page has a subshell of its own.
    const again = (left: number): void => {
      if (welcomed || left === 0) return;
      hello();
      setTimeout(again, 1000, left - 1);
    };
    setTimeout(again, 700, 8);
  }
  const wire = { store, send };
  wires.set(key, wire);
  return wire;
}
