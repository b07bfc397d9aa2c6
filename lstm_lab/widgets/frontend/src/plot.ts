/** A small still plot on a canvas of its own: a frame, its scales and their names, for what no cursor goes along. */
import { h } from "./dom";
import { sheet } from "./gates/strips";
import type { Palette } from "./theme";

/** Height and margins, in pixels of usual text. */
const HEIGHT = 156;
const LEFT = 40;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 34;

export function figure(words: string, ...inside: HTMLElement[]): HTMLElement {
  return h("figure", {}, h("figcaption", {}, words), ...inside);
}

export class Plot {
  readonly canvas = h("canvas", { role: "img" });
  ctx!: CanvasRenderingContext2D;
  width = 0;

  begin({ muted, grid }: Palette, unit: number, across: string, up: string): void {
    this.width = Math.max(this.canvas.parentElement!.clientWidth / unit, 160);
    this.ctx = sheet(this.canvas, this.width, HEIGHT, unit);
    this.ctx.fillStyle = muted;
    this.ctx.strokeStyle = grid;
    this.ctx.lineWidth = 1;
    this.ctx.strokeRect(LEFT, TOP, this.width - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    this.ctx.textAlign = "center";
    this.ctx.fillText(across, this.x(0.5), HEIGHT - 7);
    this.ctx.save();
    this.ctx.rotate(-Math.PI / 2);
    this.ctx.fillText(up, -this.y(0.5), 8);
    this.ctx.restore();
  }

  x(share: number): number {
    return LEFT + share * (this.width - LEFT - RIGHT);
  }

  y(share: number): number {
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  }

  tickAcross(share: number, words: string): void {
    this.ctx.textAlign = "center";
    this.ctx.fillText(words, Math.min(this.x(share), this.width - this.ctx.measureText(words).width / 2), HEIGHT - 24);
  }

  tickUp(share: number, words: string): void {
    this.ctx.textAlign = "right";
    this.ctx.fillText(words, LEFT - 5, this.y(share));
  }

  /** Stand a bar of many between two heights. */
  bar(at: number, of: number, from: number, to: number): void {
    const [one, other] = [this.y(from), this.y(to)];
    this.ctx.fillRect(this.x(at / of) + 0.5, Math.min(one, other), this.x(1 / of) - LEFT - 1, Math.abs(other - one));
  }
}
