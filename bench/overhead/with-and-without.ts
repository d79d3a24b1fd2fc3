import { cpSync, mkdirSync, readdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rowGroupSize } from "../../src/adapters/duckdb/database.ts";
import { compileWorkspace, openWorkspace } from "../../src/cli/workspace.ts";
import type { ModelTable } from "../../src/compile/manifest.ts";
import type { RunResult } from "../../src/terms.ts";
import { inDatabase } from "../contents.ts";
import type { DataSet } from "../data-set.ts";
import { largestPeak, type Measured, measureSuccess, median } from "../measure.ts";
import { assay, freshFolder } from "../places.ts";
import { atMost, type Report, type Result, ratio, type Stages, time } from "../result.ts";
import { tableProject } from "./table-project.ts";

/** One full build of silver and gold. */
interface Build {
  readonly measured: Measured;
  /** From the first statement to the last commit, without starting the process and opening the project. */
  readonly seconds: number;
  readonly tables: Readonly<Record<string, number>>;
}

interface Turn {
  readonly assay: Build;
  readonly alone: Build;
}

/**
 * Silver and gold of Nova Retail built in full at scale 5, nothing downstream needing row changes: by `assay run`, and by the CREATE TABLE AS
 * statements of the same models alone. Both start from a copy of one database file that holds bronze; they take turns.
 */
export async function withAndWithout(data: DataSet, runs: number, scale: number): Promise<Report> {
  const copies = Math.max(1, Math.round(5 * scale));
  const files = join(freshFolder("overhead"), "data");
  mkdirSync(files);
  for (const file of readdirSync(data.folder)) symlinkSync(join(data.folder, file), join(files, file));
  const project = tableProject("overhead-project");
  const bench: Bench = { project, files, copies, models: await modelsOf(project) };
  const name = copies === 1 ? "1 copy" : `${copies} copies`;

  await bronze(bench);
  const first = await turns(bench, runs, "first");
  // The last turn left the project built.
  const after = async (turn: string, customer: number): Promise<readonly Turn[]> => {
    await correctCustomer(data.folder, files, customer);
    await bronze(bench);
    return turns(bench, runs, turn);
  };
  const second = await after("second", 1);
  const later = await after("later", 2);
  return {
    results: [
      ...resultsOf(`silver and gold, ${name}, first build`, first),
      ...resultsOf(`silver and gold, ${name}, second build`, second),
      ...resultsOf(`silver and gold, ${name}, every later build`, later),
    ],
    stages: [...stagesOf("first build", first), ...stagesOf("second build", second), ...stagesOf("later build", later)],
    notes: [
      "Overhead: the first build has nothing to compare with; for the others, one customer moved, so that every table is built again and compared with the one published. " +
        "The second build hashes the published rows as well, which a build does only when it has something to be compared with; later ones know the hash. " +
        "In: building, checks, ledger, comparison, publication, state and run record, until the last commit. " +
        "Out, for both: ingest, starting the process, opening the database, closing it; for Assay also loading and compiling the project. " +
        "The statements run one after the other, each in its own transaction, with the same settings and in a file of the same layout; Assay runs steps side by side. " +
        "Every model is a plain table; both made the same rows.",
    ],
  };
}

interface Bench {
  readonly project: string;
  readonly files: string;
  readonly copies: number;
  readonly models: readonly ModelTable[];
}

async function modelsOf(project: string): Promise<readonly ModelTable[]> {
  const { tables } = await compileWorkspace(await openWorkspace({ project }));
  return tables.filter((table) => table.kind === "model");
}

async function turns(bench: Bench, runs: number, name: string): Promise<readonly Turn[]> {
  const start = join(freshFolder(`overhead-${name}`), "start.duckdb");
  cpSync(join(bench.project, "warehouse.duckdb"), start);
  const database = join(bench.project, "alone.duckdb");
  const all: Turn[] = [];
  for (let turn = 0; turn < runs; turn += 1) {
    cpSync(start, join(bench.project, "warehouse.duckdb"));
    const assayed = await assayBuild(bench);
    cpSync(start, database);
    const alone = await statementsAlone(bench, database);
    await assertSame(bench, database);
    console.log(`  ${name}: assay ${assayed.seconds.toFixed(2)} s · statements alone ${alone.seconds.toFixed(2)} s`);
    all.push({ assay: assayed, alone });
  }
  return all;
}

