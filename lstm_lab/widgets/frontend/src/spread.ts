/**
 * Where the spread of a forecast comes from: a fan with a switch for each source. Every combination is here, quantiles and
 * paths, so that a switch needs no kernel.
 */
import { fill, h, say, toggle } from "./dom";
import { FanView, SAMPLES } from "./fan";
import { number } from "./format";
import type { Json, Packed, Store } from "./wire";

const SWITCHES = ["dropout", "noise", "calibration"];
const MEANINGS = ["every path another sampled network", "a past error at each step", "the band set right by earlier forecasts"];

/** The number of a combination among those that are here; -1 where it is none. */
export function numberOf(sources: boolean[][], wanted: boolean[]): number {
  return sources.findIndex((set) => set.every((isOn, at) => isOn === wanted[at]));
}

/** The arrays of a fan, of one combination. Paths come path by path, each of all combinations. */
export function fanOf(store: Store, at: number, count: number): Record<string, Float32Array> {
  const horizon = store.data("times").length;
  const cut = (name: string): Float32Array => store.data(name).slice(at * 5 * horizon, (at + 1) * 5 * horizon) as Float32Array;
  const all = store.data("each_paths");
  const held = all.length / count / horizon;
  const paths = new Float32Array(held * horizon);
  for (let path = 0; path < held; path++) paths.set(all.subarray((path * count + at) * horizon, (path * count + at + 1) * horizon), path * horizon);
  return { quantiles: cut("each_quantiles"), errors: cut("each_errors"), paths };
}

export class SpreadView extends FanView {
  readonly #held = h("p", { class: "note meaning", role: "status" });
  readonly #combinations = h("table", { "aria-label": "Width and coverage by what is switched on" });
  #switches: HTMLInputElement[] = [];

  protected override build(): void {
    this.#put();
    super.build();
    const group = h("fieldset", { class: "controls" }, h("legend", { class: "muted" }, "Spread by"));
    const absent = (this.store.values["absent"] ?? {}) as Record<string, string>;
    this.#switches = SWITCHES.map((name, at) => {
      const label = toggle(name, this.#wanted[at]!, (isOn) => this.#turn(at, isOn));
      label.title = absent[name] ?? MEANINGS[at]!;
      const box = label.querySelector("input")!;
      box.disabled = name in absent;
      group.append(label);
      return box;
    });
    const why = Object.entries(absent).map(([name, reason]) => h("p", { class: "note muted" }, `${name}: ${reason}`));
    this.body.prepend(group, this.#held, ...why);
    this.body.append(this.#combinations);
  }

  get #sources(): boolean[][] {
    return (this.store.values["sources"] ?? []) as boolean[][];
  }

  get #wanted(): boolean[] {
    return (this.store.ui["sources"] as boolean[] | undefined) ?? this.#sources[0] ?? [true, true, true];
  }

  /** The combination that is shown. */
  get #at(): number {
    return Math.max(0, numberOf(this.#sources, this.#wanted));
  }

  #turn(at: number, isOn: boolean): void {
    const wanted = this.#wanted.map((before, other) => (other === at ? isOn : before));
    if (numberOf(this.#sources, wanted) < 0) {
      this.#switches[at]!.checked = !isOn;
      return this.complain("This combination was not drawn, for the work was stopped.");
    }
    this.complain("");
    this.store.ui["sources"] = wanted;
    this.#put();
  }

  /** Hand the combination to the fan. */
  #put(): void {
    const { store } = this;
    const arrays = Object.entries(fanOf(store, this.#at, this.#sources.length)).map(([name, data]): Packed => {
      return { name, dtype: "f4", shape: [data.length], start: null, data: new DataView(data.buffer as ArrayBuffer) };
    });
    const values: Record<string, Json> = { band: `spread by ${((store.values["names"] ?? []) as string[])[this.#at] ?? ""}` };
    store.apply({ kind: "snapshot", seq: store.seq, values, arrays }, []);
  }

  /** Hold every combination, so that the eye can compare. */
  protected override get held(): ArrayLike<number>[] {
    const shown = SAMPLES * this.#sources.length * this.store.data("times").length;
    return [this.store.data("each_quantiles"), this.store.data("each_paths").subarray(0, shown)];
  }

  protected override update(changed: Set<string>): void {
    if (changed.has("each_quantiles")) return this.#put();
    super.update(changed);
    const { values } = this.store;
    const [names, held, widths] = [values["names"], values["held"], values["widths"]] as [string[], string[], number[]];
    const interval = number(this.store.number("interval"));
    say(this.#held, `Of a nominal ${interval} % this band held ${held[this.#at] ?? ""}.`);
    const rows = names.map((name, at) => [h("th", { scope: "row", class: at === this.#at ? "success" : "" }, name), number(widths[at], 3), held[at]!]);
    fill(this.#combinations, ["spread by", "mean width", "measured coverage"], rows);
    this.root.dataset["sources"] = names[this.#at] ?? "";
  }
}
