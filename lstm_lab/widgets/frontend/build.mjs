// Bundle the views into one minified ES module beside the Python code, and refuse one that grew too large.
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const outfile = join(here, "..", "static", "lab.js");
const limit = 120_000;

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
  loader: { ".css": "text" },
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
