import assert from "node:assert/strict";
import { test } from "node:test";
import vectors from "../../../../tests/widgets/cell_vectors.json";
import { along, CellDrawing, decimal, type Drawing } from "../src/cell/drawing";
import { Player } from "../src/cell/play";
import { Window } from "../src/cell/window";
import { Words, written } from "../src/cell/words";
import { Link, type Place } from "../src/link";
import { palette } from "../src/theme";
import { Store } from "../src/wire";
import { fake, openPage, type FakeElement } from "./page";

openPage();

const cells = vectors.cells.map((cell) => ({ ...cell, drawing: cell.drawing as unknown as Drawing, values: cell.values as unknown as Record<string, number> }));
const [lstm] = cells as [(typeof cells)[number]];

test("numbers are written as Python writes them", () => {
  for (const [value, text] of vectors.decimals as [number, string][]) assert.equal(decimal(value), text);
  assert.equal(decimal(NaN), "–");
});

test("equations and sentences are Python's", () => {
  for (const { drawing, values, activation, equations, sentence } of cells) {
    assert.deepEqual(drawing.filled.map((parts) => written(parts, values, activation)), equations);
    assert.equal(written(drawing.sentence, values, activation), sentence);
  }
});

test("a share of a line's way ends where its length says", () => {
  const path: [number, number][] = [[0, 0], [10, 0], [10, 30]];
  assert.deepEqual([0, 0.125, 0.25, 0.625, 1, 2].map((share) => along(path, share)), [[0, 0], [5, 0], [10, 0], [10, 15], [10, 30], [10, 30]]);
});

/** The texts of the drawing that are seen. */
function seen(element: FakeElement): string[] {
  const texts = element.querySelectorAll("*").filter(({ tag, attributes }) => /^(text|tspan)$/.test(tag) && attributes["opacity"] !== "0" && attributes["fill-opacity"] !== "0");
  return texts.map(({ textContent }) => textContent);
}

test("a number is seen once it has arrived", () => {
  const drawing = new CellDrawing(lstm.drawing, "tanh", 1, "wave");
  const element = fake(drawing.element as unknown as HTMLElement);
  const forget = decimal(lstm.values["forget"]);
  const hidden = decimal(lstm.values["hidden"]);
  const shows = (moment: number): string[] => {
    drawing.pose(lstm.values, moment);
    return seen(element);
  };
  assert.ok(!shows(0.1).includes(forget));
  assert.ok(shows(0.5).includes(forget));
  assert.ok(!shows(0.5).includes(hidden));
  assert.ok(shows(1).includes(hidden));
  assert.ok(shows(1).includes("wave"));
});

test("the belt is as thick as what it carries", () => {
  const drawing = new CellDrawing(lstm.drawing, "tanh", 2, "");
  const widths = (cell: number): number => {
    drawing.pose({ ...lstm.values, cell }, 1);
    const lines = fake(drawing.element as unknown as HTMLElement).querySelectorAll("*").filter(({ attributes }) => attributes["pathLength"] !== undefined);
    const belt = lstm.drawing.lines.findIndex(({ belt: is, value }) => is && value === "cell");
    return Number(lines[belt]!.attributes["stroke-width"]);
  };
  assert.equal(widths(0), 2);
  assert.equal(widths(-2), 15);
  assert.equal(widths(1), 8.5);
});

test("a masked step has no equations", () => {
  const words = new Words(lstm.drawing, "tanh");
  const lines = fake(words.element).children as FakeElement[];
  words.fill(lstm.values, 1, true);
  assert.deepEqual(lines.map(({ hidden }) => hidden), [true, true, true, true, true, false]);
  words.fill(lstm.values, 1, false);
  assert.ok(lines.at(-1)!.hidden);
  assert.equal(lines[1]!.textContent, lstm.equations[0]);
});

/** Time that a test turns. */
function turned(steps: number): { player: Player; moments: number[]; state: { step: number; changes: number }; turn: (ms: number) => void } {
  let now = 0;
  let due: ((now: number) => void) | null = null;
  Object.assign(globalThis, {
    requestAnimationFrame: (call: (now: number) => void) => {
      due = call;
      return 1;
    },
    cancelAnimationFrame: () => (due = null),
  });
  performance.now = () => now;
  const moments: number[] = [];
  const state = { step: 0, changes: 0 };
  const player = new Player({
    next: () => state.step < steps - 1 && ++state.step > 0,
    show: (moment) => moments.push(moment),
    changed: () => state.changes++,
  });
  player.seconds = 1;
  const turn = (ms: number): void => {
    now += ms;
    const call = due;
    due = null;
    call?.(now);
  };
  return { player, moments, state, turn };
}

