/**
 * The scores of a study: a row for each model or change, a column for each score, and in each cell a mark for each seed, on
 * a scale that the column shares. It is a table all the way: sorted by its heads, walked by its rows.
 */
import { View } from "./base";
import { facts, fill, h, on, say, scroller, set, svg } from "./dom";
import { clamp } from "./geometry";
import { pressed } from "./keys";
import { type Axis, axisOf, type Column, mean, nearest, order, words } from "./marks";

interface Look {
  meaning: string;
  colour: "blue" | "orange" | "red" | "grey";
  shape: "disc" | "square" | "diamond";
  filled: boolean;
}

const RADIUS = 4;
const SWATCHES: Record<string, string> = { mean: "upright", line: "upright rule", dashed: "upright rule dash" };

export class StudyView extends View {
  readonly #words = h("div", { class: "meaning verdicts" });
  readonly #legend = h("ul", { class: "legend" });
  readonly #table = h("table", { class: "study" });
  readonly #code = h("pre", { "aria-label": "Code to copy" });
  readonly #numbers = h("table", { "aria-label": "All scores" });
  readonly #facts = h("table", { "aria-label": "How the study was made" });
  readonly #more = h("details", { class: "more" }, h("summary", {}, "All scores, and how the study was made"), scroller(this.#numbers), this.#facts);
  #rows: HTMLTableRowElement[] = [];
  #sorted = 0;
  #direction: 1 | -1 | 0 = 0;
  #current = -1;
  #seed = -1;
  #column = -1;

  protected override build(): void {
    this.facts.append(h("p", { class: "title" }, this.store.text("title")));
    this.body.append(this.#words, this.#table, this.#legend, this.#code, this.#more);
    on(this.#table, "pointerleave", () => this.#read(-1));
  }

  get #columns(): Column[] {
    return (this.store.values["columns"] ?? []) as unknown as Column[];
  }

  get #names(): string[] {
    return (this.store.values["names"] ?? []) as string[];
  }