const scaled = ({ copies }: Bench): readonly string[] =>
  copies === 1 ? [] : ["--param", "scale_data=true", "--param", `scale_multiplier=${copies}`];

async function bronze(bench: Bench): Promise<void> {
  await measureSuccess(assay(["run", "--project", bench.project, "--select", "bronze.*", ...scaled(bench)], { OLIST_DIR: bench.files }));
}

async function assayBuild(bench: Bench): Promise<Build> {
  const args = ["run", "--project", bench.project, "--json", "--select", "silver.*", "--select", "gold.*", ...scaled(bench)];
  const measured = await measureSuccess(assay(args, { OLIST_DIR: bench.files }));
  const { duration_ms, steps } = JSON.parse(measured.stdout) as RunResult;
  const built = steps.filter(({ kind, status }) => kind === "build" && status === "succeeded");
  if (built.length !== bench.models.length) throw new Error(`${built.length} of ${bench.models.length} models were built`);
  return {
    measured,
    seconds: (duration_ms ?? Number.NaN) / 1000,
    tables: Object.fromEntries(built.map((step) => [step.table, step.duration_ms / 1000])),
  };
}

async function statementsAlone(bench: Bench, database: string): Promise<Build> {
  const statements = join(bench.project, "statements.json");
  writeFileSync(statements, JSON.stringify(bench.models.map(({ name, select }) => ({ name, select }))));
  const script = join(import.meta.dirname, "create-tables.ts");
  const measured = await measureSuccess({ file: process.execPath, arguments: [script, database, statements, String(rowGroupSize)] });
  return { measured, ...(JSON.parse(measured.stdout) as Pick<Build, "seconds" | "tables">) };
}

async function assertSame(bench: Bench, database: string): Promise<void> {
  const contents = bench.models.map(({ name }) => `(select concat('${name} ', count(*), ' ', sum(hash(m)::hugeint)) from ${name} as m)`);
  const query = `select concat_ws(' · ', ${contents.join(", ")})`;
  const [published, alone] = [await inDatabase(join(bench.project, "warehouse.duckdb"), [query]), await inDatabase(database, [query])];
  if (published !== alone) throw new Error(`no ratio: assay made ${published}, the statements alone ${alone}`);
}

/** The nth customer who bought something moves to another state: every model that is not a total of payments has other rows. */
async function correctCustomer(original: string, files: string, customer: number): Promise<void> {
  const read = (table: string): string =>
    `from read_csv('${join(original, `olist_${table}_dataset.csv`)}', all_varchar = true, header = true, quote = '"', escape = '"')`;
  const bought = `select o.customer_id from (${read("orders")}) as o join (${read("order_items")}) as i using (order_id)
    join (${read("order_payments")}) as p using (order_id) order by o.customer_id limit 1 offset ${customer}`;
  const target = join(files, "olist_customers_dataset.csv");
  unlinkSync(target);
  await inDatabase(":memory:", [
    `copy (select * replace (case when customer_id = (${bought}) then (case customer_state when 'SP' then 'RJ' else 'SP' end) else customer_state end
      as customer_state) ${read("customers")}) to '${target}' (header, delimiter ',', quote '"')`,
  ]);
}

function resultsOf(name: string, all: readonly Turn[]): readonly Result[] {
  const seconds = (who: keyof Turn): readonly number[] => all.map((turn) => turn[who].seconds);
  const wall = (who: keyof Turn): readonly number[] => all.map((turn) => turn[who].measured.seconds);
  const peak = (who: keyof Turn): number | null => largestPeak(all.map((turn) => turn[who].measured));
  return [
    time(`${name}: assay`, seconds("assay"), peak("assay")),
    time(`${name}: statements alone`, seconds("alone"), peak("alone")),
    ratio(`${name}: assay ÷ statements alone`, seconds("assay"), seconds("alone"), atMost(1.2)),
    ratio(`${name}: whole commands`, wall("assay"), wall("alone"), null),
  ];
}

function stagesOf(name: string, all: readonly Turn[]): readonly Stages[] {
  return (["assay", "alone"] as const).map((who) => ({
    name: `${name}: ${who === "assay" ? "assay" : "statements alone"}`,
    note: who === "assay" ? "steps run side by side: more than the wall time" : "one after the other",
    seconds: Object.fromEntries(
      Object.keys(all[0]?.[who].tables ?? {}).map((table) => [table, median(all.map((turn) => turn[who].tables[table] ?? Number.NaN))]),
    ),
  }));
}
