/**
 * The module that anywidget loads: connects the model, then draws the view that `_view` names.
 *
 * To add a view: write a class that extends `View` (base.ts) in a file of its own, and name it here. On the Python side
 * subclass `LabWidget` (base.py) with the same `_view`; what its `wire` holds arrives in `this.store`.
 */
import type { AnyModel, RenderProps } from "@anywidget/types";
import type { Context, View } from "./base";
import { CellView } from "./cell/view";
import { FanView } from "./fan";
import { FeaturesView } from "./features";
import { GatesView } from "./gates/view";
import { LossView } from "./loss";
import { MemoryView } from "./memory";
import { PanelView } from "./panel";
import { TrainingView } from "./training";
import { WeightsView } from "./weights";
import { keeper, restore, unpackSaved } from "./saved";
import { connect, type Wire, wireOf } from "./wire";

const views: Record<string, new (context: Context) => View> = {
  training: TrainingView,
  fan: FanView,
  panel: PanelView,
  weights: WeightsView,
  loss: LossView,
  gates: GatesView,
  cell: CellView,
  memory: MemoryView,
  features: FeaturesView,
};

/** Connect a model; what is given back is called when the kernel closes it. */
function initialize({ model, signal }: { model: AnyModel; signal?: AbortSignal }): () => void {
  const wire = connect(model);
  const leave = (): void => wire.leave(model);
  signal?.addEventListener("abort", leave);
  return leave;
}

/** Draw a view, and draw it anew whenever it asks for that. */
function draw(Named: (typeof views)[string], place: Pick<Context, "model" | "el" | "wire">, signal?: AbortSignal): () => void {
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

function render({ model, el, signal }: { model: AnyModel; el: HTMLElement; signal?: AbortSignal }): () => void {
  const name = String(model.get("_view"));
  const Named = views[name];
  if (Named !== undefined) return draw(Named, { model, el, wire: connect(model) }, signal);
  el.textContent = `lstm_lab: no view is called ${name}; the page may hold an older version, reload it.`;
  return () => {};
}

/** Draw a view from what an output keeps; a kernel that has its model, now or later, goes on with it. */
async function reopen(el: HTMLElement, output: unknown, signal: AbortSignal): Promise<Wire> {
  const saved = await unpackSaved(output);
  const wire = wireOf(saved.key);
  restore(wire, saved);
  const Named = views[saved.view];
  if (Named === undefined) throw new Error(`no view is called ${saved.view}`);
  if (!signal.aborted) draw(Named, { model: keeper(wire, saved, signal), el, wire }, signal);
  return wire;
}

/** Take a newer output of a view that is drawn. */
async function renew(output: unknown): Promise<void> {
  const saved = await unpackSaved(output);
  restore(wireOf(saved.key), saved);
}

const lab = { initialize, render, reopen, renew };
export default lab satisfies { initialize: unknown; render: (props: RenderProps) => unknown };
export type Lab = typeof lab;
