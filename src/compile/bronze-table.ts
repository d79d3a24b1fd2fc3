import type { BronzeDefinition, SchemaMode } from "../define/bronze.ts";
import { columnTypeName } from "../define/column-type.ts";
import { didYouMean } from "../define/nearest-name.ts";
import { quoteTable } from "../define/quote.ts";
import type { BronzeSource } from "../define/source.ts";
import { AssayError } from "../errors.ts";
import type { BindOutcome, SqlAnalyzer } from "../ports/sql-analyzer.ts";
import type { Params } from "../terms.ts";
import { checkedAgainst } from "./checks.ts";
import { contractColumns } from "./contract.ts";
import { checksPart, contractPart, doorParts, type Meaning, sourcePlace } from "./definition-parts.ts";
import { fingerprintOf, fingerprintOfParts } from "./fingerprint.ts";
import { same } from "./joins.ts";
import type { BronzeTable } from "./manifest.ts";

/** What is known of the expressions `replicate.times` of a project: most of its tables have the same one. */
export type KnownTimes = Map<string, Promise<TypedTimes>>;

interface TypedTimes {
  readonly params: readonly string[];
  readonly outcome: BindOutcome;
}

/** Types a bronze table's own expressions. Its table must have been declared to the analyzer. */
export async function compileBronze(
  definition: BronzeDefinition,
  samples: Params,
  analyzer: SqlAnalyzer,
  known: KnownTimes,
  meaning: Meaning,
): Promise<BronzeTable | readonly AssayError[]> {
  const errors: AssayError[] = [];
  const columns = contractColumns(definition.columns);
  const fail = (code: "COLUMN_UNKNOWN" | "CONTRACT_MISMATCH" | "SQL_INVALID", message: string, hint: string): void => {
    errors.push(new AssayError(code, `${definition.name}: ${message}`, { hint, location: definition.location }));
  };
  for (const name of definition.key) {
    const column = columns.find((item) => same(item.name, name));
    if (column === undefined)
      fail(
        "COLUMN_UNKNOWN",
        `there is no column ${name} for the key`,
        didYouMean(
          name,
          columns.map((item) => item.name),
        ),
      );
    else if (column.nullable)
      fail("CONTRACT_MISMATCH", `the key column ${name} may be null`, "a key column is not null: remove nullable: true");
  }
  for (const name of definition.replicate?.keys ?? []) {
    const column = columns.find((item) => same(item.name, name));
    if (column === undefined)
      fail(
        "COLUMN_UNKNOWN",
        `there is no column ${name} to replicate`,
        didYouMean(
          name,
          columns.map((item) => item.name),
        ),
      );
    else if (column.type.kind !== "varchar") {
      fail("CONTRACT_MISMATCH", `the replicated key ${name} is ${columnTypeName(column.type)}`, "only varchar keys can be made new");
    }
  }
  for (const [folder, expression] of Object.entries(definition.partitionBy)) {
    const outcome = await analyzer.describe(`select (${expression}) as folder from ${quoteTable(definition.name)}`, {});
    if ("failure" in outcome)
      fail("SQL_INVALID", `partition ${folder}: ${outcome.failure.message}`, 'partitionBy: { folder: "SQL expression" }');
  }
  if (definition.deleted !== null) {
    const outcome = await analyzer.describe(`select (${definition.deleted})::boolean as deleted from ${quoteTable(definition.name)}`, {});
    if ("failure" in outcome) fail("SQL_INVALID", `deleted: ${outcome.failure.message}`, "write a SQL condition over the table's columns");
  }
  const { times } = definition.replicate ?? { times: null };
  const typed = times === null ? null : (known.get(times) ?? typedTimes(times, samples, analyzer));
  if (times !== null && typed !== null) known.set(times, typed);
  const { params, outcome } = (await typed) ?? { params: [], outcome: { columns: [] } };
  if ("failure" in outcome)
    fail("SQL_INVALID", `replicate.times: ${outcome.failure.message}`, "write a SQL expression over the pipeline's params, as $name");
  if (errors.length > 0) return errors;
  const { from, key, load, deleted, partitionBy, replicate, maxRejected, checks } = definition;
  const diverting = checks.filter((check) => check.severity === "quarantine");
  const schema = definition.schema ?? defaultSchema(from);
  const { partitions, replication, deleted: deletion } = doorParts(definition, meaning);
  const contract = contractPart(columns);
  return {
    kind: "bronze",
    name: definition.name,
    layer: "bronze",
    description: definition.description,
    columns,
    grain: key,
    checks,
    tags: definition.tags,
    work: definition.work,
    upstreams: [],
    dependencies: checkedAgainst(definition.name, checks),
    params,
    source: from,
    load,
    schema,
    deleted,
    tracked: false,
    partitionBy: Object.entries(partitionBy).map(([folder, expression]) => ({ folder, expression })),
    replicate,
    maxRejected,
    ...(definition.chunks === null ? {} : { chunks: definition.chunks }),
    // Rows are judged as they come in, so another rule that diverts them, or another schema mode, reads the files again.
    contractFingerprint: fingerprintOf({ contract, partitions, replication, schema, diverting: checksPart(diverting, meaning) }),
    fingerprint: fingerprintOfParts({
      source: { ...from, ...sourcePlace(from) },
      contract,
      key,
      load: { load, deletion },
      schema,
      partitions,
      replication,
      checks: checksPart(checks, meaning),
      max_rejected: maxRejected,
    }),
    location: definition.location,
  };
}

const defaultSchema = (source: BronzeSource): SchemaMode => (source.kind === "json" || source.kind === "postgres" ? "discard" : "freeze");

async function typedTimes(expression: string, samples: Params, analyzer: SqlAnalyzer): Promise<TypedTimes> {
  const [parsed] = await analyzer.parse([`select (${expression}) as times`]);
  const params = parsed !== undefined && "tree" in parsed ? (parsed.tree.named_param_map ?? []).map((entry) => entry.key) : [];
  const values = Object.fromEntries(params.flatMap((name) => (samples[name] === undefined ? [] : [[name, samples[name]]])));
  return { params, outcome: await analyzer.describe(`select (${expression})::integer as times`, values) };
}
