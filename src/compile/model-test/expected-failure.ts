import type { Check } from "../../define/check.ts";
import { didYouMean } from "../../define/nearest-name.ts";
import { AssayError, errorCodes } from "../../errors.ts";
import type { Location, TableName } from "../../terms.ts";
import { same } from "../joins.ts";
import type { Manifest, ManifestTable } from "../manifest.ts";

/** What has to stop a table in a test. */
export type ExpectedFailure =
  | { readonly kind: "check"; readonly table: TableName; readonly check: string; readonly column: string | null; readonly text: string }
  | { readonly kind: "error"; readonly table: TableName; readonly code: string; readonly text: string };

export interface FailureScope {
  readonly label: string;
  readonly location: Location;
  readonly model: TableName;
  readonly manifest: Manifest;
}

/** Reads `check NAME`, `check NAME COLUMN` or an error's code, after a table's name for another table. Throws TEST_INVALID, TABLE_UNKNOWN. */
export function expectedFailure(text: string, scope: FailureScope): ExpectedFailure {
  const { label, location } = scope;
  const words = text
    .trim()
    .split(/[\s()]+/)
    .filter((word) => word !== "");
  const named = /^(?:bronze|silver|gold)\./i.test(words[0] ?? "") ? words.shift() : undefined;
  const table = scope.manifest.tables.find((item) => same(item.name, named ?? scope.model));
  if (table === undefined) {
    const built = scope.manifest.tables.map((item) => item.name);
    throw new AssayError("TABLE_UNKNOWN", `${label} expects ${named} to fail, which it does not build`, {
      hint: didYouMean(named ?? "", built),
      location,
    });
  }
  const [first = "", name, column, ...more] = words;
  if (Object.hasOwn(errorCodes, first) && name === undefined) return { kind: "error", table: table.name, code: first, text };
  if (first !== "check" || name === undefined || more.length > 0) {
    throw new AssayError("TEST_INVALID", `${label} expects the failure ${JSON.stringify(text)}, which is not understood`, {
      hint: "write check NAME, check NAME COLUMN, or an error's code such as BUILD_FAILED",
      location,
    });
  }
  const checks = checksOf(table);
  if (!checks.some((item) => item.name === name && (column === undefined || item.columns.some((known) => same(known, column))))) {
    const warns = table.checks.some((check) => nameOf(check) === name && check.severity === "warn");
    const known = checks.map((item) => (column === undefined ? item.name : `${item.name} ${item.columns.join(" ")}`.trim()));
    const hint = warns
      ? "it has the severity warn: it reports and stops nothing"
      : didYouMean(column === undefined ? name : `${name} ${column}`, [...new Set(known)]);
    throw new AssayError(
      "TEST_INVALID",
      `${label}: ${table.name} has no check ${[name, column].filter(Boolean).join(" ")} that could fail`,
      {
        hint,
        location,
      },
    );
  }
  return { kind: "check", table: table.name, check: name, column: column ?? null, text };
}

/** Checks that can stop a table: those of its contract and the declared ones of severity error. */
function checksOf(table: ManifestTable): readonly { readonly name: string; readonly columns: readonly string[] }[] {
  const required = table.columns.filter((column) => !column.nullable).map((column) => column.name);
  const grain = table.kind === "model" || table.grain.length > 0 ? [{ name: "grain", columns: table.grain }] : [];
  const declared = table.checks
    .filter((check) => check.severity === "error")
    .map((check) => ({ name: nameOf(check), columns: "column" in check ? [check.column] : "columns" in check ? check.columns : [] }));
  return [...grain, ...required.map((name) => ({ name: "not_null", columns: [name] })), ...declared];
}

const nameOf = (check: Check): string => ("name" in check ? check.name : check.kind);
