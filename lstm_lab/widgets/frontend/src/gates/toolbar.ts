/** What can be chosen: layer, signal, order, step. */
import { button, choices, h, on } from "../dom";
import type { Inside } from "./inside";

export class Toolbar {
  readonly #layers = h("select", { "aria-label": "Layer" });
  readonly #signals = h("select", { "aria-label": "Signal of the heat map" });
  readonly #sorts = h("select", { "aria-label": "Order of the units" });
  readonly #scrub = h("input", { type: "range", min: 0, step: 1, "aria-label": "Step" });
  readonly element = h("div", { class: "controls" });

  constructor(
    private readonly inside: Inside,
    chosen: (name: string) => void,
    move: (step: number) => void,
    showAll: () => void,
  ) {
    const pick = (words: string, select: HTMLSelectElement, name: string): HTMLElement => {
      on(select, "change", () => {
        inside.store.ui[name] = name === "layer" ? select.selectedIndex : select.value;
        chosen(name);
      });
      return h("label", { class: "control" }, words, select);
    };
    on(this.#scrub, "input", () => move(this.#scrub.valueAsNumber));
    this.element.append(
      pick("layer", this.#layers, "layer"),
      pick("heat map", this.#signals, "signal"),
      pick("sort by", this.#sorts, "sort"),
      h("label", { class: "control step" }, "step", this.#scrub),
      button("Show all", showAll),
    );
  }

  draw(): void {
    const { inside } = this;
    const names = inside.layers.map((layer) => `${layer.name} (${layer.kind}${layer.direction === "backward" ? ", backward" : ""})`);
    choices(this.#layers, names, names[inside.place]!);
    choices(this.#signals, inside.layer.signals, inside.signal);
    choices(this.#sorts, inside.sorts, inside.sort);
    this.#scrub.max = String(inside.steps - 1);
  }

  read(step: number): void {
    if (this.#scrub.valueAsNumber !== step) this.#scrub.value = String(step);
    this.#scrub.setAttribute("aria-valuetext", this.inside.when(step));
  }
}
