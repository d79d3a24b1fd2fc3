import type { TableName } from "../../terms.ts";
import { type Source, tablesOf } from "./query.ts";
import { deltaName, hatName } from "./relation-names.ts";
import { itemsAt, touchedOfSelect, witnessOfItems } from "./select-values.ts";
import { columnItems, isFound, type Linker, united, type Values } from "./values.ts";

/** A linker that answers every question once. */
export function createLinker(): Linker {
  const known = new Map<Source, Map<string, Values>>();
  const remembered = (source: Source, key: string, make: () => Values): Values => {
    const values = known.get(source) ?? new Map<string, Values>();
    known.set(source, values);
    const found = values.get(key) ?? make();
    values.set(key, found);
    return found;
  };
  const linker: Linker = {
    touched: (table, source, columns) => remembered(source, `${table} ${columns.join()}`, () => touchedOf(table, source, columns, linker)),
    witness: (source, columns) => remembered(source, columns.join(), () => witnessOf(source, columns, linker)),
  };
  return linker;
}

function touchedOf(table: TableName, source: Source, columns: readonly number[], linker: Linker): Values {
  switch (source.kind) {
    case "table": {
      const names = columns.map((column) => source.columns[column]?.name ?? "");
      return { sql: `select distinct ${columnItems(names)} from ${deltaName(source.table)}`, hats: new Set(), through: [names.join(", ")] };
    }
    case "untraced":
      return { reason: source.reason };
    case "set operation": {
      const children = source.children.filter((child) => tablesOf(child).has(table));
      return united(children.map((child) => asTypedIn(source, child, linker.touched(table, child, columns), columns)));
    }
    case "select":
      return touchedOfSelect(table, source, itemsAt(source, columns), linker);
    default:
      return source satisfies never;
  }
}

function witnessOf(source: Source, columns: readonly number[], linker: Linker): Values {
  switch (source.kind) {
    case "table": {
      const names = columns.map((column) => source.columns[column]?.name ?? "");
      return { sql: `select ${columnItems(names)} from ${hatName(source.table)}`, hats: new Set([source.table]), through: [] };
    }
    case "untraced":
      return { reason: source.reason };
    case "set operation": {
      // What EXCEPT and INTERSECT yield stands on their left side.
      const children = source.operation === "UNION" ? source.children : source.children.slice(0, 1);
      return united(children.map((child) => asTypedIn(source, child, linker.witness(child, columns), columns)));
    }
    case "select":
      return witnessOfItems(source, itemsAt(source, columns), linker);
    default:
      return source satisfies never;
  }
}

/** A set operation casts its sides to one type. */
function asTypedIn(whole: Source, child: Source, values: Values, columns: readonly number[]): Values {
  if (!isFound(values)) return values;
  const types = columns.map((column) => [child.columns?.[column]?.type ?? null, whole.columns?.[column]?.type ?? null] as const);
  if (types.some(([, to]) => to === null)) return { reason: "a type depends on a parameter" };
  if (types.every(([from, to]) => from === to)) return values;
  const casts = types.map(([, to], index) => `cast(c${index + 1} as ${to}) as c${index + 1}`);
  return { ...values, sql: `select ${casts.join(", ")} from (${values.sql})` };
}
