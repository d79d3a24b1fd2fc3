import { AssayError } from "../../errors.ts";
import type { Location } from "../../terms.ts";
import { callText } from "../clauses.ts";
import { measuresOf } from "./measures.ts";
import { type Repetition, repeatedBy } from "./repeated-by.ts";
import type { Source } from "./rows.ts";
import type { SelectReading } from "./select-reading.ts";

/** A measure that a join repeats. */
export interface FanTrap {
  /** As written. */
  readonly measure: string;
  /** Byte offset of the measure in the text. */
  readonly offset: number;
  readonly by: Source;
  readonly repetition: Repetition;
  readonly measured: readonly Source[];
}

/** The measures of one SELECT that a join repeats. */
export function fanTraps(reading: SelectReading, text: string): readonly FanTrap[] {
  const { rows } = reading;
  const sourcesAt = (positions: readonly number[]): readonly Source[] => positions.flatMap((at) => rows.sources[at] ?? []);
  return measuresOf(reading).flatMap((measure) =>
    repeatedBy(rows, measure).flatMap((repetition): readonly FanTrap[] => {
      const [by] = sourcesAt([repetition.source]);
      const offset = measure.call.query_location;
      const written = callText(Buffer.from(text).subarray(offset).toString()) ?? `${measure.call.function_name}(…)`;
      return by === undefined ? [] : [{ measure: written, offset, by, repetition, measured: sourcesAt(repetition.measured) }];
    }),
  );
}

interface JudgedModel {
  readonly name: string;
  readonly location: Location;
  /** Table → why its rows may repeat the model's measures. */
  readonly fanOut: Readonly<Record<string, string>>;
}

/** Traps nobody gave a reason for, one error a table, and reasons for what is no trap and would be none (`excusable`) without the grains of models. */
export function fanTrapErrors(
  model: JudgedModel,
  traps: readonly FanTrap[],
  excusable: readonly FanTrap[],
  placeOf: (offset: number) => Location,
): readonly AssayError[] {
  const byTable = new Map<string, FanTrap[]>();
  for (const trap of traps) byTable.set(trap.by.name, [...(byTable.get(trap.by.name) ?? []), trap]);
  const excused = new Set(Object.keys(model.fanOut).map((name) => name.toLowerCase()));
  const refused = [...byTable].flatMap(([table, found]) => (excused.has(table.toLowerCase()) ? [] : [trapError(model, found, placeOf)]));
  const tables = new Set([...traps, ...excusable].map((trap) => trap.by.name.toLowerCase()));
  const unused = Object.keys(model.fanOut).filter((name) => !tables.has(name.toLowerCase()));
  return [...refused.filter((error) => error !== null), ...unused.map((table) => unusedError(model, table, [...byTable.keys()]))];
}

function unusedError(model: JudgedModel, table: string, trapped: readonly string[]): AssayError {
  const others = trapped.length === 0 ? "" : `; what repeats its measures is ${trapped.join(", ")}`;
  return new AssayError("FAN_OUT_UNUSED", `${model.name}: fanOut excuses ${table}, which repeats no measure of the model${others}`, {
    hint: `remove ${table} from fanOut: a reason for what is not there misleads`,
    location: model.location,
  });
}

function trapError(model: JudgedModel, traps: readonly FanTrap[], placeOf: (offset: number) => Location): AssayError | null {
  const [first] = traps;
  if (first === undefined) return null;
  const { by, repetition } = first;
  const measures = [...new Set(traps.map((trap) => trap.measure))];
  const sides = [...new Set(traps.flatMap((trap) => trap.measured.map((source) => source.name)))];
  const columns = repetition.columns.join(", ");
  const keys = by.keys.map((key) => key.join(", ")).join(" or ");
  const through = by.through.length === 0 ? "" : `, read through ${by.through.join(" and ")},`;
  const both = repetition.mutual && sides.length === 1 ? `; ${sides.join()} and ${by.name} are two branches of one join` : "";
  const isPart = by.keys.some((key) => repetition.columns.every((column) => key.includes(column)));
  const declare = isPart ? "" : `if ${by.name} has one row for each ${columns}, declare it there: ${uniqueCheck(repetition.columns)}; `;
  const total = measures[0] ?? "the measure";
  const alone = `compute ${total} from ${sides.join(", ")} alone, at its own grain, and join the totals`;
  const before =
    by.through.length === 0
      ? `aggregate ${by.name} by ${columns} before joining it, or ${alone}`
      : `${alone}, or read a table in which ${sides.join(", ")} is not repeated instead of ${by.through[0]}`;
  return new AssayError(
    "FAN_TRAP",
    `${model.name}: ${measures.join(", ")} ${measures.length === 1 ? "takes" : "take"} rows of ${sides.join(", ")} more than once: ` +
      `${by.name}${through} is joined on ${columns} and may have several rows for it (its key is ${keys})${both}`,
    {
      hint: `${before}; ${declare}` + `if the repetition is meant, say why in the model: fanOut: { ${JSON.stringify(by.name)}: "…" }`,
      location: placeOf(first.offset),
    },
  );
}

function uniqueCheck(columns: readonly string[]): string {
  const names = columns.map((column) => JSON.stringify(column));
  return names.length === 1 ? `check.unique(${names.join()})` : `check.uniqueCombination([${names.join(", ")}])`;
}
