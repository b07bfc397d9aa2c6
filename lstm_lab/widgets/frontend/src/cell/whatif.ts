/** What if a gate were held: the controls, and what comes of it in words. */
import { button, choices, h, on, say, slider } from "../dom";
import { number } from "../format";
import { decimal } from "./drawing";
import type { Window } from "./window";

export class WhatIf {
  readonly #gates = h("select", { "aria-label": "Gate to hold" });
  readonly #units = h("select", { "aria-label": "Units whose gate is held" });
  readonly #value = slider("at", { min: 0, max: 1, step: 0.01, value: 1 }, decimal, () => this.#change());
  readonly #from = button("", () => this.#change(this.window.step));
  readonly #undo = button("Undo", () => {
    this.window.changes.set({ hold: null, edits: {} });
    this.changed();
  });
  readonly #outcome = h("b", { role: "status" });
  readonly #held = h("span", { class: "controls" }, this.#units, this.#value.element, this.#from);
  readonly element = h("div", { class: "controls what-if" });

  constructor(
    private readonly window: Window,
    private readonly changed: () => void,
  ) {
    on(this.#gates, "change", () => this.#change(window.changes.change.hold?.from ?? window.step));
    on(this.#units, "change", () => this.#change());
    this.element.append(h("label", { class: "control" }, "What if", this.#gates), this.#held, this.#undo, this.#outcome);
  }

  #change(from = this.window.changes.change.hold?.from ?? 0): void {
    const { window } = this;
    const gate = this.#gates.value;
    const value = this.#value.get();
    const unit = this.#units.value === "all" ? null : window.picked;
    window.changes.set({ hold: gate === "" ? null : { place: window.place, gate, value, unit, from } });
    this.changed();
  }

  draw(): void {
    const { window } = this;
    const { changes, layer, picked } = window;
    const { hold } = changes.change;
    const own = ["forget", "input", "output", "update", "reset", "candidate"].filter((name) => layer.signals.includes(name));
    const names = hold !== null && !own.includes(hold.gate) ? [...own, hold.gate] : own;
    choices(this.#gates, ["", ...names], hold?.gate ?? "", ["nothing is held", ...names.map((name) => (name === "candidate" ? "the candidate is held" : `the ${name} gate is held`))]);
    const unit = hold?.unit ?? picked;
    choices(this.#units, ["one", "all"], hold?.unit === null ? "all" : "one", [`in unit ${unit}`, "in all units"]);
    // A candidate has a sign, a gate has none.
    this.#value.element.querySelector("input")!.min = hold?.gate === "candidate" ? "-1" : "0";
    if (hold !== null) this.#value.set(hold.value);
    this.#held.hidden = hold === null;
    this.#undo.hidden = !changes.active;
    say(this.#from, `from step ${hold?.from ?? 0} on${hold !== null && hold.from !== window.step ? ` (set to ${window.step})` : ""}`);
    say(this.#outcome, this.#words());
    // A network that came with held gates is not changed here, and "nothing is held" would be wrong.
    this.#gates.hidden = ((window.store.values["changes"] ?? []) as string[]).length > 0;
    for (const control of this.element.querySelectorAll("select")) control.disabled = !(changes.possible || changes.asks);
  }

  #words(): string {
    const { changes, store } = this.window;
    const held = (store.values["changes"] ?? []) as string[];
    const { moved } = changes;
    const course = moved === null ? "" : `${store.number("forecast") === null ? "output" : "forecast"} ${moved.map((value) => number(value, 5)).join(" → ")}`;
    if (held.length) return `${held.join("; ")}: ${course}`;
    if (!(changes.possible || changes.active)) return [course, this.#why()].filter(Boolean).join(". ");
    return course === "" && changes.active ? "the kernel is computing what follows …" : course;
  }

  #why(): string {
    const { changes, store } = this.window;
    const most = `the page takes chains of at most ${number(store.number("most_weights"), 6)} weights`;
    return changes.asks ? `The kernel computes it: ${most}.` : `trace.what_if(forget=1.0) does it in Python: ${most}.`;
  }
}
