import type { Manifest, ManifestTable } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import type { Engine, Session } from "../ports/engine.ts";
import type { Publication } from "../ports/state-store.ts";
import type { TableName } from "../terms.ts";
import { compareTables } from "./compare-tables.ts";
import { engineMessage } from "./engine-message.ts";
import { isEqual } from "./table-comparison.ts";
import { keyOf, type TableDiff, type TableState } from "./table-diff.ts";

export interface ComparedEnvironment {
  readonly name: string;
  readonly publications: ReadonlyMap<string, Publication>;
  /** Quoted name of a table in this environment, for the session. */
  readonly relation: (table: TableName) => string;
}

export interface EnvironmentsToDiff {
  readonly manifest: Pick<Manifest, "tables">;
  readonly engine: Pick<Engine, "keyHash" | "contentHash">;
  readonly old: ComparedEnvironment;
  readonly new: ComparedEnvironment;
  readonly tables: ReadonlySet<TableName>;
  readonly samples: number;
}

/** Compares tables as two environments publish them now. Throws QUERY_FAILED for one that cannot be read. */
export async function diffEnvironments(session: Session, input: EnvironmentsToDiff): Promise<readonly TableDiff[]> {
  const diffs: TableDiff[] = [];
  for (const table of input.manifest.tables) {
    if (input.tables.has(table.name)) diffs.push(await diffTable(session, input, table));
  }
  return diffs;
}

async function diffTable(session: Session, input: EnvironmentsToDiff, table: ManifestTable): Promise<TableDiff> {
  const published = { old: input.old.publications.get(table.name), new: input.new.publications.get(table.name) };
  const base = {
    table: table.name,
    old: stateOf(published.old),
    new: stateOf(published.new),
    counts: null,
    notes: notesOn(input, published.old, published.new),
    comparison: null,
  };
  const missing = [input.old, input.new].filter((environment) => !environment.publications.has(table.name)).map(({ name }) => name);
  if (missing.length > 0) return { ...base, status: "missing", reason: `environment ${missing.join(" and ")} has no ${table.name}` };
  const comparison = await compareTables(input.engine, session, {
    old: input.old.relation(table.name),
    new: input.new.relation(table.name),
    key: keyOf(table),
    contract: table.columns,
    samples: input.samples,
  }).catch((error: unknown) => {
    if (error instanceof AssayError) throw error;
    throw new AssayError("QUERY_FAILED", `${table.name} cannot be compared: ${engineMessage(error, table, input.manifest)}`, {
      hint: `build it again in the environment that cannot read it: assay run --full-refresh --select ${table.name}`,
      location: table.location,
      cause: error,
    });
  });
  return { ...base, status: isEqual(comparison) ? "equal" : "changed", reason: null, comparison };
}

const stateOf = (publication: Publication | undefined): TableState => ({
  version: publication?.version ?? null,
  rows: publication?.rows ?? null,
});

/** What may explain a difference. */
function notesOn(input: EnvironmentsToDiff, old: Publication | undefined, now: Publication | undefined): readonly string[] {
  if (old === undefined || now === undefined) return [];
  const { old: from, new: to } = input;
  return [
    ...(old.fingerprint === now.fingerprint ? [] : [`${from.name} and ${to.name} built it from different definitions`]),
    ...(sameParams(old, now) ? [] : [`${from.name} and ${to.name} built it with different parameters`]),
  ];
}

function sameParams(a: Publication, b: Publication): boolean {
  const names = new Set([...Object.keys(a.params), ...Object.keys(b.params)]);
  return [...names].every((name) => a.params[name] === b.params[name]);
}
