/** Numbers, times and durations as a person reads them. */

/** Four significant digits, without trailing noise. */
export function number(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(Math.max(digits - 2, 0)).replace("e+", "e").replace(/^-/, "−");
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toLocaleString("en-GB", { maximumFractionDigits: Math.min(places, 8) }).replace(/^-/, "−");
}

/** The power of ten of a step's last digit: −3 for 0.025, 4 for 250,000. */
function lastDigit(step: number): number {
  let power = Math.floor(Math.log10(step) + 1e-9);
  for (let tries = 0; tries < 10 && Math.abs(step / 10 ** power - Math.round(step / 10 ** power)) > 1e-4; tries++) power--;
  return power;
}

/** How many decimals say every multiple of a step exactly: 3 for 0.025, whose size alone would say 2. */
export function decimals(step: number): number {
  return Math.max(0, Math.min(10, -lastDigit(step)));
}

/** Say evenly spaced ticks with as many digits as the step between them needs. */
export function tickLabels(splits: (number | null)[]): string[] {
  const step = Math.abs((splits[1] ?? 1) - (splits[0] ?? 0)) || 1;
  const digits = decimals(step);
  const last = lastDigit(step);
  return splits.map((value) => {
    if (value === null) return "";
    if (value !== 0 && (Math.abs(value) >= 1e6 || step < 1e-5)) {
      const after = Math.floor(Math.log10(Math.abs(value)) + 1e-9) - last;
      return value.toExponential(Math.max(0, Math.min(after, 10))).replace("e+", "e").replace(/^-/, "−");
    }
    if (step < 1e-5) return "0";
    return value.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace(/^-/, "−");
  });
}

/** Round numbers between two others, at most so many and one more; two at least where there is room, as one tells no scale. */
export function nice(low: number, high: number, most: number): number[] {
  const rough = (high - low) / Math.max(most, 1);
  const size = 10 ** Math.floor(Math.log10(rough));
  const steps = [0.5, 1, 2, 5, 10].map((times) => times * size);
  const at = Math.max(1, steps.findIndex((step, place) => place > 0 && step >= rough * 0.999));
  const ticks = (step: number): number[] => {
    const first = Math.ceil(low / step - 1e-9);
    const count = Math.floor(high / step + 1e-9) - first + 1;
    return Array.from({ length: Math.max(count, 0) }, (_, place) => Number(((first + place) * step).toPrecision(12)));
  };
  const found = ticks(steps[at]!);
  return found.length < 2 ? ticks(steps[at - 1]!) : found;
}

/** Shorten a name that would take the room of what is drawn; what counts the inputs after it stays. */
export function short(text: string, longest = 40): string {
  const rest = /(, scaled)?(, the first of \d+ inputs)?$/.exec(text)![0];
  const letters = Array.from(text.slice(0, text.length - rest.length));
  return letters.length + rest.length <= longest ? text : `${letters.slice(0, longest - 1 - rest.length).join("")}…${rest}`;
}

/** Part a text into its sentences: one ends before a capital, for "0.5" and "vs. 3" hold no end. */
export function sentences(text: string): string[] {
  return text.split(/(?<=\.) (?=[A-Z])/);
}

/** The name of a percentile: "5th", "2.5th", "1st". */
export function ordinal(value: number): string {
  const text = String(Number(value.toPrecision(4)));
  if (text.includes(".") || /1[123]$/.test(text)) return `${text}th`;
  return text + (({ 1: "st", 2: "nd", 3: "rd" } as Record<string, string>)[text.at(-1)!] ?? "th");
}

export function percent(share: number, digits = 0): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** "4 s", "3 min 20 s", "2 h 05 min"; below ten seconds one decimal. */
export function duration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** Say a time of the index; `step` is the seconds between two rows, so that days carry no clock. */
export function time(x: number, isTime: boolean, step: number): string {
  if (!isTime) return number(x, 6);
  const text = new Date(1000 * x).toISOString();
  if (step >= 86_400) return text.slice(0, 10);
  return step >= 60 ? text.slice(0, 16).replace("T", " ") : text.slice(0, 19).replace("T", " ");
}
