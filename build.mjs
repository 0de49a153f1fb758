/**
 * Builds every file that a browser loads, from sources and locked npm dependencies.
 *
 *   npm run build              into tracker/web/assets/ and tracker/ingest/country.mmdb
 *   npm run build -- --freeze  also keeps this version of the beacon in snippet/released/
 *   node build.mjs --into DIR  into another directory, without the country data (for tests)
 *
 * A frozen beacon never changes: pages name it together with its hash. So a build whose beacon
 * differs from the frozen file of the same version fails until the version in package.json is
 * raised, and every frozen version stays in the output.
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const root = path.dirname(fileURLToPath(import.meta.url));
const at = (...parts) => path.join(root, ...parts);
const { values: given } = parseArgs({
  options: { freeze: { type: "boolean" }, into: { type: "string" } },
});
const assets = given.into ? path.resolve(given.into) : at("tracker", "web", "assets");
// A running server goes on serving the old files until the new ones are complete.
const output = `${assets}.new`;
const released = at("snippet", "released");
const { version } = JSON.parse(await readFile(at("package.json"), "utf8"));

const integrity = (bytes) => `sha384-${createHash("sha384").update(bytes).digest("base64")}`;

/** One beacon file. Nothing of it may disturb the page, not even where it fails to start. */
async function beacon(entry) {
  const built = await build({
    entryPoints: [at("snippet", "src", entry)],
    bundle: true,
    write: false,
    minify: true,
    charset: "utf8",
    format: "iife",
    // Chrome 66, Safari 11.1, Firefox 67, Edge 79: the youngest construct is import() in Firefox.
    target: ["es2019"],
    supported: { "dynamic-import": true },
    legalComments: "none",
    tsconfigRaw: {},
    banner: { js: "try{" },
    footer: { js: "}catch{}" },
  });
  // A second pass takes a twentieth off what esbuild leaves.
  const { code } = await minify(built.outputFiles[0].text, {
    ecma: 2019,
    compress: {
      passes: 5,
      unsafe: true,
      unsafe_arrows: true,
      pure_getters: true,
      unsafe_methods: true,
    },
    mangle: true,
    format: { comments: false },
  });
  return Buffer.from(code);
}

/** The published beacon files by name: the current ones and the copies named by version. */
async function beacons() {
  const standard = await beacon("tracker.ts");
  const extra = await beacon("extra.ts");
  return {
    "t.js": standard,
    "t-extra.js": extra,
    [`t-${version}.js`]: standard,
    [`t-extra-${version}.js`]: extra,
  };
}

/** Keep the files of this version, or check that they are still what was released. */
async function freeze(files, keep) {
  for (const [name, bytes] of Object.entries(files).filter(([name]) => name.includes(version))) {
    const frozen = path.join(released, name);
    if (existsSync(frozen)) {
      if (!(await readFile(frozen)).equals(bytes))
        throw new Error(
          `snippet/released/${name} is published and differs from the beacon built now; ` +
            `raise "version" in package.json (now ${version})`,
        );
    } else if (keep) {
      await mkdir(released, { recursive: true });
      await writeFile(frozen, bytes);
    }
  }
}

/** Write the beacon, its frozen versions and manifest.json with their hashes. */
async function publish(files) {
  const all = { ...files };
  for (const name of existsSync(released) ? await readdir(released) : [])
    if (name.endsWith(".js")) all[name] = await readFile(path.join(released, name));
  const manifest = { version, files: {} };
  for (const [name, bytes] of Object.entries(all).sort()) {
    await writeFile(path.join(output, name), bytes);
    manifest.files[name] = { integrity: integrity(bytes), bytes: bytes.length };
  }
  await writeFile(path.join(output, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const [name, bytes] of Object.entries(files))
    console.log(
      `${name.padEnd(16)} ${bytes.length} bytes, gzip ${gzipSync(bytes, { level: 9 }).length}, ` +
        `brotli ${brotliCompressSync(bytes).length}`,
    );
}

/** The dashboard's own script and style, where they are written, and what they are built on. */
async function dashboard() {
  const own = ["app.ts", "app.css"].map((name) => at("dashboards", "static", name));
  await build({
    entryPoints: own.filter((name) => existsSync(name)),
    outdir: output,
    bundle: true,
    minify: true,
    format: "iife",
    target: ["es2020"],
    legalComments: "linked",
    external: ["*.woff2", "*.svg"],
  });
  for (const [from, to] of [
    ["htmx.org/dist/htmx.min.js", "htmx.min.js"],
    ["uplot/dist/uPlot.iife.min.js", "uplot.min.js"],
    ["uplot/dist/uPlot.min.css", "uplot.min.css"],
    ["uplot/LICENSE", "uplot.LICENSE.txt"],
    ["htmx.org/LICENSE", "htmx.LICENSE.txt"],
  ])
    await copyFile(at("node_modules", from), path.join(output, to));
}

await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });
const files = await beacons();
await freeze(files, given.freeze);
await publish(files);
await dashboard();
await rm(assets, { recursive: true, force: true });
await rename(output, assets);
if (!given.into) {
  const country = at("tracker", "ingest", "country.mmdb");
  await copyFile(
    at("node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb"),
    `${country}.new`,
  );
  await rename(`${country}.new`, country);
}
