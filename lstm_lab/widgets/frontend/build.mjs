// Bundle the views into one minified ES module beside the Python code, and refuse one that grew too large.
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const outfile = join(here, "..", "static", "lab.js");
const digest = process.env["LAB_DIGEST"] ?? "sources unknown";
const limit = 150_000;

/** What JupyterLab and Notebook 7 load: the same bundle, and a renderer for saved outputs. */
const extension = join(here, "..", "static", "labextension");
const entry = `static/remoteEntry.${digest.slice(-12)}.js`;

// What uPlot does for others: how often it says so, and what it says instead. No bundler can see that nobody asks.
const unused = [
  [/^\t*\(?(uPlot\.(join|addGap|clipGaps|rangeAsinh|fmtNum|orient|rangeLog|assign)|paths\.(stepped|bars|spline))\s*= .*;$/gm, "", 11],
  [/\b(sc(ale)?\.)?distr == (4|100|2)\b/g, "false", 19],
  [/\bmode == 2\b/g, "false", 16],
  [/\bmode == 1\b/g, "true", 16],
  [/\bms == 1\b/g, "false", 5],
  [/\blegend\.show\b/g, "false", 2],
  [/\bcursorFocus\b(?! =)/g, "false", 6],
  [/\bshowLegend\b(?! =)/g, "false", 9],
  [/^\tself\.(addSeries|delSeries|setSeries|addBand|setBand|delBand|setLegend) = .*;$/gm, "", 7],
  [/^\tevents\["setSeries"\] = [\s\S]*?^\t\};$/gm, "", 1],
  // No bundler drops a function inside another one, though nobody calls it.
  [/^\tfunction (initLegendRow|(add|del)Series|toggleDOM|setSeries|(add|set|del)Band|setFocus|setAlpha|setLegendValues|syncLegend)\([\s\S]*?^\t\}$/gm, "", 12],
  [/\bcursorOnePt\b(?! =)/g, "false", 5],
  [/\bscaleX\.ori == 0\b/g, "true", 24],
  [/\bscaleX\.ori == 1\b/g, "false", 9],
  [/\bxScaleDistr == [234]\b/g, "false", 5],
  // Dates are told by our own templates, of fewer parts, and in one time zone.
  [/^\t(YY|MMMM|MM|M|DD|WWWW|WWW|H|h|AA|aa|a|m|s|fff):.*$/gm, "", 18],
  [/^\t\t\[(y|d|h|m|s|ms|d \* 28), .* 1\],$/gm, "", 7],
  [/^\tconst _time(AxisVals|SeriesVal) .*;$/gm, "", 2],
  [/^\t\t\ts\.(value|label) = .*;$/gm, "", 2],
  [/ \|\| _timeAxisVals$/gm, "", 1],
  [/^const days3? = [^;]*;$/gm, "", 2],
  [/^\t"(September|[JFAOND][a-z]{3,}|[MJ][a-z]{3,})",$/gm, (line) => `${line.slice(0, 5)}",`, 11],
  [/ : sc\.distr == 3 && sc\.log == 2 \? log2AxisValsFilt/g, "", 1],
  [/^genIncrs\(2, .*;$/gm, "", 1],
  [/\(opts\.drawOrder \|\| \["axes", "series"\]\)\.map\(key => drawOrderMap\[key\]\)/g, "[drawOrderMap.axes, drawOrderMap.series]", 1],
  // Every series is opaque, no label turned, no axis framed, no cursor locked; a cursor reads the values where it is.
  [/\blet shouldAlpha = .*;/g, "const shouldAlpha = false;", 1],
  [/^\t+if \(ctxAlpha != (s\.alpha|_ctxAlpha)\)\n.*;$/gm, "", 4],
  [/^\t+let _ctxAlpha = ctxAlpha;$/gm, "", 2],
  [/\blet angle += axis\._rotate .*;/g, "const angle = 0;", 1],
  [/^\trotate: 0,$/gm, "", 2],
  [/^\t+axis\.(rotate = fnOrSelf|_rotate = side).*;$/gm, "", 2],
  [/^\thover: \{\n(.*\n){3}\t\},$/gm, "", 1],
  [/\bborder\.show\b/g, "false", 1],
  [/\bcursor\.(_lock\b(?! =)|lock\b)/g, "false", 6],
  [/^\t\tlet hov = cursor\.hover;[\s\S]*?^\t\t\};$/gm, "\t\tcursor.dataIdx = (_, __, cursorIdx) => cursorIdx;", 1],
  // Nobody listens.
  [/^\t+(_fire !== false && )?fire\("(addSeries|setData|drawSeries|drawClear|ready|setLegend|destroy|init)".*;$/gm, "", 8],
  // A log axis has the splits of `decades`.
  [/ : sc\.distr == 3 \? logAxisSplits/g, "", 1],
];
// The style sheet's part on legends and titles, which no view of ours shows.
const unstyled = /[^{}]*\.u-(legend|inline|title|series)[^{}]*\{[^{}]*\}/g;

function cut(source) {
  return unused.reduce((left, [pattern, instead, count]) => {
    const found = left.match(pattern)?.length;
    if (found !== count) throw new Error(`uPlot was to hold ${pattern} ${count} times, found ${found}; see build.mjs`);
    return left.replace(pattern, instead);
  }, source);
}

/** Minify what esbuild would take as it is: style sheets, which travel as text, and what uPlot does for others. */
const smaller = {
  name: "smaller",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const sheet = readFileSync(path, "utf8").replace(path.includes("uPlot") ? unstyled : "", "");
      const { code } = await esbuild.transform(sheet, { loader: "css", minify: true });
      return { contents: code, loader: "text" };
    });
    build.onLoad({ filter: /uPlot\.esm\.js$/ }, ({ path }) => {
      return { contents: cut(readFileSync(path, "utf8")), loader: "js" };
    });
  },
};