  get #looks(): Look[] {
    return (this.store.values["looks"] ?? []) as unknown as Look[];
  }

  get #seeds(): string[] {
    return (this.store.values["seeds"] ?? []) as string[];
  }

  /** What has a mark. */
  get #each(): string {
    return this.store.text("each") || "seed";
  }

  #values(column: number, row?: number): ArrayLike<number> {
    const [rows, seeds] = [this.#names.length, this.#seeds.length];
    const start = column * rows * seeds;
    return this.store.data("values").subarray(start + (row ?? 0) * seeds, start + (row === undefined ? rows : row + 1) * seeds);
  }

  #intervals(column: number): ArrayLike<number> {
    const rows = this.#names.length;
    return this.store.data("intervals").subarray(2 * column * rows, 2 * (column + 1) * rows);
  }

  #means(column: number): number[] {
    return this.#names.map((_, row) => mean(this.#values(column, row)));
  }

  #colour(look: Look): string {
    return look.colour === "grey" ? this.palette.muted : this.palette[look.colour];
  }

  /** Widths in pixels of the names, of a drawing, and of the number beside it, which narrow pages leave out. */
  get #sizes(): { names: number; drawing: number; numbers: number } {
    const count = Math.max(this.#columns.length, 1);
    const wide = this.width - 16;
    const longest = Math.max(...this.#names.flatMap((name) => name.split("\n").map((line) => line.length)), 4);
    const names = Math.min((longest * 7.2 + 24) * this.unit, wide * (count === 1 ? 0.42 : 0.26));
    const each = (wide - names) / count;
    const numbers = each > 190 * this.unit ? 62 * this.unit : 0;
    return { names, drawing: Math.max(each - numbers - 12, 40), numbers };
  }

  protected override update(): void {
    this.#words.replaceChildren(...((this.store.values["words"] ?? []) as string[]).map((line) => h("p", {}, line)));
    set(this.#table, { "aria-label": `Scores by row, a mark a ${this.#each}` });
    this.#draw();
    this.#showLegend();
    say(this.#code, this.store.text("code"));
    this.#code.hidden = !this.store.text("code");
    const [head = [], ...rows] = (this.store.values["table"] ?? []) as string[][];
    fill(this.#numbers, head, rows);
    facts(this.#facts, (this.store.values["facts"] ?? []) as string[][]);
  }

  #draw(): void {
    const sizes = this.#sizes;
    const most = clamp(Math.floor(sizes.drawing / (58 * this.unit)), 2, 6);
    const linear = this.store.number("linear") ?? 2;
    const changeTicks = (this.store.values["change_ticks"] ?? []) as number[];
    const axes = this.#columns.map((column, at) => axisOf(column, this.#values(at), this.#intervals(at), most, linear, changeTicks));
    const heads = this.#columns.map((column, at) => this.#head(column, at, sizes.drawing + sizes.numbers + 12));
    const line = order(this.#means(this.#sorted), this.#direction);
    const focused = this.#rows.findIndex((row) => row.matches(":focus"));
    this.#rows = this.#names.map((_, row) => this.#row(row, axes, sizes));
    const ticks = axes.map((axis) => h("td", {}, this.#ticks(axis, sizes.drawing)));
    this.#table.replaceChildren(
      h("thead", {}, h("tr", {}, h("td", { style: `width:${sizes.names}px` }), ...heads)),
      h("tbody", {}, ...line.map((row) => this.#rows[row]!)),
      h("tfoot", { "aria-hidden": "true" }, h("tr", {}, h("td"), ...ticks)),
    );
    this.#rows[line.includes(this.#current) ? this.#current : line[0]!]?.setAttribute("tabindex", "0");
    if (focused >= 0) this.#rows[focused]?.focus();
    this.#mark();
  }

  #head(column: Column, at: number, wide: number): HTMLElement {
    const sorted = this.#direction !== 0 && this.#sorted === at;
    const arrow = sorted ? (this.#direction === 1 ? " ▲" : " ▼") : "";
    const press = h("button", { type: "button", class: "sort", title: "Sort by this column" }, `${column.label}${column.scale === "log" ? ", logarithmic" : ""}${arrow}`);
    on(press, "click", () => this.#sort(at));
    return h("th", { scope: "col", style: `width:${wide}px`, "aria-sort": sorted ? (this.#direction === 1 ? "ascending" : "descending") : "none" }, press);
  }

  #sort(column: number): void {
    this.#direction = this.#sorted !== column || this.#direction === 0 ? 1 : this.#direction === 1 ? -1 : 0;
    this.#sorted = column;
    this.#draw();
    this.#table.querySelectorAll<HTMLButtonElement>(".sort")[column]?.focus();
  }

  #row(row: number, axes: Axis[], sizes: { drawing: number; numbers: number }): HTMLTableRowElement {
    const cells = this.#columns.map((column, at) => {
      const drawing = this.#cell(row, at, axes[at]!, sizes.drawing);
      const average = mean(this.#values(at, row));
      const spoken = h("span", { class: sizes.numbers ? "mean" : "unseen" }, Number.isFinite(average) ? words(average, column.form) : "");
      const cell = h("td", {}, h("div", { class: "marks" }, drawing, spoken));
      on(cell, "pointermove", (event) => {
        const share = (event.clientX - drawing.getBoundingClientRect().left) / sizes.drawing;
        this.#read(row, at, nearest(this.#values(at, row), axes[at]!, share));
      });
      return cell;
    });
    const element = h("tr", { tabindex: -1 }, h("th", { scope: "row" }, this.#names[row]!), ...cells);
    on(element.cells[0]!, "pointermove", () => this.#read(row));
    on(element, "focus", () => this.#read(row));
    on(element, "blur", () => this.#read(-1));
    on(element, "click", () => element.focus());
    on(element, "keydown", (event) => pressed(event, { ArrowDown: () => this.#walk(1), ArrowUp: () => this.#walk(-1), Home: () => this.#walk(-Infinity), End: () => this.#walk(Infinity) }));
    return element;
  }

  /** Go to another row, in the order that is shown. */
  #walk(steps: number): void {
    const shown = [...this.#table.tBodies[0]!.rows];
    const from = shown.findIndex((row) => row.matches(":focus"));
    const next = shown[clamp(from + steps, 0, shown.length - 1)];
    for (const row of shown) row.setAttribute("tabindex", row === next ? "0" : "-1");
    next?.focus();
  }

  #cell(row: number, at: number, axis: Axis, wide: number): SVGElement {
    const tall = 26 * this.unit;
    const middle = tall / 2;
    const x = (value: number): number => Math.round(clamp(axis.at(value), -0.02, 1.02) * wide * 10) / 10;
    const { line, dashed } = this.#columns[at]!;
    const look = this.#looks[row]!;
    const colour = this.#colour(look);
    const parts: SVGElement[] = [];
    const rule = (from: number, to: number, y: [number, number], stroke: string, width: number, dash = ""): void => {
      parts.push(svg("line", { x1: from, x2: to, y1: y[0], y2: y[1], stroke, "stroke-width": width, ...(dash ? { "stroke-dasharray": dash } : {}) }));
    };
    for (const tick of axis.ticks) rule(x(tick), x(tick), [0, tall], this.palette.grid, 1);
    if (line !== null) rule(x(line), x(line), [0, tall], this.palette.muted, 1.2, dashed ? "4 3" : "");
    const [low, high] = [this.#intervals(at)[2 * row]!, this.#intervals(at)[2 * row + 1]!];
    if (Number.isFinite(low) && Number.isFinite(high)) rule(x(low), x(high), [middle, middle], this.palette.muted, 1.5);
    const values = this.#values(at, row);
    const average = mean(values);
    if (Array.from(values).filter(Number.isFinite).length > 1) rule(x(average), x(average), [middle - 9 * this.unit, middle + 9 * this.unit], colour, 2);
    for (let seed = 0; seed < values.length; seed++) {
      if (Number.isFinite(values[seed])) parts.push(this.#shape(look, x(values[seed]!), middle, colour, seed));
    }
    return svg("svg", { width: wide, height: tall, "aria-hidden": "true" }, ...parts);
  }

  #shape({ shape, filled }: Look, x: number, y: number, colour: string, seed: number): SVGElement {
    const size = RADIUS * this.unit;
    const look = { fill: filled ? colour : this.palette.surface, stroke: colour, "stroke-width": 1.5, "data-seed": seed };
    if (shape === "disc") return svg("circle", { cx: x, cy: y, r: size, ...look });
    const half = shape === "square" ? size * 0.9 : size * 0.85;
    const turn: Record<string, string> = shape === "square" ? {} : { transform: `rotate(45 ${x} ${y})` };
    return svg("rect", { x: x - half, y: y - half, width: 2 * half, height: 2 * half, ...turn, ...look });
  }

  #ticks(axis: Axis, wide: number): SVGElement {
    const texts: SVGElement[] = [];
    let free = -Infinity;
    axis.ticks.forEach((tick, at) => {
      const label = axis.labels[at]!;
      const half = (label.length * 6.6 * this.unit) / 2;
      const x = clamp(axis.at(tick) * wide, half, wide - half);
      if (x - half < free) return;
      free = x + half + 6 * this.unit;
      texts.push(svg("text", { x, y: 14 * this.unit, "text-anchor": "middle" }, label));
    });
    return svg("svg", { width: wide, height: 20 * this.unit, class: "ticks" }, ...texts);
  }

  /** Read a row out; of the column under the pointer the nearest seed's mark first. */
  #read(row: number, column = -1, seed = -1): void {
    if (row === this.#current && column === this.#column && seed === this.#seed) return;
    [this.#current, this.#column, this.#seed] = [row, column, seed];
    this.#mark();
    if (row < 0) return say(this.readout, "");
    const parts = this.#columns.flatMap((each, at) => {
      const values = Array.from(this.#values(at, row));
      const known = values.filter(Number.isFinite);
      if (known.length === 0) return [];
      const [low, high] = [this.#intervals(at)[2 * row]!, this.#intervals(at)[2 * row + 1]!];
      const about = each.form === "share" && Number.isFinite(low) ? ` (${words(low, "share")} to ${words(high, "share")})` : known.length > 1 ? ` (${words(Math.min(...known), each.form)} to ${words(Math.max(...known), each.form)})` : "";
      const own = at === column && seed >= 0 && known.length > 1 ? `, ${this.#each} ${this.#seeds[seed]} ${words(values[seed]!, each.form)}` : "";
      return [`${each.label.replace(/ \(.*$|:.*$/, "")} ${words(mean(values), each.form)}${about}${own}`];
    });
    const remark = ((this.store.values["remarks"] ?? []) as string[])[row];
    say(this.readout, [this.#names[row]!.replace("\n", ": "), ...parts, ...(remark ? [remark] : [])].join(" · "));
  }

  #mark(): void {
    this.#rows.forEach((element, row) => {
      element.classList.toggle("current", row === this.#current);
      element.querySelectorAll("[data-seed]").forEach((mark) => {
        const lit = row === this.#current && Number(mark.getAttribute("data-seed")) === this.#seed;
        set(mark, { "stroke-width": lit ? 3.5 : 1.5 });
      });
    });
  }

  #showLegend(): void {
    const side = 12 * this.unit;
    const seen = new Map(this.#looks.map((look) => [look.meaning, look]));
    const marks = [...seen.values()].map((look) => {
      const mark = this.#shape(look, side / 2, side / 2, this.#colour(look), -1);
      return h("li", {}, svg("svg", { width: side, height: side, "aria-hidden": "true" }, mark), look.meaning);
    });
    const lines = ((this.store.values["lines"] ?? []) as [string, string][]).map(([kind, meaning]) => {
      const swatch = h("span", { class: `swatch ${SWATCHES[kind] ?? ""}`, "aria-hidden": "true", style: `border-color:${this.palette.muted}` });
      return h("li", {}, swatch, meaning);
    });
    this.#legend.replaceChildren(...marks, ...lines);
  }

  protected override resize(): void {
    this.#draw();
    this.#showLegend();
  }

  protected override recolour(): void {
    this.resize();
  }
}
