// Bundle the views into one minified ES module beside the Python code, and refuse one that grew too large.
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const outfile = join(here, "..", "static", "lab.js");
const limit = 120_000;

// uPlot hangs its other ways of drawing on itself, where no bundler can see that nobody asks for them.
const unused = /^\t*\(?(uPlot\.join|paths\.(stepped|bars|spline))\s*= .*;$/gm;

/** Minify what esbuild would take as it is: style sheets, which travel as text, and what uPlot does for others. */
const smaller = {
  name: "smaller",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await esbuild.transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code, loader: "text" };
    });
    build.onLoad({ filter: /uPlot\.esm\.js$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const found = source.match(unused)?.length;
      if (found !== 4) throw new Error(`uPlot was to hold 4 parts that nobody uses, found ${found}; see build.mjs`);
      return { contents: source.replace(unused, ""), loader: "js" };
    });
  },
};

const options = {
  absWorkingDir: here,
  entryPoints: ["src/index.ts"],
  outfile,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "inline",
  plugins: [smaller],
  logLevel: "warning",
  // Tells the Python build hook which sources this bundle was made of.
  footer: { js: `// ${process.env["LAB_DIGEST"] ?? "sources unknown"}` },
};

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
  console.log(`lab.js ${size} bytes`);
}
