import assert from "node:assert/strict";
import { test } from "node:test";
import { Scale } from "../src/gates/colours";
import vectors from "../../../../tests/widgets/palette.json";
import { alpha, palette, type Palette, SIGNALS } from "../src/theme";

const anywhere = {} as Element;
const both: [string, Palette][] = [["light", palette(anywhere, "light")], ["dark", palette(anywhere, "dark")]];

function linear(byte: number): number {
  return byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4;
}

/** Relative luminance as WCAG 2 defines it. */
function luminance(red: number, green: number, blue: number): number {
  const [r, g, b] = [red, green, blue].map(linear);
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function parts(hex: string): [number, number, number] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as [number, number, number];
}

function contrast(colour: string, ground: string): number {
  const [one, other] = [luminance(...parts(colour)), luminance(...parts(ground))];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

/** What colours become at full severity: Machado, Oliveira and Fernandes (2009), for linear RGB. */
const VISIONS: Record<string, number[][]> = {
  "common vision": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

function times(matrix: number[][], vector: number[]): number[] {
  return matrix.map((row) => row.reduce((sum, weight, at) => sum + weight * vector[at]!, 0));
}

/** Linear RGB as somebody with a vision of this kind has it. */
function seen(vision: number[][], bytes: number[]): number[] {
  return times(vision, bytes.map(linear)).map((value) => Math.max(0, Math.min(1, value)));
}

/** CIE L*a*b*, in which a distance is a difference to the eye. */
function lab(rgb: number[]): number[] {
  const xyz = times([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], rgb);
  const [x, y, z] = xyz.map((value, at) => value / [0.9505, 1, 1.089][at]!).map((t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116));
  return [116 * y! - 16, 500 * (x! - y!), 200 * (y! - z!)];
}

test("black on white is the contrast that WCAG says", () => assert.equal(contrast("#000000", "#ffffff"), 21));

for (const [name, colours] of both) {
  test(`${name}: what is written can be read`, () => {
    // JupyterLab's dark surface is #111111, VS Code's and Notebook's are a little lighter.
    const grounds = name === "light" ? ["#ffffff"] : ["#111111", "#1e1e1e"];
    for (const ground of grounds) {
      for (const key of ["text", "muted", "red", "green", "purple", "blue"] as const) {
        assert.ok(contrast(colours[key], ground) >= 4.5, `${key} on ${ground}: ${contrast(colours[key], ground).toFixed(2)}`);
      }
      for (const key of ["orange", "yellow"] as const) {
        assert.ok(contrast(colours[key], ground) >= 3, `${key} on ${ground}: ${contrast(colours[key], ground).toFixed(2)}`);
      }
    }
  });

  for (const [vision, matrix] of Object.entries(VISIONS)) {
    test(`${name}: curves can be told apart with ${vision}`, () => {
      const names = ["blue", "orange", "green", "red", "purple", "yellow"] as const;
      const curves = names.map((key) => lab(seen(matrix, parts(colours[key]))));
      for (const [at, one] of curves.entries()) {
        curves.slice(at + 1).forEach((other, after) => {
          const far = Math.hypot(...one.map((value, part) => value - other[part]!));
          // A difference of 2.3 is just seen side by side; six hues that contrast with the page leave no more room.
          assert.ok(far > 8, `${names[at]} and ${names[at + 1 + after]}: ${far.toFixed(1)}`);
        });
      }
    });
  }
}

test("views, pictures and the dashboard have the same colours", () => {
  for (const [name, colours] of both) {
    const { dark, grid, surface, ...named } = colours;
    assert.deepEqual(named, vectors[name as "light" | "dark"]);
  }
  assert.deepEqual(SIGNALS, vectors.signals);
});

test("a theme that is asked for needs no page", () => {
  assert.equal(palette(anywhere, "dark").dark, true);
  assert.equal(palette(anywhere, "light").dark, false);
});

test("transparency is two more hexadecimal digits", () => {
  assert.equal(alpha("#0072b2", 1), "#0072b2ff");
  assert.equal(alpha("#0072b2", 0.5), "#0072b280");
  assert.equal(alpha("#0072b2", 0.01), "#0072b203");
});

/** Red, green and blue of a pixel as a little-endian page draws it. */
function pixel(value: number): [number, number, number] {
  return [value & 255, (value >> 8) & 255, (value >> 16) & 255];
}

test("the scale of gates grows lighter from shut to open, from viridis' first colour to its last", () => {
  const pixels = new Scale(false, false).pixels();
  assert.deepEqual(pixel(pixels[0]!), [68, 1, 84]);
  assert.deepEqual(pixel(pixels[254]!), [253, 231, 37]);
  const light = Array.from(pixels.subarray(0, 255), (value) => luminance(...pixel(value)));
  for (let code = 1; code < 255; code++) assert.ok(light[code]! >= light[code - 1]! - 1e-3, `code ${code}`);
});

for (const dark of [false, true]) {
  test(`zero of a signed scale is close to the ${dark ? "dark" : "light"} page, and both ends stand out from it`, () => {
    const pixels = new Scale(true, dark).pixels();
    const ground = luminance(...parts(palette(anywhere, dark ? "dark" : "light").surface));
    const against = (code: number): number => {
      const colour = luminance(...pixel(pixels[code]!));
      return (Math.max(colour, ground) + 0.05) / (Math.min(colour, ground) + 0.05);
    };
    assert.ok(against(127) < 1.2, `middle ${against(127)}`);
    assert.ok(against(0) > 7 && against(254) > 7, `ends ${against(0)}, ${against(254)}`);
    const [negative, positive] = [pixel(pixels[0]!), pixel(pixels[254]!)];
    assert.ok(negative[2] > negative[0] && positive[0] > positive[2], "blue is negative, red is positive");
  });
}

test("a masked step has no colour, and every other code is opaque", () => {
  const pixels = new Scale(true, false).pixels();
  assert.equal(pixels[255], 0);
  for (let code = 0; code < 255; code++) assert.equal(pixels[code]! >>> 24, 255);
});
