import type { AssayError } from "../../errors.ts";
import { type ParsedModel, placeOf } from "../parse-models.ts";
import { type FanTrap, fanTrapErrors, fanTraps } from "./fan-traps.ts";
import { pointInTimeError, type TimelessJoin, timedDependencies, timelessJoins } from "./point-in-time.ts";
import { readQuery } from "./read-query.ts";
import type { Rows } from "./rows.ts";
import type { TableRows } from "./select-reading.ts";

export interface JudgedRows {
  readonly rows: Rows;
  /** POINT_IN_TIME_JOIN; else FAN_TRAP and FAN_OUT_UNUSED. */
  readonly errors: readonly AssayError[];
}

/** Follows a model's rows through its joins, and finds those that take a row more than once without saying so. */
export function judgeModel({ definition, tree }: ParsedModel, tables: TableRows): JudgedRows {
  const timeless: TimelessJoin[] = [];
  const traps: FanTrap[] = [];
  const excusable: FanTrap[] = [];
  const rows = readQuery(tree.node, tables, (reading) => {
    const found = timelessJoins(reading);
    timeless.push(...found);
    const within = (dependencies: Rows["dependencies"]): readonly FanTrap[] =>
      fanTraps({ ...reading, rows: { ...reading.rows, dependencies } }, definition.sql.text);
    const timed = timedDependencies(reading.rows);
    traps.push(...within([...reading.rows.dependencies, ...timed]));
    // A grain says what shall hold and is only checked by a build: a reason is no less needed for it.
    if (Object.keys(definition.fanOut).length > 0) excusable.push(...within(timed));
    return found.map(({ source }) => ({ source, says: "current", at: "" }));
  });
  const place = (offset: number | null): ReturnType<typeof placeOf> => placeOf(definition, offset);
  const errors =
    timeless.length > 0
      ? timeless.map((join) => pointInTimeError(definition.name, join, place(join.offset)))
      : fanTrapErrors(definition, traps, excusable, place);
  return { rows, errors };
}
