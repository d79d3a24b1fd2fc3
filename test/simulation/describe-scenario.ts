import type { BronzeSpec, FileChange, ModelSpec, RunSpec, Scenario, SimColumn } from "./scenario.ts";
import type { Violation } from "./violation.ts";

/** A scenario as a person can follow it: definitions, files, runs, and what went wrong. */
export function describeScenario(scenario: Scenario, violation: Violation): string {
  const { project, runs } = scenario;
  return [
    `seed ${scenario.seed}${scenario.tick === 0 ? "" : `, the clock moves ${scenario.tick} ms at each look`}`,
    "",
    ...project.bronze.map(bronzeText),
    ...project.models.map(modelText),
    "",
    ...runs.map((run) => runText(run, project.bronze)),
    "last run: everything, undisturbed, unless nothing is left to do",
    "",
    `broken: ${violation.message}`,
  ].join("\n");
}

const columnsText = (columns: readonly SimColumn[]): string =>
  columns.map(({ name, type, nullable }) => `${name} ${type}${nullable ? "" : " not null"}`).join(", ");

function bronzeText(spec: BronzeSpec): string {
  const key = spec.key.length === 0 ? "no key" : `key ${spec.key.join(", ")}`;
  const more = [
    spec.deleted === null ? "" : `, deleted: ${spec.deleted}`,
    spec.partitioned ? ", partitioned by day of ts" : "",
    spec.dirt > 0.1 ? ", soiled" : "",
    spec.chunks === null ? "" : `, chunks: ${JSON.stringify(spec.chunks)}`,
  ].join("");
  return `${spec.name}: ${spec.format}, load ${spec.load}, ${key}${more} (${columnsText(spec.columns)})`;
}

function modelText(spec: ModelSpec): string {
  const { kind, ...options } = spec.materialize;
  const contract = spec.declared ? columnsText(spec.columns) : "contract inferred";
  const revised = spec.revised === null ? "" : `\n    revised: ${spec.revised}`;
  const rule = spec.rule === null ? "" : `, rule: ${spec.rule}`;
  return `${spec.name}: ${kind} ${JSON.stringify(options)}, grain [${spec.key.join(", ")}], ${contract}${rule}\n    ${spec.sql}${revised}`;
}

function runText(run: RunSpec, tables: readonly BronzeSpec[]): string {
  const { crash } = run;
  const at =
    crash === null ? "" : typeof crash.count === "object" ? `${crash.count.label} (${crash.number})` : `${crash.count} ${crash.number}`;
  const how = [
    `run ${run.number}: ${run.replay ? "replay of some rows, or " : ""}${run.select === null ? "everything" : run.select.join(", ")}`,
    run.revised ? "revised models" : "",
    run.fullRefresh ? "full refresh" : "",
    run.alwaysRefresh ? "" : "cost rule on",
    run.concurrency === 1 ? "" : `${run.concurrency} steps at a time`,
    crash === null ? "" : `the process dies ${crash.when === "torn" ? "in the midst of" : "before"} ${at}`,
  ];
  const clean = run.clean === null ? [] : [`  clean, keeping ${run.clean} days`];
  return [...clean, ...run.changes.map((change) => changeText(change, tables)), how.filter((part) => part !== "").join("; ")].join("\n");
}

function changeText({ table, file, rows }: FileChange, tables: readonly BronzeSpec[]): string {
  if (rows === null) return `  ${table} ${file} is removed`;
  const columns = tables.find((spec) => spec.name === table)?.columns ?? [];
  const lines = rows.map((row) => `    ${columns.map(({ name }) => JSON.stringify(row[name] ?? null)).join(" ")}`);
  return [`  ${table} ${file} now holds ${rows.length} rows: ${columns.map(({ name }) => name).join(" ")}`, ...lines].join("\n");
}
