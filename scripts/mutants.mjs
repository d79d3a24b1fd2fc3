import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./build.mjs";
import { ensureSetup, runScript } from "./setup.mjs";

/** Share of the mutants that the tests have to catch. */
const wanted = 0.95;
const minutesEach = 10;

const say = (text) => process.stdout.write(`${text}\n`);
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`.padStart(8);

/** A copy of the checkout in which sources can be broken; packages are linked. Its vitest stops at the first failure and builds nothing. */
function scratchCheckout() {
  const folder = mkdtempSync(join(tmpdir(), "assay-mutants-"));
  for (const name of ["src", "test", "docs", "bin", "scripts/bundle.mjs", "package.json", "tsconfig.json"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const config = {
    cacheDir: join(folder, ".cache"),
    resolve: { alias: { assay: join(folder, "src", "index.ts") } },
    test: { include: ["test/**/*.test.ts"], pool: "forks", maxWorkers: 1, bail: 1, testTimeout: 60_000, hookTimeout: 120_000 },
  };
  writeFileSync(join(folder, "vitest.config.mjs"), `export default ${JSON.stringify(config)};\n`);
  return folder;
}

const start = (node, folder, args) =>
  spawnSync(node, args, { cwd: folder, encoding: "utf8", timeout: minutesEach * 60_000, killSignal: "SIGKILL" });

/** Builds `dist` from what the scratch checkout holds. */
function bundled(node, folder) {
  rmSync(join(folder, "dist"), { recursive: true, force: true });
  return start(node, folder, [join(folder, "scripts", "bundle.mjs")]).status === 0;
}

const asPattern = (texts) => texts.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");

/** Runs tests in the scratch checkout. `broken`: vitest did not get as far as the tests. */
function runTests(node, folder, { file, only, built }) {
  const report = join(folder, "report.json");
  rmSync(report, { force: true });
  if (built === true && !bundled(node, folder)) return { outcome: "broken", first: "it cannot be bundled", passed: [] };
  const filter = only === undefined ? [] : ["-t", asPattern(only)];
  const vitest = join(folder, "node_modules", "vitest", "vitest.mjs");
  const { error, signal } = start(node, folder, [vitest, "run", "--reporter=json", `--outputFile=${report}`, ...filter, file]);
  if (signal !== null || error?.code === "ETIMEDOUT")
    return { outcome: "failed", first: `no end within ${minutesEach} minutes`, passed: [] };
  if (!existsSync(report)) return { outcome: "broken", first: "vitest wrote no report", passed: [] };
  const { testResults } = JSON.parse(readFileSync(report, "utf8"));
  const results = testResults.flatMap((item) => item.assertionResults);
  const titles = (status) =>
    results.filter((test) => test.status === status).map((test) => [...test.ancestorTitles, test.title].join(" > "));
  const [passed, [failed]] = [titles("passed"), titles("failed")];
  if (failed !== undefined) return { outcome: "failed", first: failed, passed };
  const message = testResults.find((item) => item.status === "failed")?.message;
  if (message !== undefined) return { outcome: "broken", first: message.split("\n")[0], passed };
  return passed.length > 0 ? { outcome: "passed", first: "", passed } : { outcome: "broken", first: "no test ran", passed };
}

/** Tries a mutant's tests one file after the other, until a test fails. */
function firstFailure(node, folder, tests) {
  for (const test of tests) {
    const result = runTests(node, folder, test);
    if (result.outcome !== "passed") return result;
  }
  return { outcome: "passed", first: "" };
}

/** Breaks a source file for as long as `work` takes; a text that is not there exactly once is an error in words. */
function whileBroken(folder, { file, edits }, work) {
  const path = join(folder, file);
  const source = readFileSync(path, "utf8");
  let text = source;
  for (const edit of edits) {
    if (text.split(edit.text).length !== 2) return { outcome: "broken", first: `${file} does not hold once: ${edit.text}` };
    text = text.split(edit.text).join(edit.replacement);
  }
  writeFileSync(path, text);
  try {
    return work();
  } finally {
    writeFileSync(path, source);
  }
}

/** The tests that the mutants need are there, and pass on what is not broken. */
function unbrokenFault(node, folder, mutants) {
  const files = Map.groupBy(
    mutants.flatMap((mutant) => mutant.tests),
    (test) => test.file,
  );
  for (const [file, group] of files) {
    const wanted = [...new Set(group.flatMap((test) => test.only ?? []))];
    const only = group.some((test) => test.only === undefined) ? undefined : wanted;
    const { outcome, first, passed } = runTests(node, folder, { file, only, built: group[0].built });
    if (outcome !== "passed") return `${file}: ${first}`;
    const absent = wanted.find((text) => !passed.some((title) => title.includes(text)));
    if (absent !== undefined) return `${file} has no test "${absent}"`;
  }
  return null;
}

const verdicts = { failed: "killed", passed: "SURVIVED", broken: "BROKEN" };

/** Breaks the platform in every way on the list, one at a time, and says whether the tests notice. Returns the exit code. */
async function tryMutants(names) {
  const { node } = ensureSetup();
  const { allMutants } = await import("../test/mutants/all-mutants.ts");
  const mutants = allMutants.filter((mutant) => names.length === 0 || names.some((name) => mutant.name.includes(name)));
  if (mutants.length === 0) {
    say(`No mutant is called ${names.join(" or ")}.`);
    return 1;
  }
  const folder = scratchCheckout();
  const started = Date.now();
  try {
    const fault = unbrokenFault(node, folder, mutants);
    say(fault === null ? `${seconds(started)}  the tests pass on what is not broken` : `The tests fail on what is not broken: ${fault}`);
    if (fault !== null) return 1;
    const counts = { failed: 0, passed: 0, broken: 0 };
    for (const mutant of mutants) {
      const since = Date.now();
      const { outcome, first } = whileBroken(folder, mutant, () => firstFailure(node, folder, mutant.tests));
      counts[outcome]++;
      const note = outcome === "failed" ? `caught by: ${first}` : outcome === "passed" ? mutant.why : first;
      say(`${seconds(since)}  ${verdicts[outcome].padEnd(8)}  ${mutant.name}\n${" ".repeat(20)}${note}`);
    }
    const share = counts.failed / mutants.length;
    say(`${counts.failed} of ${mutants.length} mutants killed (${(share * 100).toFixed(1)} %) in ${seconds(started).trim()}`);
    return share >= wanted && counts.broken === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runScript(() => tryMutants(process.argv.slice(2)));
