/** What is changed in the network or in what it read, and what follows: computed in the page, the same as what was. */
import type { Store } from "../wire";
import { interpolated, run, type Hold, type Outcome, type Stage, type Weights } from "./network";

/** What a person changed, kept in the store. */
export interface Change {
  hold: Hold | null;
  /** Values of the first input, by step. */
  edits: Record<number, number>;
}

export class Changes {
  #was: Outcome | null = null;
  #now: Outcome | null = null;

  constructor(private readonly store: Store) {}

  /** Is the network here? */
  get possible(): boolean {
    return this.store.has("inputs") && this.store.has("net:0:kernel");
  }

  /** Does the kernel compute it, where the page cannot? */
  get asks(): boolean {
    return this.store.live && this.store.has("inputs") && !this.possible;
  }

  /** What the kernel is to compute and has not yet; null where there is nothing. */
  get wanted(): string | null {
    const change = JSON.stringify(this.change);
    return this.asks && this.active && change !== this.store.text("changed") ? change : null;
  }

  /** Has the kernel computed this very change? */
  get answered(): boolean {
    return this.asks && this.active && this.wanted === null;
  }

  get change(): Change {
    return (this.store.ui["change"] as Change | undefined) ?? { hold: null, edits: {} };
  }

  get active(): boolean {
    const { hold, edits } = this.change;
    return hold !== null || Object.keys(edits).length > 0;
  }

  set(change: Partial<Change>): void {
    this.store.ui["change"] = { ...this.change, ...change };
    this.#now = null;
  }

  /** The network as it is. */
  get was(): Outcome | null {
    if (this.possible) this.#was ??= this.#run({ hold: null, edits: {} });
    return this.#was;
  }

  /** The network with the change; as it is without one. */
  get now(): Outcome | null {
    if (!this.active) return this.was;
    if (this.possible) this.#now ??= this.#run(this.change);
    return this.#now;
  }

  get steps(): number {
    return this.store.data("times").length;
  }

  #inputs(edits: Record<number, number>): Float64Array {
    const inputs = Float64Array.from(this.store.data("inputs"));
    const width = inputs.length / this.steps;
    for (const [step, value] of Object.entries(edits)) inputs[Number(step) * width] = value;
    return inputs;
  }

  /** The first input at every step, changed or as it was. */
  input(changed: boolean): number[] {
    const inputs = this.#inputs(changed ? this.change.edits : {});
    const width = inputs.length / this.steps;
    return Array.from({ length: this.steps }, (_, step) => inputs[step * width]!);
  }

  #run({ hold, edits }: Change): Outcome {
    const { store } = this;
    const stages = store.values["network"] as unknown as Stage[];
    const weights = stages.map((_, at): Weights => {
      const array = (name: string): ArrayLike<number> => store.data(`net:${at}:${name}`);
      return { kernel: array("kernel"), recurrent: array("recurrent"), bias: array("bias") };
    });
    return run(stages, weights, this.#inputs(edits), this.steps, hold === null ? [] : [hold]);
  }

  /** The output with the change. */
  get output(): number | null {
    if (!this.active) return null;
    return this.asks ? (this.answered ? this.store.number("changed_output") : null) : (this.now?.output ?? null);
  }

  /** The forecast, or the output where nobody knows what it means, without the change and with it. */
  get moved(): [number, number] | null {
    const { store, was, now } = this;
    const opened = store.number("forecast") ?? store.number("output");
    // The network may have been changed before it came here.
    const before = store.number("unchanged") ?? opened;
    if (!this.active) return store.number("unchanged") === null ? null : [before!, opened!];
    if (this.asks) return this.answered ? [before!, store.number("changed_to")!] : null;
    const meaning = (output: number): number => (store.has("decoded") ? interpolated(store.data("decoded"), output) : output);
    return was !== null && now !== null ? [store.number("unchanged") ?? meaning(was.output), meaning(now.output)] : null;
  }
}
