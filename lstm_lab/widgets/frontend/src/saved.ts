/**
 * What an output keeps of a view, so that it can be drawn where no kernel is: the mirror of `widgets/saved.py`.
 *
 * The state is gzip of a length (4 bytes, little-endian), so many bytes of JSON, then the arrays' bytes one after the
 * other. A notebook may come from anybody: every part is checked before it is used, and none of it is ever markup.
 */
import type { AnyModel } from "@anywidget/types";
import { ALONE, type Json, type Message, type Packed, type Wire } from "./wire";

/** Far more than any view keeps, and far less than would hurt a page. */
const MOST = 16_000_000;
const SIZES = { f4: 4, f8: 8, u1: 1 };

export interface Saved {
  view: string;
  key: string;
  theme: string;
  height: number;
  label: string;
  message: Message;
}

type Fields = Record<string, unknown>;

function fail(rule: string): never {
  throw new Error(`what this output keeps of the view is damaged: ${rule}`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : fail(`${name} must be text`);
}

function whole(fields: Fields, name: string): number {
  const value = fields[name];
  return typeof value === "number" && Number.isInteger(value) ? value : fail(`${name} must be a whole number`);
}

/** Read an output. */
export async function unpackSaved(output: unknown): Promise<Saved> {
  if (!isFields(output)) fail("it must be an object");
  const bytes = await inflate(text(output, "state"));
  return {
    view: text(output, "view"),
    key: text(output, "key"),
    theme: text(output, "theme"),
    height: Math.min(Math.max(whole(output, "height"), 80), 4000),
    label: text(output, "label"),
    message: { kind: "snapshot", seq: whole(output, "seq"), ...content(bytes) },
  };
}

async function inflate(state: string): Promise<Uint8Array> {
  const packed = Uint8Array.from(atob(state), (letter) => letter.charCodeAt(0));
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MOST) fail(`its state must be under ${MOST} bytes`);
    parts.push(value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Part the bytes into values and arrays, each of which must be as long as its shape says. */
function content(bytes: Uint8Array): Pick<Message, "values" | "arrays"> {
  const { buffer } = bytes;
  if (bytes.length < 4) fail("its state is too short");
  let at = 4 + new DataView(buffer).getUint32(0, true);
  if (at > bytes.length) fail("its state is too short");
  const head: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(4, at)));
  if (!isFields(head)) fail("it must be an object");
  const { values, arrays: described } = head;
  if (!isFields(values)) fail("values must be an object");
  if (!Array.isArray(described)) fail("arrays must be a list");
  const arrays = described.map((part: unknown): Packed => {
    if (!isFields(part)) fail("an array must be an object");
    const dtype = text(part, "dtype");
    if (dtype !== "f4" && dtype !== "f8" && dtype !== "u1") fail(`no array can be ${dtype}`);
    const shape = shapeOf(part["shape"]);
    const size = shape.reduce((product, side) => product * side, SIZES[dtype]);
    if (at + size > bytes.length) fail("an array is cut off");
    const data = new DataView(buffer, at, size);
    at += size;
    return { name: text(part, "name"), dtype, shape, start: null, data };
  });
  return { values: { ...(values as Record<string, Json>), ...ALONE }, arrays };
}

function shapeOf(shape: unknown): number[] {
  const counts = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
  return Array.isArray(shape) && shape.length > 0 && shape.every(counts) ? shape : fail("a shape must hold counts");
}

/** Put what was saved where the views look, unless a kernel has said the same or more. */
export function restore(wire: Wire, { message }: Saved): void {
  if (!wire.store.live && message.seq > wire.store.seq) wire.store.apply(message, []);
}

/** The model that a view of an output sees: what was saved, and what the kernel says once it joins. */
export function keeper(wire: Wire, saved: Saved, signal: AbortSignal): AnyModel {
  const { view, key, theme, height, label } = saved;
  const state: Record<string, unknown> = { _view: view, _key: key, theme, height, label, error: "" };
  wire.whenJoined((speaker) => {
    for (const name of ["theme", "label", "error"]) {
      const take = (): void => {
        const value = speaker.get(name);
        if (typeof value === "string") state[name] = value;
      };
      take();
      speaker.on(`change:${name}`, take);
    }
  }, signal);
  const nothing = (): void => {};
  return {
    get: (name: string) => state[name],
    set: nothing,
    on: nothing,
    off: nothing,
    send: nothing,
    save_changes: nothing,
  } as unknown as AnyModel;
}
