import type { ModelTable } from "../compile/manifest.ts";
import { ownColumns, ownKey } from "../compile/snapshot-columns.ts";
import { openEnd, openStart } from "../define/materialization.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import type { TableName } from "../terms.ts";

/** A snapshot table's parts. */
export interface SnapshotTable {
  readonly key: readonly string[];
  readonly at: string;
  readonly deleted: string | null;
  readonly missing: "keep" | "close";
  /** Columns of its SQL. */
  readonly columns: readonly ContractColumn[];
  /** Table of every version seen so far: the SQL's columns, `_at`, `_deleted`, `_inferred`. */
  readonly versions: string;
}

/** Where a snapshot keeps all versions it has seen, unchanged ones and deletions too. */
export const versionsTable = (sql: EngineSql, table: TableName): string => sql.table(`assay_versions.${table}`);

/** Throws when the table is no snapshot. */
export function snapshotTable(sql: EngineSql, table: ModelTable): SnapshotTable {
  if (table.materialize.kind !== "snapshot") throw new Error(`${table.name} is no snapshot`);
  const { at, deleted, missing } = table.materialize;
  const columns = ownColumns(table);
  return {
    key: ownKey(table),
    at: columns.find((column) => column.name.toLowerCase() === at.toLowerCase())?.name ?? at,
    deleted,
    missing,
    columns,
    versions: versionsTable(sql, table.name),
  };
}

/**
 * The validity rows of a snapshot's versions, for all keys or for those in a relation: of consecutive versions with equal attributes the
 * first one counts; a deletion ends the version before it and makes no row.
 */
export function validitySelect(sql: EngineSql, snapshot: SnapshotTable, keys: string | null): string {
  const { key, at, columns, versions } = snapshot;
  const match = key.map((name) => `v.${quoteIdentifier(name)} = k.${quoteIdentifier(name)}`).join(" and ");
  const from = keys === null ? `${versions} as v` : sql.havingPartner(`${versions} as v`, `${keys} as k`, match);
  const attributes = columns.map((column) => column.name).filter((name) => name !== at && !key.includes(name));
  const window = `over (partition by ${columnList(key)} order by _at)`;
  const changed = [...attributes.map(quoteIdentifier), "_deleted"]
    .map((name) => `${name} is distinct from lag(${name}) ${window}`)
    .join(" or ");
  const own = columnList(columns.map((column) => column.name));
  return `select ${own},
      case when _place = 1 then timestamp '${openStart}' else _at end as valid_from,
      coalesce(_next, timestamp '${openEnd}') as valid_to,
      _next is null as is_current
    from (
      select *, row_number() ${window} as _place, lead(_at) ${window} as _next from (
        select ${own}, _at, _deleted, row_number() ${window} = 1 or ${changed} as _changed from ${from}
      ) as compared where _changed
    ) as placed where not _deleted`;
}
