import type { ModelTable } from "../../src/compile/manifest.ts";
import type { Check } from "../../src/define/check.ts";
import { quoteValue } from "../../src/define/quote.ts";
import { tableReference } from "./dbt-reference.ts";

/** Files of the dbt tests that look for what Assay's contract, grain and checks of these models look for: generic tests of dbt where there are such. */
export function dbtTests(models: readonly ModelTable[]): Readonly<Record<string, string>> {
  return {
    "models/schema.yml": `models:\n${models.map(modelYaml).join("")}`,
    "tests/generic/unique_combination_of_columns.sql": uniqueCombination,
    ...Object.fromEntries(
      models.flatMap((model) =>
        model.checks.flatMap((check, index) => {
          const query = queryOf(model, check);
          const name = `tests/${model.name.replace(".", "_")}_${index}.sql`;
          return query === null ? [] : [[name, `{{ config(severity='${check.severity}') }}\n${query}\n`] as const];
        }),
      ),
    ),
  };
}

function modelYaml(model: ModelTable): string {
  const { grain } = model;
  const combination =
    grain.length < 2 ? "" : `    data_tests: [unique_combination_of_columns: { combination_of_columns: [${grain.join(", ")}] }]\n`;
  const columns = model.columns.map((column) => {
    const tests = [
      ...(column.nullable ? [] : ["not_null"]),
      ...(grain.length === 1 && grain[0] === column.name ? ["unique"] : []),
      ...model.checks.flatMap((check) => ("column" in check && check.column === column.name ? (columnTest(check) ?? []) : [])),
    ];
    return `      - name: ${column.name}\n        data_tests: [${tests.join(", ")}]\n`;
  });
  return `  - name: ${model.name.replace(/^.*\./, "")}\n${combination}    columns:\n${columns.join("")}`;
}

/** Tests that dbt brings. */
function columnTest(check: Check): string | null {
  const config = `config: { severity: ${check.severity} }`;
  if (check.kind === "not_null" || check.kind === "unique") return `${check.kind}: { ${config} }`;
  if (check.kind === "accepted_values") return `accepted_values: { values: ${JSON.stringify(check.values)}, ${config} }`;
  if (check.kind !== "relationships") return null;
  return `relationships: { to: "${tableReference(check.to).slice(2, -2).trim()}", field: ${check.field}, ${config} }`;
}

/** Tests that are a query of their own: it yields the rows that break the rule. */
function queryOf(model: ModelTable, check: Check): string | null {
  const table = tableReference(model.name);
  switch (check.kind) {
    case "not_null":
    case "unique":
    case "accepted_values":
    case "relationships":
      return null;
    case "row_count": {
      const bounds = [check.min === null ? null : `count(*) < ${check.min}`, check.max === null ? null : `count(*) > ${check.max}`];
      return `select count(*) from ${table} having ${bounds.filter((bound) => bound !== null).join(" or ")}`;
    }
    case "between": {
      const bounds = [
        check.min === null ? null : `${check.column} < ${quoteValue(check.min)}`,
        check.max === null ? null : `${check.column} > ${quoteValue(check.max)}`,
      ];
      return `select * from ${table} where ${bounds.filter((bound) => bound !== null).join(" or ")}`;
    }
    case "matches":
      return `select * from ${table} where not ${check.column} ~ ${quoteValue(check.pattern)}`;
    case "expression":
      return `select * from ${table} where (${check.expression}) is not true`;
    case "conserves": {
      const where = check.where === null ? "" : ` where ${check.where}`;
      const totals = `(select sum(${check.column}) from ${table}) as own, (select sum(${check.measure}) from ${tableReference(check.upstream)}${where}) as source`;
      return `select * from (select ${totals}) as totals where coalesce(own, 0) <> coalesce(source, 0)`;
    }
    default:
      throw new Error(`${model.name}: the bench has no dbt test for ${check.kind}`);
  }
}

/** As the package dbt_utils writes it. */
const uniqueCombination = `{% test unique_combination_of_columns(model, combination_of_columns) %}
select {{ combination_of_columns | join(', ') }} from {{ model }} group by {{ combination_of_columns | join(', ') }} having count(*) > 1
{% endtest %}
`;
