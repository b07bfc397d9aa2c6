/** A forecast on a slide: what was observed, the band, the median, and, once it is revealed, what happened. */
import { h, legend, say } from "../dom";
import { number, time } from "../format";
import { Strip, type Ground } from "../gates/strips";
import { alpha } from "../theme";

export interface Fan {
  target: string;
  interval: number;
  times: number[];
  is_time: boolean;
  step: number;
  history: (number | null)[];
  band: (number | null)[][];
  actual: (number | null)[] | null;
}

const HEIGHT = 230;

/** Values on the whole axis: nothing before `from`. */
export function placed(values: (number | null)[], from: number): number[] {
  return [...Array.from({ length: from }, () => NaN), ...values.map((value) => value ?? NaN)];
}

/** How many of the values that are known lie within the band. */
export function hits({ band, actual }: Fan): [inside: number, known: number] {
  const known = (actual ?? []).map((value, at) => [value, at] as const).filter(([value]) => value !== null);
  return [known.filter(([value, at]) => band[0]![at]! <= value! && value! <= band[2]![at]!).length, known.length];
}

export class FanStrip extends Strip<Ground> {
  readonly words = h("p", { class: "note meaning", role: "status" });
  readonly #ends = h("div", { class: "ends muted", "aria-hidden": "true" });
  readonly figure = h("div", { class: "lesson-fan" }, this.element, this.#ends, this.words);

  constructor(
    ground: Ground,
    private readonly fan: Fan,
  ) {
    super(HEIGHT, ground);
    this.canvas.setAttribute("role", "img");
    this.canvas.removeAttribute("aria-hidden");
  }

  draw(revealed: boolean): void {
    const { fan } = this;
    const { text, blue, green, red } = this.inside.palette();
    const from = fan.history.length;
    const [low, median, high] = fan.band.map((row) => placed(row, from));
    const actual = placed(fan.actual ?? [], from);
    this.inside.span.high = fan.times.length;
    const shown = revealed && fan.actual !== null;
    const ctx = this.begin();
    const history = placed(fan.history, 0);
    // The scale holds what happened from the start, so that nothing jumps when it is revealed.
    this.fit([history, low!, high!, actual]);
    this.axis();
    this.clip(() => {
      this.area({ low: low!, high: high!, colour: alpha(blue, 0.22) });
      this.line({ values: history, colour: text });
      this.line({ values: median!, colour: blue, width: 2 });
      if (!shown) return;
      this.line({ values: actual, colour: text });
      actual.forEach((value, at) => {
        if (Number.isNaN(value)) return;
        const inside = low![at]! <= value && value <= high![at]!;
        ctx.fillStyle = inside ? green : red;
        ctx.beginPath();
        // A miss is a square as well as red.
        if (inside) ctx.arc(this.x(at + 0.5), this.y(value), 4, 0, 2 * Math.PI);
        else ctx.rect(this.x(at + 0.5) - 4, this.y(value) - 4, 8, 8);
        ctx.fill();
      });
    });
    const words = [
      { words: `${fan.target}, observed`, colour: text },
      { words: "median", colour: blue },
      { words: `${fan.interval} % band`, colour: alpha(blue, 0.35), kind: "box" as const },
      ...(shown ? [{ words: "within the band", colour: green, kind: "disc" as const }, { words: "outside", colour: red, kind: "box" as const }] : []),
    ];
    legend(this.key, words);
    const when = (at: number): string => time(fan.times[at]!, fan.is_time, fan.step);
    const ends = [0, from, fan.times.length - 1].map((at) => h("span", {}, when(at)));
    ends[1]!.style.left = `${(100 * from) / fan.times.length}%`;
    ends[1]!.style.transform = "translateX(-50%)";
    // A narrow slide has no room for the middle one, and a forecast without a past begins at the first.
    ends[1]!.hidden = from === 0 || this.inside.width < 500;
    this.#ends.replaceChildren(...ends);
    const [inside, known] = hits(fan);
    const told = shown ? `What happened: ${inside} of ${known} values lie within the band.` : `Forecast of ${fan.target} from ${when(from)} to ${when(fan.times.length - 1)}; after the last step the median is ${number(fan.band[1]!.at(-1))}.`;
    say(this.words, told);
    this.canvas.setAttribute("aria-label", told);
  }
}

