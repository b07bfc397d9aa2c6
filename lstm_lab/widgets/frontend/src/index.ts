/**
 * The module that anywidget loads: connects the model, then draws the view that `_view` names.
 *
 * To add a view: write a class that extends `View` (base.ts) in a file of its own, and name it here. On the Python side
 * subclass `LabWidget` (base.py) with the same `_view`; what its `wire` holds arrives in `this.store`.
 */
import type { AnyModel, InitializeProps, RenderProps } from "@anywidget/types";
import type { Context, View } from "./base";
import { FanView } from "./fan";
import { FeaturesView } from "./features";
import { GatesView } from "./gates/view";
import { LossView } from "./loss";
import { MemoryView } from "./memory";
import { TrainingView } from "./training";
import { WeightsView } from "./weights";
import { connect } from "./wire";

const views: Record<string, new (context: Context) => View> = {
  training: TrainingView,
  fan: FanView,
  weights: WeightsView,
  loss: LossView,
  gates: GatesView,
  memory: MemoryView,
  features: FeaturesView,
};

function initialize({ model }: Pick<InitializeProps, "model">): void {
  connect(model);
}

function render({ model, el, signal }: { model: AnyModel; el: HTMLElement; signal?: AbortSignal }): () => void {
  let ending = new AbortController();
  signal?.addEventListener("abort", () => ending.abort());
  const name = String(model.get("_view"));
  const Named = views[name];
  if (Named === undefined) {
    el.textContent = `lstm_lab: no view is called ${name}; the page may hold an older version, reload it.`;
    return () => ending.abort();
  }
  const again = (): void => {
    ending.abort();
    ending = new AbortController();
    new Named({ model, el, wire: connect(model), signal: ending.signal, again }).start();
  };
  again();
  return () => ending.abort();
}

export default { initialize, render } satisfies { initialize: unknown; render: (props: RenderProps) => unknown };
