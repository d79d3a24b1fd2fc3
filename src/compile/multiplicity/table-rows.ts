import type { Check } from "../../define/check.ts";
import type { BronzeTable, ModelTable } from "../manifest.ts";
import { type Ref, type Rows, refOf, rowsOfTable, type Source, sourceOf, type Value } from "./rows.ts";

/** The rows of a bronze table. */
export function bronzeRows({ name, grain, checks, columns }: Pick<BronzeTable, "name" | "grain" | "checks" | "columns">): Rows {
  const keys = [...(grain.length === 0 ? [] : [lowerCase(grain)]), ...uniqueKeys(checks)];
  return rowsOfTable({ name, keys, counted: grain.length > 0, columns, through: [], history: false });
}

/** The rows of a model: those of the tables its SQL combines where it can be seen through, else its own. */
export function modelRows(table: ModelTable, read: Rows): Rows {
  const { name, grain, checks, columns, materialize } = table;
  const keys = [lowerCase(grain), ...uniqueKeys(checks)];
  const [own] = read.sources;
  const isOpaque = read.sources.length === 1 && own?.name === "";
  const followsSql = materialize.kind !== "append" && materialize.kind !== "snapshot";
  if (isOpaque || own === undefined || read.columns === null || !followsSql) {
    const derived = isOpaque && followsSql ? own.keys : [];
    return rowsOfTable({
      name,
      keys: [...keys, ...derived],
      counted: true,
      columns,
      through: [],
      history: materialize.kind === "snapshot",
    });
  }
  const computed = computedKeys(name, keys.flat(), read.columns);
  const outputs = new Map([...read.columns, ...computed.columns]);
  const passes = (source: number): boolean =>
    ["valid_from", "valid_to"].every((column) => [...outputs.values()].some(({ plain }) => plain === refOf(source, column)));
  const sources = read.sources.map(
    (source, at): Source => ({
      ...source,
      through: [name, ...source.through],
      // Without its times a version cannot be told; that the grain holds is checked on every build.
      history: source.history && passes(at),
    }),
  );
  const dependencies = keys.map((key) => ({
    from: key.flatMap((column): readonly Ref[] => {
      const value = outputs.get(column);
      return value?.plain ? [value.plain] : (value?.refs ?? ["-1.*"]);
    }),
    sources: sources.map((_, at) => at),
  }));
  return {
    ...read,
    sources,
    columns: outputs,
    equalities: [...read.equalities, ...computed.equalities],
    dependencies: [...read.dependencies, ...dependencies],
  };
}

/** A key column that is computed (`md5(id || valid_from) as version_id`) becomes a column of its own, so that joins on it are known as such. */
function computedKeys(
  model: string,
  names: readonly string[],
  outputs: ReadonlyMap<string, Value>,
): { readonly columns: readonly (readonly [string, Value])[]; readonly equalities: Rows["equalities"] } {
  const found = [...new Set(names)].flatMap((name) => {
    const value = outputs.get(name);
    const [first] = value?.refs ?? [];
    return value === undefined || value.plain !== null || first === undefined
      ? []
      : [{ name, value, ref: refOf(sourceOf(first), `${model}.${name}`) }];
  });
  return {
    columns: found.map(({ name, value, ref }) => [name, { ...value, plain: ref }] as const),
    equalities: found.map(({ value, ref }) => ({ column: ref, from: value.refs })),
  };
}

/** Columns that a check keeps unique on every build. */
function uniqueKeys(checks: readonly Check[]): readonly (readonly string[])[] {
  return checks.flatMap((check) => {
    if (check.severity !== "error") return [];
    if (check.kind === "unique") return [lowerCase([check.column])];
    return check.kind === "unique_combination" ? [lowerCase(check.columns)] : [];
  });
}

const lowerCase = (names: readonly string[]): readonly string[] => names.map((name) => name.toLowerCase());
