import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./build.mjs";
import { runChild } from "./child.mjs";
import { ensureSetup, runScript, SetupError } from "./setup.mjs";

/** Runs vitest; resolves to its counts, or null when it did not get far enough to count. */
async function runVitest(node, args) {
  const folder = mkdtempSync(join(tmpdir(), "assay-test-"));
  const file = join(folder, "counts.json");
  try {
    const reporters = ["--reporter=default", `--reporter=${join(root, "scripts", "count-reporter.mjs")}`];
    const code = await runChild(node, [join(root, "node_modules", "vitest", "vitest.mjs"), "run", ...reporters, ...args], {
      cwd: root,
      env: { ...process.env, ASSAY_TEST_COUNTS: file },
      stdio: ["ignore", "inherit", "inherit"],
    });
    return { code, counts: readCounts(file) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

const say = (text) => process.stdout.write(`${text}\n`);

/** Prints what the counts alone do not say and, as the last line, the counts. Returns the exit code. */
function conclude({ code, counts }, strict) {
  const { passed, skipped } = counts ?? { passed: 0, skipped: [] };
  let failed = counts?.failed ?? 1;
  if (counts === null) say(`vitest ended (exit code ${code}) before its tests did.`);
  else if (passed + failed + skipped.length === 0) say("No test ran.");
  else if (code !== 0 && failed === 0) {
    say(`Every test passed, but vitest ended with exit code ${code}.`);
    failed = 1;
  }
  for (const { test, reason } of skipped) say(`skipped: ${test}: ${reason ?? "no reason given"}`);
  if (strict && skipped.length > 0) say("A skipped test is a failure where CI is true.");
  say(`${passed} passed, ${failed} failed${skipped.length === 0 ? "" : `, ${skipped.length} skipped`}`);
  return failed > 0 || passed === 0 || (strict && skipped.length > 0) ? 1 : 0;
}

await runScript(async () => {
  try {
    const { node } = ensureSetup();
    return conclude(await runVitest(node, process.argv.slice(2)), process.env.CI === "true");
  } catch (error) {
    if (error instanceof SetupError) process.on("exit", () => say("0 passed, 1 failed"));
    throw error;
  }
});
