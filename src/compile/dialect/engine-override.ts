import type { ModelDefinition } from "../../define/model.ts";
import { columnList } from "../../define/quote.ts";
import type { Sql } from "../../define/sql.ts";
import { AssayError } from "../../errors.ts";
import { withoutLayout, withoutSemicolon } from "../clauses.ts";
import { fingerprintOfParts } from "../fingerprint.ts";
import type { UpstreamLink } from "../incremental/upstream-link.ts";
import type { LedgerPlan, ModelTable } from "../manifest.ts";
import { ownColumns } from "../snapshot-columns.ts";
import { engineLink } from "./engine-link.ts";
import type { EngineContext } from "./engine-text.ts";

/** What of a model is its own SQL, or made of it. */
export type OwnSql = Pick<ModelTable, "select" | "incremental" | "ledger" | "fingerprint"> & Partial<Pick<ModelTable, "override">>;

/**
 * A model with SQL for the engine written by hand. How its rows come from upstream rows is not known: DuckDB's SQL, which is analyzed, is
 * another text. So changes of upstreams mean a full build, unless the author says what they touch, and no row of an upstream is accounted for.
 */
export async function overriddenModel(
  table: ModelTable,
  override: Sql,
  definition: ModelDefinition | undefined,
  context: EngineContext,
): Promise<OwnSql> {
  const { dialect, relations, functions, errors } = context;
  const { text, tables } = await dialect.named(withoutSemicolon(override.text), { relations, functions });
  const { location } = override;
  for (const name of tables.filter((item) => !table.upstreams.includes(item))) {
    const message = `${table.name}: its SQL for ${dialect.engine} reads ${name}, its SQL for DuckDB does not`;
    const hint = "both have to read the same tables: order and lineage are those of DuckDB's SQL";
    errors.push(new AssayError("SQL_INVALID", message, { hint, location }));
  }
  const own = ownColumns(table).map((column) => column.name);
  const reason = `its SQL for ${dialect.engine} (${location.file}:${location.line}) is written by hand: which rows a change touches is not known`;
  const upstreams: UpstreamLink[] = [];
  for (const link of table.incremental?.upstreams ?? []) {
    upstreams.push(
      link.kind === "linked" ? { table: link.table, kind: "full", reason } : await engineLink(link, table, definition, context),
    );
  }
  return {
    select: `select ${columnList(own)} from (\n${text}\n) as model`,
    override: text,
    incremental: table.incremental === null ? null : { ...table.incremental, upstreams, splice: { why: reason } },
    ledger: unknownLedger(table),
    fingerprint: `${table.fingerprint} ${fingerprintOfParts({ override: withoutLayout(override.text) })}`,
  };
}

function unknownLedger({ upstreams }: ModelTable): LedgerPlan {
  const uses = upstreams.map((table) => ({ table, used: { kind: "unknown" } }) as const);
  return { keeps: null, where: null, thenRemovedBy: null, params: [], measure: null, upstreams: uses };
}
