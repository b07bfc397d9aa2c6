/** The slides of a lesson as elements: everything in them is text, and only text nodes hold it. */
import { h } from "../dom";
import type { Json } from "../wire";

/** A text and its style: "", "strong", "em" or "code". */
export type Runs = [string, string][];

export interface Choice {
  runs: Runs;
  right: boolean;
}

export type Block =
  | { kind: "heading" | "text"; runs: Runs }
  | { kind: "list"; ordered: boolean; items: Runs[] }
  | { kind: "code"; text: string }
  | { kind: "view"; view: number }
  | { kind: "question"; runs: Runs; choices: Choice[]; answer: Block[] };

export type Question = Extract<Block, { kind: "question" }>;

export interface Slide {
  title: string;
  blocks: Block[];
}

export function slidesOf(value: Json | undefined): Slide[] {
  return Array.isArray(value) ? (value as unknown as Slide[]) : [];
}

/** Elements of some runs; a style that is not known is none. */
export function write(runs: Runs): (Node | string)[] {
  return runs.map(([text, style]) => (style === "strong" || style === "em" || style === "code" ? h(style, {}, text) : text));
}

export function plain(runs: Runs): string {
  return runs.map(([text]) => text).join("");
}

/** The blocks that can be seen: with the answers of those questions that are revealed. */
export function seen(blocks: Block[], revealed: boolean): Block[] {
  return blocks.flatMap((block): Block[] => (block.kind === "question" && revealed ? [block, ...block.answer] : [block]));
}

/** Is there something to reveal on a slide? `truths` are the views that hold back what happened. */
export function hides(blocks: Block[], truths: Set<number>): boolean {
  return blocks.some((block) => (block.kind === "question" && (block.answer.length > 0 || block.choices.some(({ right }) => right))) || (block.kind === "view" && truths.has(block.view)));
}

/** What a guess was worth, in words. */
export function verdict(question: Question, guess: number | null): string {
  const right = question.choices.filter((choice) => choice.right).map(({ runs }) => plain(runs));
  if (right.length === 0) return "";
  if (guess === null) return `It is: ${right.join(", or ")}.`;
  return question.choices[guess]?.right ? "Your guess is right." : `Not quite. It is: ${right.join(", or ")}.`;
}
