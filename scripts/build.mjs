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

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Changes whenever a file the build reads is written, added or removed. */
function signature() {
  const files = [
    ...filesBelow(join(root, "src")),
    ...["package.json", "tsconfig.json", "tsconfig.build.json"].map((name) => join(root, name)),
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
    const source = /^(.*?)(\.d\.ts|\.js)$/.exec(relative(dist, file))?.[1];
    if (source !== undefined && !existsSync(join(root, "src", `${source}.ts`))) rmSync(file);
  }
}

/** True when TypeScript is installed, so that `dist` can be built. */
export const canBuild = () => existsSync(compiler);

/** Builds `dist` from `src`. Resolves type errors to text (the JavaScript is written all the same), success to null. */
export function build() {
  const built = signature();
  removeOrphans();
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [compiler, "-p", join(root, "tsconfig.build.json"), "--pretty", "false"],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  if (error !== undefined) throw error;
  mkdirSync(dist, { recursive: true });
  if (status === 0) writeFileSync(stamp, built);
  else rmSync(stamp, { force: true });
  return status === 0 ? null : `${stdout}${stderr}`.trim();
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
