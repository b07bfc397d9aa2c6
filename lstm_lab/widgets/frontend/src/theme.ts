/** Light or dark, and the colours of each: Okabe and Ito's, which most colour-blind people can tell apart. */

export interface Palette {
  dark: boolean;
  text: string;
  muted: string;
  grid: string;
  surface: string;
  blue: string;
  orange: string;
  green: string;
  red: string;
  purple: string;
  yellow: string;
}

const LIGHT: Palette = {
  dark: false,
  text: "#1f2328",
  muted: "#57606a",
  grid: "rgba(0, 0, 0, 0.09)",
  surface: "#ffffff",
  blue: "#0072b2",
  orange: "#cc8400",
  green: "#00795a",
  red: "#b03000",
  purple: "#a8507f",
  yellow: "#8a7a00",
};

const DARK: Palette = {
  dark: true,
  text: "#e6e6e6",
  muted: "#b0b6bd",
  grid: "rgba(255, 255, 255, 0.13)",
  surface: "#111111",
  blue: "#56b4e9",
  orange: "#e69f00",
  green: "#2fc397",
  red: "#ff8438",
  purple: "#e79ac5",
  yellow: "#f0e442",
};

/** The colour of each signal of a cell, in views and, by `plots/gates.py`, in pictures. */
export const SIGNALS: Record<string, Exclude<keyof Palette, "dark">> = {
  forget: "blue",
  update: "blue",
  input: "orange",
  reset: "orange",
  output: "green",
  candidate: "purple",
  cell: "red",
  hidden: "text",
};

export type Wanted = "auto" | "light" | "dark";

/** Give a colour with some transparency. */
export function alpha(colour: string, share: number): string {
  return colour + Math.round(share * 255).toString(16).padStart(2, "0");
}

function luminance(colour: string): number | null {
  const probe = colour === "" ? null : document.createElement("canvas").getContext("2d");
  if (probe === null) return null;
  probe.fillStyle = colour;
  const hex = /^#(..)(..)(..)$/.exec(probe.fillStyle);
  if (hex === null) return null;
  const [red, green, blue] = hex.slice(1).map((part) => parseInt(part, 16));
  return (0.2126 * red! + 0.7152 * green! + 0.0722 * blue!) / 255;
}

function isDark(element: Element, wanted: Wanted): boolean {
  if (wanted !== "auto") return wanted === "dark";
  // A view is made before it is put into the page, where it would have no style at all.
  const place = element.isConnected ? element : document.body;
  const surface = getComputedStyle(place).getPropertyValue("--jp-layout-color0").trim();
  const light = luminance(surface);
  if (light !== null) return light < 0.5;
  if (document.body.classList.contains("vscode-dark")) return true;
  if (document.body.classList.contains("vscode-light")) return false;
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Give the palette that fits the page around an element. */
export function palette(element: Element, wanted: Wanted): Palette {
  return isDark(element, wanted) ? DARK : LIGHT;
}

/** Call back whenever the page may have changed its theme. */
export function watchTheme(callback: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(() => {
    callback();
    // JupyterLab names the theme before its style sheet has loaded.
    setTimeout(callback, 300);
  });
  const attributeFilter = ["data-jp-theme-name", "data-jp-theme-light", "class", "style"];
  observer.observe(document.body, { attributes: true, attributeFilter });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", callback, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
}

/** The size of text for which every length in this code is written, in pixels. */
const TEXT = 13;

/** How much larger than usual the text of a view is: what every length that CSS does not see is multiplied by. */
export function textUnit(root: HTMLElement): number {
  if (root.isConnected) return (parseFloat(getComputedStyle(root).fontSize) || TEXT) / TEXT;
  // A view is made before it is put into the page: the style sheet's rule, for what it will be there.
  const page = getComputedStyle(document.documentElement);
  const notebook = parseFloat(page.getPropertyValue("--jp-content-font-size1"));
  return (notebook || 0.875 * parseFloat(page.fontSize)) / 14 || 1;
}

const LESS_MOTION = "(prefers-reduced-motion: reduce)";

/** Say whether the person asked for less motion. */
export function calm(): boolean {
  return matchMedia(LESS_MOTION).matches;
}

/** Call back when the person asks for less motion, or no more. */
export function watchMotion(callback: () => void, signal: AbortSignal): void {
  matchMedia(LESS_MOTION).addEventListener("change", callback, { signal });
}
