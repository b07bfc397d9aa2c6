/** What holds over all steps: how often gates stand shut and open, how long units remember, what inputs can do. */
import { fill, h, legend, on, values } from "../dom";
import { nice, number, percent } from "../format";
import { extent } from "../geometry";
import { figure, Plot } from "../plot";
import { alpha } from "../theme";
import type { Inside } from "./inside";

const BINS = 20;
/** Distance between two dots, as a share of the axis, from which they are seen to be two. */
const APART = 0.1;

/** Does a scatter of shares of time say more than a sentence? Not where all its dots lie on one another. */
export function tells(...sides: ArrayLike<number>[]): boolean {
  return sides.some((shares) => {
    const [low, high] = extent(shares) ?? [0, 0];
    return high - low > APART;
  });
}

/** A dot for each gate of each unit: the share of steps at which it was shut, and open. */
export class Saturation {
  readonly #plot = new Plot();
  readonly #key = h("ul", { class: "legend" });
  readonly element = figure("How often each unit's gates are shut and open", this.#plot.canvas, this.#key);

  constructor(
    private readonly inside: Inside,
    pin: (unit: number) => void,
  ) {
    on(this.#plot.canvas, "click", (event) => {
      const near = this.#nearest(event.offsetX / inside.unit, event.offsetY / inside.unit);
      if (near !== null) pin(inside.units[near]!);
    });
  }

  draw(): void {
    const { inside } = this;
    const { gates } = inside.layer;
    this.element.hidden = !gates.some((gate) => tells(this.#pair(gate, 0), this.#pair(gate, 1)));
    if (this.element.hidden) return;
    const plot = this.#plot;
    plot.begin(inside.palette(), inside.unit, "share of time shut (< 0.1)", "open (> 0.9)");
    for (const share of [0, 1]) {
      plot.tickAcross(share, String(share));
      plot.tickUp(share, String(share));
    }
    for (const gate of gates) {
      plot.ctx.fillStyle = alpha(inside.colour(gate), 0.7);
      for (let unit = 0; unit < inside.units.length; unit++) {
        plot.ctx.beginPath();
        plot.ctx.arc(...this.#dot(gate, unit), 3, 0, 2 * Math.PI);
        plot.ctx.fill();
      }
    }
    legend(this.#key, gates.map((gate) => ({ words: gate, colour: inside.colour(gate), kind: "disc", value: true })));
    values(this.#key, gates.map((gate) => `shut ${this.#mean(gate, 0)}, open ${this.#mean(gate, 1)}`));
    plot.canvas.setAttribute("aria-label", `Saturation of ${gates.join(", ")} for ${inside.units.length} units`);
  }

  #pair(gate: string, side: number): ArrayLike<number> {
    return this.inside.row(`${this.inside.place}:saturation:${gate}`, side, this.inside.units.length);
  }

  #mean(gate: string, side: number): string {
    const shares = Array.from(this.#pair(gate, side));
    return percent(shares.reduce((sum, share) => sum + share, 0) / shares.length);
  }

  #dot(gate: string, unit: number): [number, number] {
    return [this.#plot.x(this.#pair(gate, 0)[unit]!), this.#plot.y(this.#pair(gate, 1)[unit]!)];
  }

  #nearest(left: number, top: number): number | null {
    let best = 12;
    let found: number | null = null;
    for (const gate of this.inside.layer.gates) {
      for (let unit = 0; unit < this.inside.units.length; unit++) {
        const [x, y] = this.#dot(gate, unit);
        const far = Math.hypot(x - left, y - top);
        if (far < best) [best, found] = [far, unit];
      }
    }
    return found;
  }
}

/** How many units remember for how long; those that outlast the window stand apart. */
export class Lives {
  readonly #plot = new Plot();
  readonly element = figure("How many units remember for how long", this.#plot.canvas);

  constructor(private readonly inside: Inside) {}

  draw(): void {
    const { inside } = this;
    const { layer } = inside;
    this.element.hidden = !layer.lives;
    if (!layer.lives) return;
    const lives = Array.from(inside.of("half_life"), (life) => Math.max(life, 1e-2));
    const bottom = Math.min(0.5, ...lives);
    const share = (life: number): number => Math.log(life / bottom) / Math.log(Math.max(layer.window, 2 * bottom) / bottom);
    const bins = new Array<number>(BINS).fill(0);
    for (const life of lives) bins[Math.min(Math.floor(share(life) * BINS), BINS - 1)]!++;
    this.#bars(bins);
    const plot = this.#plot;
    plot.ctx.fillStyle = inside.palette().muted;
    for (const mark of [0.1, 1, 3, 10, 30, 100, 300, 1000]) {
      if (share(mark) >= 0 && share(mark) < 0.82) plot.tickAcross(share(mark), String(mark));
    }
    plot.tickAcross(1 - 0.5 / BINS, `≥ ${layer.window}`);
    const beyond = lives.filter((life) => life >= layer.window).length;
    plot.canvas.setAttribute("aria-label", `Half-lives of ${lives.length} units; ${beyond} outlast the window of ${layer.window} steps`);
  }

  #bars(bins: number[]): void {
    const { inside } = this;
    const plot = this.#plot;
    const { blue, orange } = inside.palette();
    plot.begin(inside.palette(), inside.unit, "half-life in steps", "units");
    const most = Math.max(...bins);
    for (const mark of nice(0, most, 2)) if (Number.isInteger(mark)) plot.tickUp(mark / most, String(mark));
    bins.forEach((count, at) => {
      plot.ctx.fillStyle = at === BINS - 1 ? orange : blue;
      plot.bar(at, BINS, 0, count / most);
    });
  }
}

/** What each input can do to the output over all steps, and what it did. */
export class Features {
  readonly #table = h("table", { class: "features" });
  readonly element = figure("What the output answers to", this.#table);

  constructor(private readonly inside: Inside) {}

  draw(): void {
    const { store } = this.inside;
    const names = (store.values["features"] ?? []) as string[];
    this.element.hidden = !store.has("moved_features");
    if (this.element.hidden) return;
    const { low, median, high, check } = this.inside.moved("moved_features", names.length);
    const several = (store.number("windows") ?? 1) > 1;
    const most = Math.max(...high, 1e-30);
    const order = names.map((_, at) => at).sort((a, b) => median[b]! - median[a]!);
    const rows = order.slice(0, 8).map((at) => {
      const bar = h("span", { class: "bar", "aria-hidden": "true" });
      bar.style.width = `${Math.max((100 * median[at]!) / most, 0.5)}%`;
      const could = `${number(median[at], 2)}${several ? ` (${number(low[at], 2)} to ${number(high[at], 2)})` : ""}`;
      const did = `${check[at]! > 0 ? "+" : ""}${number(check[at], 2)}`;
      return [h("th", { scope: "row" }, names[at]!, bar), could, did];
    });
    const unit = store.text("unit");
    const caption = `${unit ? `In ${unit}. ` : ""}Could: a standard deviation, L2 over the steps. Moved: against its mean over the window.`;
    fill(this.#table, ["", "could move it", "moved it"], rows, caption);
  }
}
