import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";

const isRoot = process.getuid?.() === 0;

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

function mountReason(): string | null {
  if (process.platform !== "linux") return `no tmpfs on ${process.platform}`;
  if (!isRoot) return "only root may mount";
  const folder = mkdtempSync(join(tmpdir(), "assay-mount-"));
  try {
    run("mount", "-t", "tmpfs", "-o", "size=64k", "none", folder);
    run("umount", folder);
    return null;
  } catch {
    return "this machine does not let root mount (a container without that right)";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const noMounts = mountReason();

/** Skips the test, saying why, where nothing can be mounted. */
export function needMounts(context: TestContext): void {
  if (noMounts !== null) context.skip(noMounts);
}

/** Skips the test, saying why, where a folder cannot be made read-only: root writes whatever the permissions say. */
export function needReadOnlyFolders(context: TestContext): void {
  if (isRoot && noMounts !== null) context.skip(noMounts);
}

/** A folder that cannot be written while `work` runs. */
export async function readOnly<T>(folder: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  if (isRoot) {
    run("mount", "--bind", folder, folder);
    run("mount", "-o", "remount,ro,bind", folder);
  } else chmodSync(folder, 0o555);
  try {
    return await work();
  } finally {
    if (isRoot) run("umount", folder);
    else chmodSync(folder, 0o755);
  }
}

export interface SmallDisk {
  /** `size` as mount takes it, e.g. `200m`. */
  grow(size: string): void;
}

/** A disk of the given size in place of the folder while `work` runs. */
export async function smallDisk<T>(folder: string, size: string, work: (disk: SmallDisk) => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  run("mount", "-t", "tmpfs", "-o", `size=${size}`, "none", folder);
  try {
    return await work({ grow: (larger) => run("mount", "-o", `remount,size=${larger}`, folder) });
  } finally {
    run("umount", folder);
  }
}
