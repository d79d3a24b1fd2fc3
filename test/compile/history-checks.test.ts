import { expect, it } from "vitest";
import { contractColumns } from "../../src/compile/contract.ts";
import { historyFaults } from "../../src/compile/history-checks.ts";
import { type Check, check } from "../../src/define/check.ts";
import { t } from "../../src/define/types.ts";

const columns = contractColumns({ id: t.integer(), at: t.timestamp(), day: t.date(), note: t.varchar({ nullable: true }) });
type HistoryCheck = Parameters<typeof historyFaults>[0];
const faults = (rule: Check): readonly string[] => historyFaults(rule as HistoryCheck, columns).map(({ message }) => message);

it.each([
  check.freshness("AT", "1 day"),
  check.freshness("day", "0 s"),
  check.rowCountDrift(),
  check.rowCountDrift({ history: 1, minHistory: 1, tolerance: 0, seasonality: "none", direction: "spike" }),
  check.nullShareDrift("note"),
])("%j can be evaluated", (rule) => {
  expect(faults(rule)).toEqual([]);
});

it.each<[Check, string]>([
  [check.freshness("nope", "1 day"), "the table has no column nope"],
  [check.freshness("id", "1 day"), "id is INTEGER, no time"],
  [check.freshness("at", "3 moons"), '"3 moons" is no duration'],
  [check.freshness("at", 3 as unknown as string), "3 is no duration"],
  [check.nullShareDrift("nope"), "the table has no column nope"],
  [check.nullShareDrift("at"), "at is declared not null: its share of nulls is always 0"],
  [check.rowCountDrift({ sensitivity: 0 }), "sensitivity is 0"],
  [check.rowCountDrift({ tolerance: -0.1 }), "tolerance is -0.1"],
  [check.rowCountDrift({ history: 2.5 }), "history is 2.5"],
  [check.rowCountDrift({ history: 3 }), "minHistory is 5"],
  [check.rowCountDrift({ seasonality: "weekly" as "none" }), 'seasonality is "weekly"'],
  [check.nullShareDrift("note", { direction: "up" as "spike" }), 'direction is "up"'],
])("%j cannot: %s", (rule, message) => {
  expect(faults(rule)[0]).toContain(message);
});