const options = {
  absWorkingDir: here,
  entryPoints: ["src/index.ts"],
  outfile,
  bundle: true,
  minify: true,
  // Names that live in this bundle alone: uPlot's own marks, and the words our classes say most often.
  mangleProps: /^(_[a-z]\w*|store|palette|element|inside|readout|actions|facts|context|colour|words|pinned|placeBrush|showAll|tickAcross|tickUp|complain|recoloured|changes|possible|masked|largest|drawn|meaning|pose|moment|playing|valToPos|posToVal|valToIdx|posToIdx|setData|destroy|recolour|zoomed|moved|root|resize|labelFont|labelSize|labelGap|incrs|splits|whenJoined|chartOnly|yLabel|xLabel|xRange|yRange|xValues|yValues|xSteps|yWidth|pinColour|pxAlign|distr|series|scales|ticks|bbox|hover|under|bands|axes|pxRatio|valToPct|pxRound|dataIdx|isGate|alignTo|lineGap|valToPosH|valToPosV|fillTo|spanGaps|alignGaps|togglePin|byLife|dated|answered|asks|wanted|active|begin|exact|contrast|hatch|brush|placed|dated|edge|stage|meaning|drawn|taken)$/,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "inline",
  plugins: [smaller],
  logLevel: "warning",
  // Tells the Python build hook which sources this bundle was made of.
  footer: { js: `// ${digest}` },
  define: { BUILD: JSON.stringify(digest) },
};

async function buildExtension() {
  rmSync(extension, { recursive: true, force: true });
  const { plugins, mangleProps, ...same } = options;
  const made = { ...same, entryPoints: ["src/labextension.ts"], outfile: join(extension, entry), format: "iife" };
  await esbuild.build(made);
  copyFileSync(outfile, join(extension, "static", "lab.js"));
  const described = {
    name: "lstm-lab",
    version: process.env["LAB_VERSION"] ?? "0.0.0",
    description: "Shows the views of lstm_lab that a saved notebook keeps.",
    license: "BSD-3-Clause",
    jupyterlab: { extension: true, _build: { load: entry, extension: "./extension" } },
  };
  writeFileSync(join(extension, "package.json"), `${JSON.stringify(described, null, 2)}\n`);
}

if (process.argv.includes("--watch")) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  await esbuild.build(options);
  const { size } = statSync(outfile);
  if (size > limit) {
    console.error(`lab.js must stay under ${limit} bytes, got ${size}; look at what was added to the bundle`);
    process.exit(1);
  }
  await buildExtension();
  console.log(`lab.js ${size} bytes, ${gzipSync(readFileSync(outfile)).length} after gzip`);
}
