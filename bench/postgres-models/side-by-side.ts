import { join } from "node:path";
import { assertAgree } from "../contents.ts";
import type { DataSet } from "../data-set.ts";
import { largestPeak, type Measured, median } from "../measure.ts";
import { installedPeers } from "../peers/installed.ts";
import { atMost, type Report, ratio, type Stages, time } from "../result.ts";
import { type PostgresProject, postgresProject } from "./assay.ts";
import type { Contestant } from "./contestant.ts";
import { type Databases, serverSeconds, startDatabases } from "./databases.ts";
import { dbtContestants } from "./dbt.ts";
import { contentsQuery, postgresModels } from "./nova-models.ts";

interface Turn extends Measured {
  /** Processor time of the server meanwhile. */
  readonly serverSeconds: number | null;
}

const bronze = "bronze";

/**
 * Silver and gold of Nova Retail on PostgreSQL, from bronze tables that are there: `assay run` beside dbt, each in a database of its own on one
 * server, whole processes, taking turns. Every turn begins with a copy of the database that holds bronze and nothing else.
 */
export async function postgresModelsSideBySide(data: DataSet, runs: number): Promise<Report> {
  const databases = await startDatabases();
  try {
    const project = postgresProject(data.folder);
    await prepareBronze(databases, project);
    const models = await postgresModels(project.folder);
    const ours: Contestant = {
      name: "assay run",
      database: "assay",
      limited: false,
      build: () => project.models(databases.urlOf("assay")),
    };
    const { ready, skipped } = installedPeers({
      "dbt-postgres": (command) => dbtContestants(command, join(project.folder, "peers"), databases.server, models),
    });
    const contestants = [ours, ...ready.flat()];
    const turns = new Map<string, Turn[]>(contestants.map(({ name }) => [name, []]));
    // Turn 0 is not counted: dbt keeps what it parsed for the next time.
    for (let turn = 0; turn <= runs; turn += 1) {
      const now = await takeTurns(databases, contestants);
      assertAgree(await contentsOf(databases, contestants, contentsQuery(models)));
      console.log(`  ${[...now].map(([name, { seconds }]) => `${name} ${seconds.toFixed(2)} s`).join(" · ")}`);
      if (turn > 0) for (const [name, measured] of now) turns.get(name)?.push(measured);
    }
    return reportOf(ours, contestants, turns, skipped);
  } finally {
    await databases.stop();
  }
}

/** Ingests once; what the server would look after in its own time is done as well. */
async function prepareBronze(databases: Databases, project: PostgresProject): Promise<void> {
  await databases.create(bronze, null);
  await project.bronze(databases.urlOf(bronze));
  await databases.value(bronze, "vacuum (analyze)");
}

async function takeTurns(databases: Databases, contestants: readonly Contestant[]): Promise<ReadonlyMap<string, Turn>> {
  const now = new Map<string, Turn>();
  for (const { name, database, build } of contestants) {
    await databases.create(database, bronze);
    const before = serverSeconds(databases.server);
    const measured = await build();
    const after = serverSeconds(databases.server);
    now.set(name, { ...measured, serverSeconds: before === null || after === null ? null : after - before });
  }
  return now;
}

async function contentsOf(
  databases: Databases,
  contestants: readonly Contestant[],
  query: string,
): Promise<readonly { readonly name: string; readonly contents: string }[]> {
  const all: { readonly name: string; readonly contents: string }[] = [];
  for (const { name, database } of contestants) all.push({ name, contents: await databases.value(database, query) });
  return all;
}

function reportOf(
  ours: Contestant,
  contestants: readonly Contestant[],
  turns: ReadonlyMap<string, readonly Turn[]>,
  skipped: readonly string[],
): Report {
  const seconds = (name: string): readonly number[] => (turns.get(name) ?? []).map((turn) => turn.seconds);
  return {
    results: contestants.flatMap(({ name, limited }) => [
      time(`Nova models on PostgreSQL: ${name}`, seconds(name), largestPeak(turns.get(name) ?? [])),
      ...(name === ours.name
        ? []
        : [ratio(`PostgreSQL: ${ours.name} ÷ ${name}`, seconds(ours.name), seconds(name), limited ? atMost(0.6) : null)]),
    ]),
    stages: contestants.map(({ name }) => processorTime(name, turns.get(name) ?? [])),
    notes: [
      "Nova models on PostgreSQL: silver and gold from the same bronze tables, each contestant in a database of its own on one server with default settings on the same machine; whole processes. " +
        "The same SQL for all, every model a whole table; rows and hashes of all tables were compared after each turn. `dbt build` (4 threads) tests what Assay checks, `dbt run` nothing.",
      ...skipped,
    ],
  };
}

function processorTime(name: string, turns: readonly Turn[]): Stages {
  const of = (pick: (turn: Turn) => number | null): number => median(turns.flatMap((turn) => pick(turn) ?? []));
  return {
    name: `Nova models on PostgreSQL: ${name}`,
    note: "processor time",
    seconds: { client: of((turn) => turn.cpuSeconds), server: of((turn) => turn.serverSeconds) },
  };
}
