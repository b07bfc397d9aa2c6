/** The equations of a cell and what they mean, filled in as the numbers arrive. */
import { h, say } from "../dom";
import { decimal, hue, type Drawing, type Part, type Slot, type Values } from "./drawing";

type Fill = (values: Values, moment: number) => void;

/** A part of an equation as text; a negative factor stands in brackets. */
export function written(parts: Part[], values: Values, activation: string): string {
  return parts.reduce<string>((text, part) => text + (typeof part === "string" ? part.replace("{a}", activation) : slot(part, values, text)), "");
}

function slot({ value, share }: Slot, values: Values, before: string): string {
  const number = values[value];
  if (share) return `${(100 * (number ?? NaN)).toFixed(0)} %`;
  const text = decimal(number);
  return text.startsWith("−") && before.endsWith("· ") ? `(${text})` : text;
}

export class Words {
  readonly element = h("div", { class: "equations" });
  readonly #masked = h("p", { class: "meaning" }, "The step is masked: nothing is read, and the state stays as it was.");
  readonly #lines: HTMLElement[];
  readonly #fills: Fill[] = [];

  constructor(
    drawing: Drawing,
    private readonly activation: string,
  ) {
    this.#lines = drawing.filled.flatMap((parts, at) => [
      h("p", { class: "muted" }, drawing.equations[at]!.replace("{a}", activation)),
      h("p", { class: "filled" }, ...parts.map((part, place) => (typeof part === "string" ? part.replace("{a}", activation) : this.#number(part, parts[place - 1])))),
    ]);
    const sentence = drawing.sentence.map((part, place, parts) => (typeof part === "string" ? this.#phrase(part, parts[place + 1]) : this.#number(part, "")));
    this.#lines.push(h("p", { class: "meaning" }, ...sentence));
    this.element.append(...this.#lines, this.#masked);
  }

  #number(part: Slot, before: Part | undefined): Node {
    const number = h("b", {});
    // Darker than a box, whose number is larger: to be read at this size.
    number.style.color = `color-mix(in srgb, ${hue(part.value)} 65%, var(--l-text))`;
    this.#fills.push((values, moment) => {
      say(number, slot(part, values, typeof before === "string" ? before : ""));
      number.style.opacity = moment < part.at ? "0" : "1";
    });
    return number;
  }

  /** Words of the sentence come with the number that they lead to. */
  #phrase(text: string, next: Part | undefined): Node {
    const phrase = h("span", {}, text.replace("{a}", this.activation));
    const at = typeof next === "object" ? next.at : 0.9;
    this.#fills.push((_, moment) => {
      phrase.style.opacity = moment < at ? "0" : "1";
    });
    return phrase;
  }

  /** Fill in what has arrived by a moment of the step. */
  fill(values: Values, moment: number, masked: boolean): void {
    for (const line of this.#lines) line.hidden = masked;
    this.#masked.hidden = !masked;
    for (const fill of this.#fills) fill(values, moment);
  }
}
