import type { Check } from "../../define/check.ts";
import { quoteIdentifier, quoteTable } from "../../define/quote.ts";
import type { TableName } from "../../terms.ts";
import type { ManifestTable } from "../manifest.ts";
import { asGiven } from "./engine-relations.ts";
import { type EngineContext, engineExpression, engineQuery, refuse, type SourceText } from "./engine-text.ts";

/** The checks of a table in the engine's SQL. Rules at the door of a bronze table stay as they are: rows are judged where files are read. */
export async function engineChecks(table: ManifestTable, context: EngineContext): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const check of table.checks) {
    const isAtDoor = table.kind === "bronze" && check.severity === "quarantine";
    checks.push(isAtDoor ? check : await engineCheck(check, table, context));
  }
  return checks;
}

async function engineCheck(check: Check, table: ManifestTable, context: EngineContext): Promise<Check> {
  const named = "name" in check ? `check ${check.name}` : `check ${check.kind}`;
  const source = (text: string): SourceText => ({ text, owner: `${table.name}: ${named}`, place: () => table.location });
  const expression = (text: string, name: TableName): Promise<string> => {
    const columns = (context.columns.get(name) ?? []).map((column) => column.name);
    return engineExpression({ ...source(text), over: quoteTable(name), columns }, context);
  };
  switch (check.kind) {
    case "expression":
      return { ...check, expression: await expression(check.expression, table.name), written: check.expression };
    case "matches": {
      const pattern = context.dialect.pattern(check.pattern);
      if ("text" in pattern) return { ...check, pattern: pattern.text, written: check.pattern };
      refuse(source(check.pattern), [pattern], context);
      return check;
    }
    case "conserves": {
      const upstream = check.upstream as TableName;
      const where = check.where === null ? null : await expression(check.where, upstream);
      return { ...check, measure: await expression(check.measure, upstream), where, written: check.measure };
    }
    case "sql":
      return { ...check, query: await customQuery(check.query, table, source, context) };
    default:
      return check;
  }
}

/** Stands for the candidate until the check runs. */
const candidate = "{table}";
const checkedName = "checked table";

async function customQuery(
  text: string,
  table: ManifestTable,
  source: (text: string) => SourceText,
  context: EngineContext,
): Promise<string> {
  const query = text.replaceAll(candidate, quoteIdentifier(checkedName)).replace(/;\s*$/, "");
  const given = [{ name: checkedName, called: candidate, columns: asGiven(table.columns) }];
  return (await engineQuery({ ...source(query), given }, context)).replaceAll(quoteIdentifier(candidate), candidate);
}
