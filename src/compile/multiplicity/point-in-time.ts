import { AssayError } from "../../errors.ts";
import type { BaseTableRef, TableRef } from "../../ports/syntax-tree.ts";
import type { Location } from "../../terms.ts";
import { determinedBy } from "./determined.ts";
import { columnOf, type Rows, refOf, type Source, sourceOf, type VersionCondition } from "./rows.ts";
import type { SelectReading } from "./select-reading.ts";

/** A history that a SELECT joins without saying which of its versions counts. */
export interface TimelessJoin {
  readonly history: Source;
  readonly source: number;
  /** By what name the FROM calls it, and its columns there; null where a subquery hides them. */
  readonly alias: string;
  readonly names: { readonly from: string; readonly to: string; readonly current: string | null } | null;
  /** Byte offset of the table in the text; null: not known. */
  readonly offset: number | null;
  readonly wrong: string | null;
  /** Expression of a time among the other tables; null where there is no one to guess. */
  readonly at: string | null;
}

/** Histories joined with other tables in one SELECT, each version of a key taken for the key. */
export function timelessJoins(reading: SelectReading): readonly TimelessJoin[] {
  const { rows, bindings } = reading;
  if (bindings.length < 2) return [];
  const timed = { ...rows, dependencies: [...rows.dependencies, ...timedDependencies(rows)] };
  return bindings.flatMap((binding) =>
    rows.sources.flatMap((history, source): readonly TimelessJoin[] => {
      if (!history.history || source < binding.first || source >= binding.end) return [];
      if (isTimed(rows.versions, source) || (source === rows.spine && determinesAll(timed, source)) || isMetByKey(timed, source)) return [];
      const { alias, leaf } = binding;
      const offset = Number.isSafeInteger(leaf.ref.query_location) ? leaf.ref.query_location : offsetOf(leaf.ref);
      const name = (column: string): string | null =>
        [...(binding.columns ?? [])].find(([, value]) => value.plain === refOf(source, column))?.[0] ?? null;
      const [from, to] = [name("valid_from"), name("valid_to")];
      const names = from === null || to === null ? null : { from, to, current: name("is_current") };
      return [
        { history, source, alias, names, offset, wrong: wrongOf(rows.versions, source), at: timeOf(reading, binding.first, binding.end) },
      ];
    }),
  );
}

function offsetOf(ref: TableRef): number | null {
  if (ref.type !== "SUBQUERY" || ref.subquery.node.type !== "SELECT_NODE") return null;
  const from = ref.subquery.node.from_table as BaseTableRef | null;
  return from !== null && Number.isSafeInteger(from.query_location) ? from.query_location : null;
}

/** The version is chosen: by one time, half-open, as the current one, or by overlapping another history. */
function isTimed(versions: readonly VersionCondition[], source: number): boolean {
  const own = versions.filter((version) => version.source === source);
  const says = (what: VersionCondition["says"]): readonly VersionCondition[] => own.filter((version) => version.says === what);
  return (
    says("current").length > 0 ||
    says("overlaps").length > 1 ||
    says("starts").some((start) => says("ends").some((end) => end.at === start.at))
  );
}

/** Of a chosen version the key alone is a key. */
export function timedDependencies(rows: Rows): Rows["dependencies"] {
  return rows.sources.flatMap(({ history, keys }, source) =>
    history && isTimed(rows.versions, source)
      ? keys.map((key) => ({
          from: key.filter((column) => column !== "valid_from").map((column) => refOf(source, column)),
          sources: [source],
        }))
      : [],
  );
}

/** Everything else is looked up for its versions: the rows stay versions. */
function determinesAll(rows: Rows, source: number): boolean {
  return determinedBy(rows, { sources: [source] }).sources.size === rows.sources.length;
}

/** The others name the version by its whole key. */
function isMetByKey(rows: Rows, source: number): boolean {
  const others = rows.sources.flatMap((_, index) => (index === source ? [] : [index]));
  return determinedBy(rows, { sources: others }).sources.has(source);
}

function wrongOf(versions: readonly VersionCondition[], source: number): string | null {
  const own = versions.filter((version) => version.source === source);
  const has = (what: VersionCondition["says"]): boolean => own.some((version) => version.says === what);
  if (has("between")) return "BETWEEN takes both ends, so a time at which one version ends and the next starts meets both";
  if (has("ends_late")) return "valid_to is exclusive, so a time at which one version ends and the next starts meets both";
  if (has("starts_late")) return "valid_from is inclusive, so a time at which a version starts meets none";
  if (has("starts") && has("ends")) return "valid_from and valid_to are compared with two different times";
  if (has("starts")) return "valid_to is not compared, so all earlier versions are met";
  return has("ends") ? "valid_from is not compared, so all later versions are met" : null;
}

/** The one time that the tables beside the history have, those joined to it first. */
function timeOf({ rows, bindings }: SelectReading, first: number, end: number): string | null {
  const isOwn = (source: number): boolean => source >= first && source < end;
  const joined = new Set(
    rows.equalities.flatMap(({ column, from }) => (isOwn(sourceOf(column)) ? from.map(sourceOf).filter((source) => !isOwn(source)) : [])),
  );
  const times = (
    kind: "timestamp" | "date",
    only: (source: number) => boolean,
  ): readonly { readonly text: string; readonly required: boolean }[] =>
    bindings.flatMap((binding) =>
      [...(binding.columns ?? [])].flatMap(([name, { plain }]) => {
        const source = plain === null ? -1 : sourceOf(plain);
        const column = rows.sources[source]?.columns?.find((item) => plain !== null && item.name.toLowerCase() === columnOf(plain));
        if (column?.type.kind !== kind || isOwn(source) || !only(source) || rows.sources[source]?.history === true) return [];
        return [{ text: `${binding.alias}.${name}`, required: !column.nullable }];
      }),
    );
  const choices = [(source: number): boolean => joined.has(source), (): boolean => true].flatMap((only) => {
    const [stamps, dates] = [times("timestamp", only), times("date", only)];
    return [stamps, stamps.filter((item) => item.required), dates, dates.filter((item) => item.required)];
  });
  return choices.find((choice) => choice.length === 1)?.[0]?.text ?? null;
}

/** The error for a model that takes every version of a key for the key. */
export function pointInTimeError(reader: string, join: TimelessJoin, place: Location): AssayError {
  const { history, alias, names, wrong } = join;
  const through = history.through.length === 0 ? "" : ` (read through ${history.through.join(" and ")})`;
  const why = wrong ?? "each row meets every version of its key";
  return new AssayError(
    "POINT_IN_TIME_JOIN",
    `${reader} joins the history ${history.name}${through} as ${alias} without a point in time: ${why}`,
    {
      hint: names === null ? hiddenHint(history.name, alias) : fixHint(alias, names, join.at),
      location: place,
    },
  );
}

function fixHint(alias: string, names: NonNullable<TimelessJoin["names"]>, at: string | null): string {
  const time = at ?? "<time of the row>";
  const written = `${time} >= ${alias}.${names.from} and ${time} < ${alias}.${names.to}`;
  const isOwnNames = names.from === "valid_from" && names.to === "valid_to";
  const template = isOwnNames ? ` (in TypeScript: and \${asOf("${alias}", "${time}")})` : "";
  const current = names.current === null ? "" : `; for what holds now, whenever the row is from: and ${alias}.${names.current}`;
  return `add to the join: and ${written}${template}${current}`;
}

function hiddenHint(history: string, alias: string): string {
  return `let ${alias} pass on valid_from and valid_to of ${history} and join it with asOf("${alias}", …), or filter it by is_current`;
}
