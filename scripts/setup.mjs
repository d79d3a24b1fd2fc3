import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { buildIfStale, isMain, root } from "./build.mjs";

const modules = join(root, "node_modules");

/** A step of the setup that cannot be done; the message says what to do. */
export class SetupError extends Error {}

const say = (text) => process.stderr.write(`${text}\n`);

/** Packages the lock file names that are not installed in that version; optional ones (other platforms) may be absent. */
function missingPackages() {
  const installed = join(modules, ".package-lock.json");
  if (!existsSync(installed)) return ["all"];
  const present = JSON.parse(readFileSync(installed, "utf8")).packages;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.keys(wanted).filter((path) => {
    if (path === "") return false;
    const found = present[path];
    if (found === undefined) return !(wanted[path].optional || wanted[path].devOptional || wanted[path].peer);
    return found.version !== wanted[path].version || found.integrity !== wanted[path].integrity;
  });
}

function install() {
  const started = Date.now();
  say("installing packages …");
  // npm replaces node_modules, so it must not run on the Node.js in there.
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.endsWith(join("node_modules", ".bin")));
  const { status, stdout, stderr, error } = spawnSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--no-progress"], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, PATH: path.join(delimiter) },
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw new SetupError(`npm cannot be started (${error.message}); install npm, which comes with Node.js.`);
  if (status !== 0) {
    const lines = `${stdout}${stderr}`.split("\n").filter((line) => line.startsWith("npm error") && line.trim() !== "npm error");
    const output = [...lines.slice(0, 12), ...lines.slice(12).slice(-1)].join("\n");
    throw new SetupError(
      `${output}\n\nnpm ci failed (exit code ${status}); the reason is above. It needs the network and the registry npm is set to.`,
    );
  }
  say(`packages installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

const isSupported = (version) => {
  const [major, minor] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18);
};

/** The Node.js that runs Assay: the one in node_modules, else this machine's own when it is new enough. */
function findNode() {
  const local = join(modules, ".bin", "node");
  if (existsSync(local)) {
    const { stdout } = spawnSync(local, ["--version"], { encoding: "utf8" });
    if (typeof stdout === "string" && isSupported(stdout.trim().slice(1))) return local;
  }
  if (isSupported(process.versions.node)) return process.execPath;
  throw new SetupError(
    `Assay needs Node.js 22.18 or newer; this is ${process.versions.node}, and the one that \`npm ci\` puts into node_modules is missing or ` +
      "does not start. npm was probably told not to run install scripts.\n" +
      "Run `npm rebuild node --ignore-scripts=false`, or install Node.js 24, then try again.",
  );
}

function link(path, target) {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() && readlinkSync(path) === target) return;
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

/** Makes `npx assay` and `import … from "assay"` work everywhere in the checkout. */
export function linkPackage() {
  link(join(modules, ".bin", "assay"), join("..", "..", "bin", "assay.js"));
  link(join(modules, "assay"), "..");
}

/**
 * Brings the checkout into a state where Assay runs: packages, a Node.js that is new enough, links, and a fresh `dist`. Does only what is
 * missing. Returns the path of the Node.js to use. Throws SetupError.
 */
export function ensureSetup() {
  if (missingPackages().length > 0) install();
  const node = findNode();
  linkPackage();
  const errors = buildIfStale();
  if (errors !== null) say(`${errors}\n\nThe types have errors (above); going on with the JavaScript written all the same.`);
  return { node };
}

/** Runs a script's `main`; a setup that fails is told without a stack trace. Its result is the exit code. */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

if (isMain(import.meta.url)) {
  await runScript(() => {
    ensureSetup();
    return 0;
  });
}
