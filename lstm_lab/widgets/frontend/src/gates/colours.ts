/** The colours of the heat map: viridis for gates, blue over the page's own ground to red for what has a sign. */

type Stop = [number, number, number];
/** Both are told apart with any colour vision; the middle of the second follows the theme. */
const SEQUENTIAL: Stop[] = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const DIVERGING: Stop[] = [[5, 72, 145], [67, 147, 195], [247, 247, 247], [214, 96, 77], [150, 10, 35]];
const DARK_DIVERGING: Stop[] = [[120, 200, 255], [33, 113, 181], [28, 28, 30], [190, 70, 50], [255, 150, 120]];

export class Scale {
  readonly #stops: Stop[];

  constructor(diverging: boolean, dark: boolean) {
    this.#stops = diverging ? (dark ? DARK_DIVERGING : DIVERGING) : SEQUENTIAL;
  }

  /** The whole scale as a background, from its bottom to its top. */
  get gradient(): string {
    return `linear-gradient(90deg, ${this.#stops.map((stop) => `rgb(${stop.join()})`).join()})`;
  }

  /** 255 colours as 32-bit pixels, and nothing for a masked step. */
  pixels(): Uint32Array {
    const table = new Uint32Array(256);
    const stops = this.#stops;
    for (let code = 0; code < 255; code++) {
      const at = (code / 254) * (stops.length - 1);
      const first = Math.min(Math.floor(at), stops.length - 2);
      const [red, green, blue] = stops[first]!.map((low, part) => Math.round(low + (stops[first + 1]![part]! - low) * (at - first))) as Stop;
      table[code] = (255 << 24) | (blue << 16) | (green << 8) | red;
    }
    return table;
  }
}
