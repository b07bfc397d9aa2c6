/**
 * What the module of every view exports: anywidget, offline pages and the renderer of saved outputs call it.
 *
 * Each view is bundled into a module of its own (`entries/`), which holds what that view needs and nothing else. To add a
 * view: write a class that extends `View` (base.ts) in a file of its own, and an entry with the name of its `_view`. On
 * the Python side subclass `LabWidget` (base.py) with the same `_view`; what its `wire` holds arrives in `this.store`.
 */
import type { AnyModel, RenderProps } from "@anywidget/types";
import type { Context, View } from "./base";
import { keeper, restore, unpackSaved } from "./saved";
import { connect, type Wire, wireOf } from "./wire";

type Named = new (context: Context) => View;

/** Connect a model; what is given back is called when the kernel closes it. */
function initialize({ model, signal }: { model: AnyModel; signal?: AbortSignal }): () => void {
  const wire = connect(model);
  const leave = (): void => wire.leave(model);
  signal?.addEventListener("abort", leave);
  return leave;
}

/** Draw a view, and draw it anew whenever it asks for that. */
export function draw(Named: Named, place: Pick<Context, "model" | "el" | "wire">, signal?: AbortSignal): () => void {
  let ending = new AbortController();
  signal?.addEventListener("abort", () => ending.abort());
  const again = (): void => {
    ending.abort();
    ending = new AbortController();
    new Named({ ...place, signal: ending.signal, again }).start();
  };
  again();
  return () => ending.abort();
}

/** Give what anywidget, an offline page and the renderer of saved outputs call to draw one kind of view. */
export function laboratory(name: string, Named: Named) {
  const refusal = (other: string): string => `no view is called ${other} here, where ${name} is drawn`;

  function render({ model, el, signal }: RenderProps & { signal?: AbortSignal }): () => void {
    const wanted = String(model.get("_view"));
    if (wanted === name) return draw(Named, { model, el, wire: connect(model) }, signal);
    el.textContent = `lstm_lab: ${refusal(wanted)}; the page may hold an older version, reload it.`;
    return () => {};
  }

  /** Draw a view from what an output keeps; a kernel that has its model, now or later, goes on with it. */
  async function reopen(el: HTMLElement, output: unknown, signal: AbortSignal): Promise<Wire> {
    const saved = await unpackSaved(output);
    if (saved.view !== name) throw new Error(refusal(saved.view));
    const wire = wireOf(saved.key);
    restore(wire, saved);
    if (!signal.aborted) draw(Named, { model: keeper(wire, saved, signal), el, wire }, signal);
    return wire;
  }

  /** Take a newer output of a view that is drawn. */
  async function renew(output: unknown): Promise<void> {
    const saved = await unpackSaved(output);
    restore(wireOf(saved.key), saved);
  }

  return { initialize, render, reopen, renew };
}

export type Lab = ReturnType<typeof laboratory>;
