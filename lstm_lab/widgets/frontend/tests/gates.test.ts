import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Cursor, type Acts } from "../src/gates/cursor";
import { HeatMap } from "../src/gates/heatmap";
import { Inside, type Layer } from "../src/gates/inside";
import { LEFT, Strip } from "../src/gates/strips";
import { tells } from "../src/gates/summaries";
import { palette } from "../src/theme";
import { Store, type Message, type Numbers } from "../src/wire";
import { fake, openPage } from "./page";

openPage();

const DAY = 86_400;
const CODES: Record<string, "f4" | "f8" | "u1"> = { Float32Array: "f4", Float64Array: "f8", Uint8Array: "u1" };

function filled(values: Message["values"], arrays: Record<string, Numbers>): Store {
  const store = new Store();
  const packed = Object.entries(arrays).map(([name, data]) => {
    const view = new DataView(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    return { name, dtype: CODES[data.constructor.name]!, shape: [data.length], start: null, data: view };
  });
  store.apply({ kind: "snapshot", seq: 0, values: values ?? {}, arrays: packed }, []);
  return store;
}

const LAYER: Layer = {
  name: "lstm",
  kind: "lstm",
  direction: "forward",
  total: 3,
  shown: 3,
  steps: 4,
  window: 50,
  gates: ["input", "forget", "output"],
  signals: ["cell", "input", "forget", "output", "candidate", "hidden"],
  limits: { cell: 2, input: 1, forget: 1, output: 1, candidate: 1, hidden: 1 },
  lives: true,
};

/** Three units over four days: units 7, 2 and 9 of their layer. */
function inside(layer: Partial<Layer> = {}): Inside {
  const store = filled(
    { layers: [{ ...LAYER, ...layer }] as never, opening: 0, is_time: true, step: DAY, forecast: 1.5 },
    {
      times: new Float64Array([0, DAY, 2 * DAY, 3 * DAY]),
      "0:units": new Float32Array([7, 2, 9]),
      "0:half_life": new Float32Array([3, 80, 3]),
      "0:cluster": new Float32Array([2, 0, 1]),
      "0:mask": new Uint8Array([0, 1, 1, 1]),
      "0:band:forget": new Float32Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
      "0:tile:cell": new Uint8Array([255, 0, 127, 254, 255, 254, 254, 254, 255, 127, 127, 0]),
    },
  );
  const made = new Inside(store, () => palette({} as Element, "light"));
  made.width = 500;
  made.span.high = made.whole;
  return made;
}

test("a code stands for its share of the scale, from the signal's bottom to its top", () => {
  const it = inside();
  assert.deepEqual([0, 127, 254].map((code) => it.value(code, "cell")), [-2, 0, 2]);
  assert.deepEqual([0, 127, 254].map((code) => it.value(code, "forget")), [0, 0.5, 1]);
  assert.ok(Number.isNaN(it.value(255, "cell")));
});

test("units stand in the order that is asked for, equal ones by their number", () => {
  const it = inside();
  const order = (sort: string): number[] => {
    it.store.ui["sort"] = sort;
    return it.order().map((at) => it.units[at]!);
  };
  assert.deepEqual(order("half-life"), [2, 7, 9]);
  assert.deepEqual(order("index"), [2, 7, 9]);
  assert.deepEqual(order("cluster"), [9, 7, 2]);
  assert.deepEqual(order("influence"), [2, 7, 9], "no influence has arrived: as without");
});

test("orders that say nothing are not offered", () => {
  assert.deepEqual(inside().sorts, ["half-life", "cluster", "index"]);
  assert.deepEqual(inside({ lives: false }).sorts, ["cluster", "index"]);
  const it = inside();
  it.store.ui["range"] = [1, 2];
  assert.ok(it.sorts.includes("brush"));
});

test("a brush contrasts the mean size inside with that outside, masked steps left out", () => {
  const it = inside();
  it.store.ui["range"] = [3, 3];
  // Unit 7: |2| inside, (|−2| + |0|) / 2 outside; unit 2: 2 everywhere; unit 9: |−2| inside, 0 outside.
  assert.deepEqual(it.contrast(), [1, 0, 2]);
  it.store.ui["sort"] = "brush";
  assert.deepEqual(it.order().map((at) => it.units[at]), [9, 7, 2]);
});

test("the unit that remembers longest is pinned first, and at most four are", () => {
  const it = inside();
  assert.deepEqual(it.pinned, [2]);
  it.togglePin(2);
  assert.deepEqual(it.pinned, []);
  for (const unit of [1, 2, 3, 4, 5]) it.togglePin(unit);
  assert.deepEqual(it.pinned, [2, 3, 4, 5]);
});

test("a half-life beyond the window is not said to be known", () => {
  const it = inside();
  assert.deepEqual([0, 1].map((at) => it.life(at)), ["3", "> 50"]);
});

test("a unit is as exact as what has arrived of it", () => {
  const it = inside();
  assert.deepEqual(Array.from(it.exact(7, "cell")).slice(1), [-2, 0, 2]);
  const rows = new Float32Array(8 * 4).map((_, at) => at);
  const exact = inside();
  exact.store.apply({ kind: "snapshot", seq: 1, arrays: [{ name: "0:pin:7", dtype: "f4", shape: [8, 4], start: null, data: new DataView(rows.buffer) }] }, []);
  assert.deepEqual(Array.from(exact.exact(7, "cell")), [0, 1, 2, 3]);
  assert.deepEqual(Array.from(exact.exact(7, "kept")), [24, 25, 26, 27]);
  assert.deepEqual(Array.from(exact.exact(7, "written")), [28, 29, 30, 31]);
});

test("bands are the mean, then the quartiles", () => {
  const it = inside();
  assert.deepEqual([0, 1, 2].map((at) => Array.from(it.band("forget", at))), [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]);
});

test("a step has the date that was read there, and none behind a pooling", () => {
  assert.equal(inside().when(1), "1970-01-02");
  const pooled = inside({ steps: 2 });
  assert.equal(pooled.when(1), "step 1");
  assert.equal(pooled.forecast, null, "no forecast follows steps that have no date");
  assert.equal(inside().whole, 5);
});

test("a signal that the layer has not gives way to its first", () => {
  const it = inside();
  it.store.ui["signal"] = "update";
  assert.equal(it.signal, "cell");
});

test("steps and values lie where the strip's scale puts them", () => {
  const it = inside();
  const strip = new Strip(100, it);
  assert.equal(strip.x(0), LEFT);
  assert.equal(strip.x(it.whole), strip.edge);
  strip.fit([[0, 10]], true);
  assert.equal(strip.y(strip.low), 96);
  assert.equal(strip.y(strip.high), 4);
  assert.ok(strip.y(5) > 45 && strip.y(5) < 55);
});

test("a line breaks where a value is missing, and one value alone is a tick", () => {
  const strip = new Strip(100, inside());
  strip.begin();
  strip.fit([[1, 2, 4]]);
  strip.line({ values: [1, Number.NaN, 2, 4], colour: "#123456" });
  const names = fake(strip.canvas).calls.map(({ name }) => name).filter((name) => /^(moveTo|lineTo|stroke)$/.test(name));
  assert.deepEqual(names, ["moveTo", "lineTo", "moveTo", "lineTo", "stroke"]);
});

test("bars stand on their base and have their sign", () => {
  const it = inside();
  const strip = new Strip(100, it);
  strip.begin();
  [strip.low, strip.high] = [-10, 10];
  strip.bars([5, -5, 1, Number.NaN], "#abcdef", [0, 0, 5, 0]);
  const bars = fake(strip.canvas).calls.filter(({ name }) => name === "fillRect").map(({ args }) => args.map((value) => Math.round(value * 10) / 10));
  assert.equal(bars.length, 3, "nothing stands where there is no value");
  const [up, down, upper] = bars as [number[], number[], number[]];
  assert.deepEqual([up[1], up[3]], [27, 23]);
  assert.deepEqual([down[1], down[3]], [50, 23]);
  assert.deepEqual([upper[1], upper[3]], [22.4, 4.6]);
});

let asked: string[] = [];
const acts: Acts = {
  moved: () => {},
  zoomed: () => asked.push("zoomed"),
  pin: (unit) => asked.push(`pin ${unit}`),
  brush: (from, to, rows) => asked.push(`brush ${from} ${to}${rows === null ? "" : ` rows ${rows.join("-")}`}`),
  find: () => asked.push("find"),
  showAll: () => asked.push("all"),
};

beforeEach(() => {
  asked = [];
});

function cursor(): { it: Inside; cursor: Cursor; press: (key: string, held?: object) => boolean } {
  const it = inside();
  const heat = new HeatMap(it);
  heat.arrange = (): void => {};
  heat.order = [1, 0, 2];
  const made = new Cursor(it, heat, acts);
  const press = (key: string, held: object = {}): boolean => {
    let taken = false;
    fake(made.element).dispatch("keydown", { key, preventDefault: () => (taken = true), stopPropagation: () => {}, ...held });
    return taken;
  };
  return { it, cursor: made, press };
}

test("keys move through steps and units, and stop at the ends", () => {
  const { cursor: made, press } = cursor();
  press("ArrowRight");
  assert.equal(made.step, 1);
  press("End");
  press("ArrowRight");
  assert.equal(made.step, 3);
  press("PageUp");
  assert.equal(made.step, 0);
  press("ArrowDown");
  assert.equal(made.row, 0);
  for (let times = 0; times < 5; times++) press("ArrowDown");
  assert.equal(made.row, 2);
  press("ArrowUp");
  press("Enter");
  assert.deepEqual(asked, ["pin 7"], "the second row is drawn of the first unit, whose number is 7");
});

test("Shift with an arrow brushes steps of all units, and a rectangle once it has left the first row", () => {
  const { press } = cursor();
  const held = { shiftKey: true };
  press("ArrowRight");
  press("ArrowDown");
  press("ArrowRight", held);
  press("ArrowRight", held);
  press("ArrowDown", held);
  press("ArrowUp", held);
  assert.deepEqual(asked, ["brush 1 2", "brush 1 3", "brush 1 3 rows 0-1", "brush 1 3 rows 0-0"]);
  press("ArrowLeft");
  press("ArrowLeft", held);
  assert.equal(asked.at(-1), "brush 1 2", "without Shift a new brush begins");
  assert.equal(press("Escape"), false, "nothing is brushed in the store of this test");
});

test("a rectangle over every row brushes steps of all units", () => {
  const { press } = cursor();
  press("ArrowDown");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"]) press(key, { shiftKey: true });
  assert.deepEqual(asked, ["brush 0 0 rows 0-1", "brush 0 0", "brush 0 1"]);
});

test("rows of a rectangle stay in the order in which they were brushed", () => {
  const it = inside();
  it.brush(1, 1, null);
  const before = it.order();
  assert.equal(it.sort, "brush");
  it.brush(3, 3, [2]);
  assert.deepEqual([it.range, it.brushed, it.order()], [[3, 3], [2], before]);
  it.brush(0, -1, null);
  assert.deepEqual([it.range, it.brushed], [null, null]);
});

test("brackets brush, signs zoom, a nought shows all", () => {
  const { it, press } = cursor();
  press("ArrowRight");
  press("]");
  it.store.ui["range"] = [1, 1];
  press("End");
  press("]");
  assert.deepEqual(asked, ["brush 1 1", "brush 1 3"]);
  press("+");
  press("0");
  assert.deepEqual(asked.slice(-2), ["zoomed", "all"]);
});

test("a zoom shows at least a few steps and at most all", () => {
  const { it, cursor: made } = cursor();
  made.zoom(0.1, 2);
  assert.deepEqual([it.span.low, it.span.high], [0, 5], "five steps are fewer than the least that is shown");
  made.zoom(10, 2);
  assert.deepEqual([it.span.low, it.span.high], [0, 5]);
});

test("keys of the notebook are left to it", () => {
  const { press } = cursor();
  assert.equal(press("b"), false);
  assert.equal(press("ArrowLeft", { ctrlKey: true }), false);
  assert.equal(press("ArrowLeft"), true);
});

test("a scatter is drawn where its dots lie apart, and only there", () => {
  assert.equal(tells([0, 0, 0.01], [0, 0, 0]), false);
  assert.equal(tells([0.4, 0.4], [0.1, 0.1]), false);
  assert.equal(tells([0, 0, 0], [0, 1 / 12, 0]), false, "one step of twelve");
  assert.equal(tells([0, 0, 0], [0, 0.2, 0]), true);
  assert.equal(tells([]), false);
});
