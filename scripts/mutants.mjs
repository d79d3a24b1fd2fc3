import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./build.mjs";
import { ensureSetup, runScript } from "./setup.mjs";

/** Share of the mutants that the tests have to catch. */
const wanted = 0.95;
const minutesEach = 5;

const say = (text) => process.stdout.write(`${text}\n`);
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`.padStart(8);

/** A copy of the checkout in which sources can be broken; packages are linked. Its vitest builds nothing. */
function scratchCheckout() {
  const folder = mkdtempSync(join(tmpdir(), "assay-mutants-"));
  for (const name of ["src", "test", "docs", "bin", "scripts/bundle.mjs", "package.json", "tsconfig.json"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const config = {
    cacheDir: join(folder, ".cache"),
    resolve: { alias: { assay: join(folder, "src", "index.ts") } },
    test: { include: ["test/**/*.test.ts"], pool: "forks", maxWorkers: 1, testTimeout: 60_000, hookTimeout: 120_000 },
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

/** Runs tests, once more where they only ran out of time: a machine that is busy with other things must not pass for a test that noticed. */
function runTests(node, folder, test, bail = 1) {
  const once = runOnce(node, folder, test, bail);
  return once.isSlow === true ? runOnce(node, folder, test, bail) : once;
}

/** Runs tests in the scratch checkout. `broken`: vitest did not get as far as the tests. */
function runOnce(node, folder, { file, only, built }, bail) {
  const broken = (why) => ({ outcome: "broken", first: why, failed: [] });
  const report = join(folder, "report.json");
  rmSync(report, { force: true });
  if (built === true && !bundled(node, folder)) return broken("it cannot be bundled");
  const filter = only === undefined ? [] : ["-t", asPattern(only)];
  const vitest = join(folder, "node_modules", "vitest", "vitest.mjs");
  const { error, signal } = start(node, folder, [
    vitest,
    "run",
    `--bail=${bail}`,
    "--reporter=json",
    `--outputFile=${report}`,
    ...filter,
    file,
  ]);
  if (signal !== null || error?.code === "ETIMEDOUT")
    return { outcome: "failed", first: `no end within ${minutesEach} minutes`, failed: [], isSlow: true };
  if (!existsSync(report)) return broken("vitest wrote no report");
  const { testResults } = JSON.parse(readFileSync(report, "utf8"));
  const results = testResults
    .flatMap((item) => item.assertionResults)
    .map(({ status, ancestorTitles, title, failureMessages }) => ({
      status,
      title: [...ancestorTitles, title].join(" > "),
      isSlow: failureMessages.some((message) => message.includes("timed out in")),
    }));
  const absent = (only ?? []).find((text) => !results.some(({ title }) => title.includes(text)));
  if (results.length > 0 && absent !== undefined) return broken(`${file} has no test "${absent}"`);
  const failures = results.filter(({ status }) => status === "failed");
  const failed = failures.map(({ title }) => title);
  if (failed.length > 0) return { outcome: "failed", first: failed[0], failed, isSlow: failures.every(({ isSlow }) => isSlow) };
  const message = testResults.find((item) => item.status === "failed")?.message;
  if (message !== undefined) return broken(message.split("\n")[0]);
  return results.some(({ status }) => status === "passed") ? { outcome: "passed", first: "", failed } : broken("no test ran");
}

/** Tries a mutant's tests one file after the other, until a test fails. */
function firstFailure(node, folder, tests) {
  for (const test of tests) {
    const { outcome, first, failed } = runTests(node, folder, test);
    if (outcome !== "passed") return { outcome, first, test: { ...test, only: failed.length > 0 ? failed : test.only } };
  }
  return { outcome: "passed", first: "", test: null };
}

/** Breaks a source file for as long as `work` takes; a text that is not there exactly once is an error in words. */
function whileBroken(folder, { file, edits }, work) {
  const path = join(folder, file);
  const source = readFileSync(path, "utf8");
  let text = source;
  for (const edit of edits) {
    if (text.split(edit.text).length !== 2) return { outcome: "broken", first: `${file} does not hold once: ${edit.text}`, test: null };
    text = text.split(edit.text).join(edit.replacement);
  }
  writeFileSync(path, text);
  try {
    return work();
  } finally {
    writeFileSync(path, source);
  }
}

/** Tests that caught a mutant and fail on what is not broken as well: they prove nothing. */
function testsThatFailAnyway(node, folder, caught) {
  const found = [];
  for (const group of Map.groupBy(caught, ({ test }) => test.file).values()) {
    const { file, built } = group[0].test;
    const titles = [...new Set(group.flatMap(({ test }) => test.only ?? []))];
    const only = group.some(({ test }) => test.only === undefined) ? undefined : titles;
    const { outcome, first, failed } = runTests(node, folder, { file, only, built }, 0);
    if (outcome !== "passed") found.push(...(failed.length > 0 ? failed : [`${file}: ${first}`]));
  }
  return found;
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
    const results = mutants.map((mutant) => {
      const since = Date.now();
      const result = whileBroken(folder, mutant, () => firstFailure(node, folder, mutant.tests));
      const note = result.outcome === "failed" ? `caught by: ${result.first}` : result.outcome === "passed" ? mutant.why : result.first;
      say(`${seconds(since)}  ${verdicts[result.outcome].padEnd(8)}  ${mutant.name}\n${" ".repeat(20)}${note}`);
      return result;
    });
    const [killed, broken] = ["failed", "broken"].map((outcome) => results.filter((result) => result.outcome === outcome));
    const since = Date.now();
    const useless = testsThatFailAnyway(node, folder, killed);
    for (const title of useless) say(`A test that caught a mutant fails on what is not broken: ${title}`);
    if (useless.length === 0) say(`${seconds(since)}  the tests that caught them pass on what is not broken`);
    const share = killed.length / mutants.length;
    say(`${killed.length} of ${mutants.length} mutants killed (${(share * 100).toFixed(1)} %) in ${seconds(started).trim()}`);
    return share >= wanted && broken.length === 0 && useless.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runScript(() => tryMutants(process.argv.slice(2)));
