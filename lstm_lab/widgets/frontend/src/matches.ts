/** Where an activation recurs: a card for what was looked for and for each match, with the series before, there, after. */
import { button, h, say, svg } from "./dom";
import { number } from "./format";
import { extent } from "./geometry";
import type { Json, Numbers } from "./wire";

const WIDE = 180;
const TALL = 56;

export interface Found {
  /** What was asked for. */
  key: string;
  what: string;
  words: string;
  among: string;
  steps: number;
  series: string;
  when: string[];
  distances: number[];
  changes: (number | null)[];
  at: (string | null)[];
}

export function foundOf(value: Json | undefined): Found | null {
  return typeof value === "object" && value !== null ? (value as unknown as Found) : null;
}

/** The outline of a thumbnail, in stretches without a gap. */
export function outline(values: Numbers): string[] {
  const [low, high] = extent(values) ?? [0, 1];
  const stretches: string[][] = [[]];
  const x = (at: number): string => ((WIDE * at) / Math.max(values.length - 1, 1)).toFixed(1);
  const y = (value: number): string => (TALL - (TALL * (value - low)) / (high - low || 1)).toFixed(1);
  values.forEach((value, at) => {
    if (Number.isFinite(value)) stretches.at(-1)!.push(`${x(at)},${y(value)}`);
    else stretches.push([]);
  });
  return stretches.filter((points) => points.length > 1).map((points) => points.join(" "));
}

/** What a match did, in words. */
export function wordsOf(found: Found, at: number): string {
  const change = found.changes[at] ?? null;
  const after = change === null ? "what came after is not known" : `${found.series} ${change > 0 ? "+" : ""}${number(change)} in the ${found.steps} steps after`;
  return at === 0 ? `looked for · ${after}` : `distance ${found.distances[at]!.toFixed(2)} · ${after}`;
}

export class Matches {
  readonly #words = h("p", { class: "note meaning" });
  readonly #key = h("p", { class: "note muted" });
  readonly #cards = h("ol", { class: "matches" });
  readonly element = h("div", { hidden: true }, this.#words, this.#cards, this.#key);
  #state = "";

  constructor(private readonly chosen: (at: number) => void) {}

  /** Show what was found; `thumbnails` holds a row for each card. */
  draw(found: Found | null, thumbnails: Numbers): void {
    this.element.hidden = found === null;
    const state = JSON.stringify(found);
    if (found === null || this.#state === state) return;
    this.#state = state;
    say(this.#words, found.words);
    say(this.#key, `Each card: ${found.series} before, there (shaded) and after, as many steps each. Searched: ${found.among}.`);
    const points = thumbnails.length / found.when.length;
    this.#cards.replaceChildren(...found.when.map((when, at) => h("li", {}, this.#card(when, at, found, thumbnails.subarray(at * points, (at + 1) * points)))));
  }

  /** Mark the card that is looked at. */
  mark(at: number): void {
    this.#cards.querySelectorAll("button").forEach((card, place) => card.setAttribute("aria-pressed", String(place === at)));
  }

  #card(when: string, at: number, found: Found, values: Numbers): HTMLElement {
    const lines = outline(values).map((points) => svg("polyline", { points }));
    const third = svg("rect", { x: WIDE / 3, y: -3, width: WIDE / 3, height: TALL + 6 });
    const picture = svg("svg", { viewBox: `0 -3 ${WIDE} ${TALL + 6}`, "aria-hidden": "true" }, third, ...lines);
    const card = button("", () => this.chosen(at), { class: at === 0 ? "match own" : "match", "aria-pressed": "false" });
    card.append(h("strong", {}, when), picture, h("span", {}, wordsOf(found, at)));
    return card;
  }
}
