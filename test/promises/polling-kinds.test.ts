import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { fileDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../src/adapters/duckdb/engine.ts";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import { bronze } from "../../src/define/bronze.ts";
import { check } from "../../src/define/check.ts";
import { append, incremental, type Materialization, snapshot, table, view } from "../../src/define/materialization.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { csv } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { messageOf } from "../../src/errors.ts";
import { below, randomStream } from "../../src/generators/random.ts";
import { openWorld, type World } from "../conformance/world.ts";

const runs = 50;
/** Every row of a version has the version's number; each version has fewer rows than the one before. */
const rowsIn = (version: number): number => 800 - version * 10;

/** What a run is meant to come to. */
const fateOf = (version: number): "succeeds" | "models fail" | "accounts fail" | "crashes" =>
  (["succeeds", "models fail", "crashes", "accounts fail"] as const)[version % 4] ?? "succeeds";

const numbers = bronze("numbers", {
  from: csv("numbers.csv"),
  columns: { id: t.integer(), version: t.integer() },
  key: ["id"],
});
const accounts = bronze("accounts", {
  from: csv("accounts.csv"),
  columns: { id: t.integer(), version: t.integer(), state: t.varchar() },
  key: ["id"],
  load: "merge",
  deleted: "state = 'gone'",
  checks: [check.expression("accounts", "version % 4 <> 3")],
});

const copied = (name: string, materialize: Materialization, grain: readonly ("id" | "version")[] = ["id"]): ModelDefinition =>
  model(`gold.${name}`, {
    grain,
    columns: { id: t.integer(), version: t.integer(), bucket: t.integer(), at: t.timestamp() },
    materialize,
    checks: [check.expression("models", "version % 4 <> 1")],
    sql: sql`select id, version, id % 40 as bucket, timestamp '2020-01-01' + version * interval 1 day as at from ${numbers}`,
  });

const models = [
  copied("built", table()),
  copied("shown", view()),
  copied("refreshed", incremental({ by: ["bucket"] })),
  copied("logged", append(), ["version", "id"]),
  copied("history", snapshot({ at: "at", missing: "close" })),
];

const whole = "count(*) || ' rows of version ' || min(version) || '-' || max(version)";
/** What a reader makes of each table: how many rows of which versions. */
const looks: Readonly<Record<string, string>> = {
  "bronze.accounts": `select ${whole} from bronze.accounts`,
  "gold.built": `select ${whole} from gold.built`,
  "gold.shown": `select ${whole} from gold.shown`,
  "gold.refreshed": `select ${whole} from gold.refreshed`,
  "gold.logged":
    "select string_agg(rows || ' of ' || version, ', ' order by version) from (select version, count(*) as rows from gold.logged group by version)",
  "gold.history": `select ${whole} from gold.history where is_current`,
};
const subjects = Object.keys(looks);
const recorded = subjects.map(
  (name) => `(select count(*) from ${name}) = (select rows from assay.publications where subject = '${name}') as "rows of ${name}"`,
);
/** All tables and what the record says of them, from one snapshot. */
const look = `select ${[...subjects.map((name) => `(${looks[name]}) as "${name}"`), ...recorded].join(", ")}`;

/** A version nobody's check refuses, whole. */
const isWhole = (seen: string): boolean => {
  const parts = /^(\d+) rows of version (\d+)-(\d+)$/.exec(seen);
  if (parts === null) return false;
  const [count, first, last] = parts.slice(1).map(Number);
  return first === last && first !== undefined && count === rowsIn(first);
};
const isWholeLog = (seen: string): boolean =>
  seen.split(", ").every((part) => {
    const [count, version] = part.split(" of ").map(Number);
    return version !== undefined && version % 4 !== 1 && count === rowsIn(version);
  });

async function deliver(world: World, version: number): Promise<void> {
  const count = rowsIn(version);
  await world.send(
    "data/numbers.csv",
    "id,version",
    Array.from({ length: count }, (_, id) => `${id},${version}`),
  );
  await world.send(
    "data/accounts.csv",
    "id,version,state",
    Array.from({ length: rowsIn(0) }, (_, id) => `${id},${version},${id < count ? "live" : "gone"}`),
  );
}

interface Seen {
  readonly values: ReadonlyMap<string, Set<string>>;
  readonly errors: string[];
  looks: number;
}

const nothingSeen = (): Seen => ({ values: new Map(subjects.map((name) => [name, new Set<string>()])), errors: [], looks: 0 });

test("a reader of every kind of table sees one published version, whole, while runs succeed, fail and crash", {
  timeout: 240_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "assay-polling-"));
  const database = await fileDatabase(join(folder, "warehouse.duckdb"));
  const world = await openWorld(async () => ({
    engine: duckdbEngine(database),
    store: duckdbStateStore(),
    close: () => database.close(),
  }));
  let done = false;
  const pollers: Promise<void>[] = [];
  onTestFinished(async () => {
    done = true;
    await Promise.all(pollers);
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });
  const lookInto = async (seen: Seen, session: Awaited<ReturnType<typeof database.session>>): Promise<void> => {
    try {
      const [row = {}] = await session.query({ text: look });
      for (const name of subjects) {
        seen.values.get(name)?.add(String(row[name]));
        if (row[`rows of ${name}`] !== true) seen.errors.push(`${name} is not as recorded: ${row[name]}`);
      }
    } catch (error) {
      seen.errors.push(messageOf(error));
    }
    seen.looks++;
  };
  const polled = nothingSeen();
  const published = nothingSeen();
  const poll = async (): Promise<void> => {
    const session = await database.session();
    while (!done) {
      await lookInto(polled, session);
      await setTimeout(2);
    }
    session.close();
  };
  await world.define([numbers, accounts], models);
  const random = randomStream(1, 1)(0);
  const came = { succeeded: 0, failed: 0, crashed: 0 };
  for (let version = 0; version < runs; version++) {
    await deliver(world, version);
    if (fateOf(version) === "crashes") {
      const { result, happened } = await world.runWith({ kind: "crash", at: 1 + below(random, 250) }, { concurrency: 2 });
      came[happened && result === null ? "crashed" : "succeeded"]++;
    } else {
      const { status } = await world.run({ concurrency: 2 });
      expect(status, `run ${version}`).toBe(fateOf(version) === "succeeds" ? "succeeded" : "failed");
      came[status === "succeeded" ? "succeeded" : "failed"]++;
    }
    // A run publishes a table once at most: between runs every version that is ever published can be seen.
    await world.look((session) => lookInto(published, session));
    if (version === 0) pollers.push(poll(), poll());
  }
  done = true;
  await Promise.all(pollers);
  expect([...published.errors, ...polled.errors].slice(0, 3)).toEqual([]);
  for (const [name, values] of published.values) {
    for (const value of values) expect(value, name).toSatisfy(name === "gold.logged" ? isWholeLog : isWhole);
    expect(
      [...(polled.values.get(name) ?? [])].filter((value) => !values.has(value)),
      `${name}, seen and never published`,
    ).toEqual([]);
    // Otherwise this would prove nothing.
    expect(values.size, `versions of ${name}`).toBeGreaterThan(runs / 4);
    expect(polled.values.get(name)?.size, `versions of ${name} that a reader has seen`).toBeGreaterThan(runs / 8);
  }
  expect(came.crashed).toBeGreaterThan(runs / 8);
  expect(came.failed).toBe(runs / 2);
  expect(polled.looks).toBeGreaterThan(runs);
  console.log(
    came,
    polled.looks,
    [...polled.values].map(([n, v]) => `${n} ${v.size}`),
  );
});
