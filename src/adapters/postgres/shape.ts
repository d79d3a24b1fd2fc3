import { quoteIdentifier } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import type { SinkTable } from "../../ports/sink.ts";
import type { ExistingColumn } from "./catalog.ts";
import { isNotNull, qualified } from "./sql.ts";
import { castTo, postgresType, widens } from "./types.ts";

/** A change that readers of the old shape might not survive, with the part of ALTER TABLE that makes it. */
export interface Refusal {
  readonly change: string;
  readonly action: string;
  readonly column: string;
}

export interface ShapeComparison {
  readonly migrations: readonly string[];
  readonly refusals: readonly Refusal[];
}

/** Compares the table as it stands with the contract. */
export function compareShape(table: SinkTable, existing: readonly ExistingColumn[]): ShapeComparison {
  const declared = new Set(table.columns.map((column) => column.name));
  const dropped = existing
    .filter((column) => !declared.has(column.name))
    .map(
      (column): Refusal => ({
        change: `column ${column.name} would be dropped`,
        action: dropColumn(column.name),
        column: column.name,
      }),
    );
  const compared = table.columns.map((column) =>
    compareColumn(
      table,
      column,
      existing.find((old) => old.name === column.name),
    ),
  );
  return {
    migrations: compared.flatMap((one) => one.migrations),
    refusals: [...dropped, ...compared.flatMap((one) => one.refusals)],
  };
}

function compareColumn(table: SinkTable, column: ContractColumn, old: ExistingColumn | undefined): ShapeComparison {
  const type = postgresType(column.type);
  const notNull = isNotNull(table, column);
  if (old === undefined) return { migrations: [`added column ${column.name} (${type})`], refusals: [] };
  const migrations: string[] = [];
  const refusals: Refusal[] = [];
  const quoted = quoteIdentifier(column.name);
  const refuse = (change: string, action: string) =>
    refusals.push({ change, action: `ALTER COLUMN ${quoted} ${action}`, column: column.name });
  if (old.type !== type) {
    if (widens(old.type, type)) migrations.push(`widened column ${column.name} from ${old.type} to ${type}`);
    else refuse(`column ${column.name} would change from ${old.type} to ${type}`, `TYPE ${type} USING ${castTo(quoted, old.type, type)}`);
  }
  if (old.not_null && !notNull) migrations.push(`column ${column.name} may now be null`);
  if (!old.not_null && notNull) refuse(`column ${column.name} would become NOT NULL`, "SET NOT NULL");
  return { migrations, refusals };
}

/** Says what would be lost and the statement that makes the change by hand; `views` read the table. */
export function destructiveChange(table: SinkTable, refusals: readonly Refusal[], views: readonly string[]): AssayError {
  const name = qualified(table.schema, table.table);
  const actions = refusals.map((refusal) => refusal.action);
  // A dropped column is a new one to the next load, whatever it held.
  const drops = [...new Set(refusals.map((refusal) => dropColumn(refusal.column)))];
  const onlyDrops = actions.every((action) => drops.includes(action));
  const hint = [
    `if that is meant, run: ALTER TABLE ${name} ${actions.join(", ")};`,
    ...(onlyDrops
      ? []
      : [`should its present values not fit, this does instead, as the load fills it again: ALTER TABLE ${name} ${drops.join(", ")};`]),
    ...(views.length === 0 ? [] : [`views that use the column have to be dropped before: ${views.join(", ")}`]),
    "then run again",
  ];
  const message = `${table.schema}.${table.table}: ${refusals.map((refusal) => refusal.change).join("; ")}`;
  return new AssayError("SINK_DESTRUCTIVE_CHANGE", message, { hint: hint.join("\n") });
}

function dropColumn(name: string): string {
  return `DROP COLUMN ${quoteIdentifier(name)}`;
}
