import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The checkout. */
export const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const stamp = join(dist, ".built");
const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
const bundler = join(root, "node_modules", "rolldown");

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Changes whenever a file the build reads is written, added or removed. */
function signature() {
  const files = [
    ...filesBelow(join(root, "src")),
    ...["package.json", "scripts/bundle.mjs", "tsconfig.json", "tsconfig.build.json"].map((name) => join(root, name)),
  ];
  const hash = createHash("sha1");
  for (const file of files.sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

/** Output whose source is gone would still be published and imported. */
function removeOrphans() {
  for (const file of filesBelow(dist)) {
    const source = /^(.*?)\.d\.ts$/.exec(relative(dist, file))?.[1];
    if (file.endsWith(".js") || (source !== undefined && !existsSync(join(root, "src", `${source}.ts`)))) rmSync(file);
  }
}

/** True when TypeScript and the bundler are installed, so that `dist` can be built. */
export const canBuild = () => existsSync(compiler) && existsSync(bundler);

/**
 * Builds `dist` from `src`: types a file each, JavaScript in a few pieces, for hundreds of small modules take longer to load than to run.
 * Resolves errors to text (the JavaScript is written in spite of wrong types), success to null.
 */
export function build() {
  const built = signature();
  removeOrphans();
  const problems = [
    run([join(root, "scripts", "bundle.mjs")]),
    run([compiler, "-p", join(root, "tsconfig.build.json"), "--pretty", "false"]),
  ];
  const said = problems.filter((problem) => problem !== null).join("\n");
  mkdirSync(dist, { recursive: true });
  if (said === "") writeFileSync(stamp, built);
  else rmSync(stamp, { force: true });
  return said === "" ? null : said;
}

/** What a tool that failed said; null when it did not. Node.js 20 may be too old for them: the one in node_modules is not. */
function run(args) {
  const local = join(root, "node_modules", ".bin", "node");
  const node = existsSync(local) ? local : process.execPath;
  const { status, stdout, stderr, error } = spawnSync(node, args, { cwd: root, encoding: "utf8" });
  if (error !== undefined) throw error;
  return status === 0 ? null : `${stdout}${stderr}`.trim() || `${args[0]} failed`;
}

/** Builds when `dist` is missing or older than `src`. */
export function buildIfStale() {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === signature()) return null;
  return build();
}

/** True when the module is the program that was started, not an import. */
export const isMain = (url) => process.argv[1] !== undefined && url === pathToFileURL(process.argv[1]).href;

if (isMain(import.meta.url)) {
  const errors = build();
  if (errors !== null) {
    process.stderr.write(`${errors}\n`);
    process.exitCode = 1;
  }
}