test("the play ends at the last step with every number there", () => {
  const { player, moments, state, turn } = turned(3);
  player.play();
  for (let at = 0; at < 40; at++) turn(100);
  assert.equal(state.step, 2);
  assert.equal(player.playing, false);
  assert.equal(moments.at(-1), 1);
  assert.ok(moments.includes(0.125), "a step's first tenth is an eighth of its moving");
});

test("one step is played alone, and a page out of sight loses no step", () => {
  const { player, state, turn } = turned(9);
  player.once();
  for (let at = 0; at < 15; at++) turn(100);
  assert.equal(state.step, 0);
  player.play();
  turn(60_000);
  assert.equal(state.step, 0);
  player.stop();
  turn(5000);
  assert.equal(state.step, 0);
});

test("what was chosen lies within what is there", () => {
  const store = new Store();
  store.tell({ layers: [{ name: "lstm", kind: "lstm", units: 2, steps: 4, signals: ["cell", "hidden"], lives: [] }] as never, layer: 0, unit: 1, step: 9 });
  const window = new Window(store, () => palette({} as Element, "light"));
  assert.deepEqual([window.place, window.picked, window.step], [0, 1, 3]);
  store.ui["unit"] = 7;
  store.ui["step"] = 2;
  assert.deepEqual([window.picked, window.step], [1, 2]);
  assert.equal(window.when(2), "step 2", "no dates have arrived");
});

test("what a page was not sent it works out", () => {
  const store = new Store();
  const signals = ["forget", "input", "candidate", "cell", "hidden"];
  store.tell({ layers: [{ name: "lstm", kind: "lstm", units: 1, steps: 3, signals, lives: [] }] as never, step: 2 });
  const rows = new Float32Array([0.5, 0.5, 0.25, 1, 0.5, 0.5, 2, 1, 4, 2, 1.5, 2.375, 0.1, 0.2, 0.3]);
  store.apply({ kind: "snapshot", seq: 1, arrays: [{ name: "0:unit:0", dtype: "f4", shape: [5, 3], start: null, data: new DataView(rows.buffer) }] }, []);
  const window = new Window(store, () => palette({} as Element, "light"));
  assert.deepEqual(Array.from(window.row("cell_before")), [0, 2, 1.5]);
  assert.deepEqual(Array.from(window.row("before")), [0, rows[12], rows[13]]);
  assert.deepEqual(Array.from(window.row("kept")), [0, 1, 0.375]);
  assert.deepEqual(Array.from(window.row("written")), [2, 0.5, 2]);
  const parts = window.values;
  assert.equal(parts["kept"]! + parts["written"]!, parts["cell"]);
});

test("views of one window follow each other, others do not", () => {
  const target = new EventTarget();
  Object.assign(document, { addEventListener: target.addEventListener.bind(target), dispatchEvent: target.dispatchEvent.bind(target) });
  const ending = new AbortController();
  const heard: Record<string, Place[]> = { a: [], b: [], c: [] };
  const link = (name: "a" | "b" | "c", window: string): Link => {
    const store = new Store();
    store.tell({ link: window });
    const own: Link = new Link(store, ending.signal, (place) => {
      heard[name]!.push(place);
      own.say(place);
    });
    return own;
  };
  const [a, b, c] = [link("a", "w1"), link("b", "w1"), link("c", "w2")];
  for (const each of [a, b, c]) each.say({ layer: 0, unit: 0, step: 9 });
  assert.deepEqual(heard, { a: [], b: [], c: [] }, "a view that opens moves no other");
  a.say({ layer: 0, unit: 1, step: 3 });
  a.say({ layer: 0, unit: 1, step: 3 });
  assert.deepEqual(heard, { a: [], b: [{ layer: 0, unit: 1, step: 3 }], c: [] });
  b.say({ layer: 0, unit: 1, step: 4 });
  assert.deepEqual(heard["a"], [{ layer: 0, unit: 1, step: 4 }]);
  ending.abort();
  b.say({ layer: 0, unit: 1, step: 5 });
  assert.equal(heard["a"]!.length, 1);
});
