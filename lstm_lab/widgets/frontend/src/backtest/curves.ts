/** Two small plots of a backtest: measured against nominal coverage, and coverage at each step ahead. */
import { figure, Plot } from "../plot";
import { percent } from "../format";
import { alpha, type Palette } from "../theme";
import type { Store } from "../wire";

type Points = [across: number, up: number][];

/** A model's colour and dashes, as in the picture: the network is blue and full. */
export function look({ blue, red, green, orange, purple, yellow }: Palette, model: number): { colour: string; dash: number[] } {
  const others = [red, green, orange, purple, yellow];
  return model === 0 ? { colour: blue, dash: [] } : { colour: others[(model - 1) % others.length]!, dash: [5, 2] };
}

export class Curves {
  readonly #reliability = new Plot();
  readonly #steps = new Plot();
  readonly elements = [
    figure("Reliability: nominal and measured coverage", this.#reliability.canvas),
    figure("Coverage at each step ahead", this.#steps.canvas),
  ];

  constructor(private readonly store: Store) {}

  draw(palette: Palette, unit: number, chosen: number, models: string[]): void {
    this.#drawReliability(palette, unit, chosen, models);
    this.#drawSteps(palette, unit, chosen, models);
  }

  #row(name: string, model: number, width: number): Float32Array {
    return this.store.data(name).subarray(model * width, (model + 1) * width) as Float32Array;
  }

  #drawReliability(palette: Palette, unit: number, chosen: number, models: string[]): void {
    const plot = this.#reliability;
    const levels = this.store.data("levels");
    plot.begin(palette, unit, "nominal", "measured");
    for (const share of [0, 0.5, 1]) plot.tickAcross(share, percent(share));
    for (const share of [0, 1]) plot.tickUp(share, percent(share));
    line(plot, [[0, 0], [1, 1]], palette.muted, [4, 3], 1);
    const [low, high] = ["level_coverage_low", "level_coverage_high"].map((name) => this.#row(name, chosen, levels.length));
    const { ctx } = plot;
    ctx.fillStyle = alpha(look(palette, chosen).colour, 0.2);
    ctx.beginPath();
    levels.forEach((level, at) => ctx.lineTo(plot.x(level / 100), plot.y(high![at]!)));
    for (let at = levels.length - 1; at >= 0; at--) ctx.lineTo(plot.x(levels[at]! / 100), plot.y(low![at]!));
    ctx.fill();
    const order = drawn(models, chosen);
    for (const model of order) {
      const { colour, dash } = look(palette, model);
      const shares = this.#row("level_coverage", model, levels.length);
      line(plot, Array.from(levels, (level, at) => [level / 100, shares[at]!]), colour, dash, model === chosen ? 2.5 : 1.2);
    }
    const interval = this.store.number("interval") ?? 90;
    const own = levels.indexOf(interval);
    const [share, from, to] = [this.#row("level_coverage", chosen, levels.length)[own]!, low![own]!, high![own]!];
    plot.canvas.setAttribute("aria-label", `Of intervals of nominally ${interval} %, ${models[chosen]} held ${percent(share)}, between ${percent(from)} and ${percent(to)} by chance`);
  }

  #drawSteps(palette: Palette, unit: number, chosen: number, models: string[]): void {
    const plot = this.#steps;
    const all = this.store.data("step_coverage");
    const horizon = all.length / Math.max(models.length, 1);
    const nominal = (this.store.number("interval") ?? 90) / 100;
    const least = Math.min(0.5, Math.floor(10 * Math.min(...all)) / 10);
    const up = (share: number): number => (share - least) / (1 - least);
    const across = (step: number): number => (horizon === 1 ? 0.5 : step / (horizon - 1));
    plot.begin(palette, unit, "steps ahead", "measured");
    for (const share of [least, nominal, 1]) if (share !== 1 || nominal < 0.9 || least < 0.8) plot.tickUp(up(share), percent(share));
    for (const step of new Set([0, Math.floor((horizon - 1) / 2), horizon - 1])) plot.tickAcross(across(step), String(step + 1));
    line(plot, [[0, up(nominal)], [1, up(nominal)]], palette.muted, [4, 3], 1);
    for (const model of drawn(models, chosen)) {
      const { colour, dash } = look(palette, model);
      const shares = this.#row("step_coverage", model, horizon);
      // A single step has no line to see: it is a dash.
      const points: Points = horizon === 1 ? [[0.4, up(shares[0]!)], [0.6, up(shares[0]!)]] : Array.from(shares, (share, step) => [across(step), up(share)]);
      line(plot, points, colour, dash, model === chosen ? 2.5 : 1.2);
    }
    const own = this.#row("step_coverage", chosen, horizon);
    plot.canvas.setAttribute("aria-label", `Coverage of ${models[chosen]}: ${percent(own[0] ?? 0)} at step 1, ${percent(own[horizon - 1] ?? 0)} at step ${horizon}; nominally ${percent(nominal)}`);
  }
}

/** The chosen model is drawn last, above the others. */
function drawn(models: string[], chosen: number): number[] {
  return [...models.keys()].sort((one, other) => Number(one === chosen) - Number(other === chosen));
}

function line(plot: Plot, points: Points, colour: string, dash: number[], width: number): void {
  const { ctx } = plot;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.beginPath();
  for (const [across, up] of points) ctx.lineTo(plot.x(across), plot.y(up));
  ctx.stroke();
  ctx.setLineDash([]);
}
