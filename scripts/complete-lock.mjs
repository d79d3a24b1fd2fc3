import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMain, root } from "./build.mjs";

const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const processors = {
  "x86-64": "x64",
  x86_64: "x64",
  arm: "arm",
  arm64: "arm64",
  ia32: "ia32",
  ppc64: "ppc64",
  riscv64: "riscv64",
  s390x: "s390x",
  wasm32: "wasm32",
  x64: "x64",
};

/** What a platform package's name says of the machines it is for, e.g. `@biomejs/cli-linux-x64-musl`. */
function platformOf(name) {
  const words = name.split("/").at(-1).split("-");
  const os = words.filter((word) => systems.includes(word));
  const cpu = words.flatMap((word) => processors[word] ?? []);
  const libc = words.flatMap((word) => (/^musl/.test(word) ? "musl" : /^gnu/.test(word) ? "glibc" : []));
  if (os.length === 0 || cpu.length === 0) return null;
  return { cpu, libc: os[0] === "linux" ? libc : [], os };
}

/**
 * A registry that lacks some platform packages leaves them out of the lock file, and `npm ci` then refuses it. This adds what is missing:
 * the exact version its parent asks for and the platform its name says. Returns the names added.
 */
export function completeLock(lock) {
  const added = [];
  for (const parent of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      const platform = platformOf(name);
      if (lock.packages[path] !== undefined || platform === null || !/^\d+\.\d+\.\d+/.test(version)) continue;
      const { cpu, libc, os } = platform;
      const use = { ...(parent.dev ? { dev: true } : {}), ...(libc.length > 0 ? { libc } : {}) };
      lock.packages[path] = { version, cpu, ...use, optional: true, os };
      added.push(`${name}@${version}`);
    }
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en")));
  return added;
}

if (isMain(import.meta.url)) {
  const file = join(root, "package-lock.json");
  const lock = JSON.parse(readFileSync(file, "utf8"));
  const added = completeLock(lock);
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`${added.length === 0 ? "nothing is missing" : `added ${added.join(", ")}`}\n`);
}
