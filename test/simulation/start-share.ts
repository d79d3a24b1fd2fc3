import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const script = fileURLToPath(new URL("share.ts", import.meta.url));

/**
 * Runs a share of the seeds in a process that suits it: of all its statements only one is under way at any time, so more than one thread to
 * wait for them only costs; and most of what it makes is gone after a moment.
 */
export async function startShare(share: number): Promise<void> {
  const child = spawn(process.execPath, ["--max-semi-space-size=64", script, `${share}`], {
    env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
    stdio: ["ignore", "inherit", "pipe"],
  });
  const [wrong, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect(wrong).toBe("");
  expect(code).toBe(0);
}
