/**
 * What travels between kernel and browser, and the store that holds it: the mirror of `widgets/wire.py`, as
 * `docs/wire.md` describes it. Both are tested against `tests/widgets/wire_vectors.json`.
 *
 * A message is `{kind, seq, values, arrays}`. `values` is JSON. Each array says its name, dtype and shape; its bytes
 * travel beside it. `start: null` replaces an array, `start: n` appends rows from row n on. A delta whose `seq` is not
 * the next one means that something was lost: the store then asks for a snapshot.
 */
import type { AnyModel } from "@anywidget/types";
import { build } from "./build";

export type Numbers = Float32Array | Float64Array | Uint8Array;
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** An array and its shape; the first axis is the one that grows. */
export interface Table {
  data: Numbers;
  shape: number[];
}

export interface Packed {
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
  /** Is there a kernel that answers? */
  live = false;
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

  /** Set values from within the page. */
  tell(values: Record<string, Json>): void {
    Object.assign(this.values, values);
    this.#announce(new Set(Object.keys(values)));
  }

  #announce(changed: Set<string>): void {
    for (const listener of this.#listeners) listener(changed);
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
    this.#announce(changed);
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

/** What speaks for a kernel: an anywidget model, or a line of our own to a kernel whose main thread is busy. */
export interface Speaker extends Pick<AnyModel, "get" | "on" | "send"> {
  /** Steps aside as soon as anywidget has the model. */
  makeshift?: boolean;
}

/** A store and the way back to the kernel, which may come, go, and come back, while the views of it stay. */
export class Wire {
  readonly store = new Store();
  readonly #token = Math.random().toString(36).slice(2);
  readonly #joined = new Set<(speaker: Speaker) => void>();
  #speaker: Speaker | null = null;
  #welcomed = false;
  #asked = 0;

  /** Say something to the kernel; false where there is none. */
  send(content: { kind: string; [key: string]: Json }): boolean {
    try {
      this.#speaker?.send(content);
      return this.#speaker !== null;
    } catch {
      return false;
    }
  }

  /** Say whether a kernel is to be heard here, and not by a makeshift line alone. */
  get served(): boolean {
    return this.#speaker !== null && this.#speaker.makeshift !== true;
  }

  /** Hear of the kernel that joins, now or later. */
  whenJoined(listener: (speaker: Speaker) => void, signal: AbortSignal): void {
    if (this.#speaker !== null) listener(this.#speaker);
    this.#joined.add(listener);
    signal.addEventListener("abort", () => this.#joined.delete(listener));
  }

  /**
   * Let a kernel join. The first state comes with an anywidget model; a hello tells the kernel that somebody is there,
   * proves that a click can arrive while a cell runs, and fetches what was missed meanwhile.
   */
  join(speaker: Speaker): void {
    this.#speaker = speaker;
    this.#welcomed = false;
    speaker.on("msg:custom", (message: Message, buffers: DataView[]) => {
      if (this.#speaker === speaker) this.#receive(message, buffers);
    });
    this.store.live = speaker.get("_offline") !== true;
    for (const listener of this.#joined) listener(speaker);
    if (!this.store.live) return;
    this.#hello();
    // The first hello can be stuck behind a running cell until the page has a subshell of its own.
    const again = (left: number): void => {
      if (this.#welcomed || left === 0 || this.#speaker !== speaker) return;
      this.#hello();
      setTimeout(again, 1000, left - 1);
    };
    setTimeout(again, 700, 8);
  }

  /** Go on without a kernel: what only a kernel can do is not offered any more. */
  leave(speaker: Speaker | null = this.#speaker): void {
    if (speaker === null || speaker !== this.#speaker) return;
    this.#speaker = null;
    this.store.live = false;
    this.store.tell({ ...ALONE });
  }

  #hello(): void {
    this.#asked = Date.now();
    this.send({ kind: "hello", token: this.#token, seq: this.store.seq });
  }

  #receive(message: Message, buffers: DataView[]): void {
    if (message.kind === "welcome" || message.kind === "snapshot") this.#welcomed ||= message.token === this.#token;
    if (message.kind === "welcome") return;
    if (!this.store.apply(message, buffers) && Date.now() - this.#asked > 500) this.#hello();
  }
}

/** What holds where no kernel is. */
export const ALONE = { live: false, stop: false, can_add: false };

/**
 * The wires of this page by the key of their widget. A page may load this module twice, once for anywidget and once for
 * the renderer of saved outputs: both copies, where they are the same build, share what they know.
 */
const shared = globalThis as unknown as Record<symbol, Map<string, Wire> | undefined>;
const mark = Symbol.for(`lstm_lab ${build}`);
shared[mark] ??= new Map<string, Wire>();
const wires = shared[mark];

/** Give the wire of a widget. */
export function wireOf(key: string): Wire {
  const wire = wires.get(key) ?? new Wire();
  wires.set(key, wire);
  return wire;
}

/** Connect an anywidget model once, however many views it has. */
export function connect(model: AnyModel): Wire {
  const wire = wireOf(String(model.get("_key")));
  if (wire.served) return wire;
  const first = model.get("_snapshot") as Message | null;
  if (first && first.seq >= wire.store.seq) wire.store.apply(first, []);
  // Dropped here so that a saved notebook never holds the arrays; the kernel gives them to every new page.
  model.set("_snapshot", null);
  wire.join(model);
  return wire;
}
