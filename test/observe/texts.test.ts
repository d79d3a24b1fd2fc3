import { describe, expect, it } from "vitest";
import { durationText } from "../../src/observe/duration-text.ts";
import { groupDigits } from "../../src/observe/group-digits.ts";
import { ledgerLines } from "../../src/observe/ledger-lines.ts";
import { printable } from "../../src/observe/printable.ts";
import { stageOf, stepLabel } from "../../src/observe/stage.ts";
import { timestampText } from "../../src/observe/timestamp-text.ts";
import { sampleSink, sampleStep } from "./sample-run.ts";

describe("groupDigits", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1,000"],
    [-1234567, "-1,234,567"],
    ["20470726.66", "20,470,726.66"],
    ["0.123456", "0.123456"],
    ["12345678901234567890123456789012345678.10", "12,345,678,901,234,567,890,123,456,789,012,345,678.10"],
    ["1e21", "1e21"],
  ])("%j → %s", (number, text) => expect(groupDigits(number)).toBe(text));
});

describe("durationText", () => {
  it.each([
    [0, "0.00 s"],
    [210, "0.21 s"],
    [9_994, "9.99 s"],
    [9_996, "10.0 s"],
    [59_949, "59.9 s"],
    [59_950, "1 min 00 s"],
    [185_000, "3 min 05 s"],
    [3_599_600, "1 h 00 min"],
    [7_380_000, "2 h 03 min"],
  ])("%d ms → %s", (milliseconds, text) => expect(durationText(milliseconds)).toBe(text));
});

describe("timestampText", () => {
  it("is UTC with a zone", () => {
    expect(timestampText("2026-11-21T06:00:00.123Z")).toBe("2026-11-21 06:00:00Z");
    expect(timestampText("2026-11-21T06:00:00Z", "milliseconds")).toBe("2026-11-21 06:00:00.000Z");
    expect(timestampText("unknown")).toBe("unknown");
  });
});

describe("printable", () => {
  it("shows control codes, reordering marks and broken characters as text", () => {
    expect(printable("a\u001b[31m\r\n\t\u0000\u009b\u202e\u2028\ud800é訂👍")).toBe(
      "a\\x1b[31m\\r\\n\\t\\x00\\x9b\\u202e\\u2028\ufffdé訂👍",
    );
  });
});

describe("stageOf, stepLabel", () => {
  it("tells a sink from the table it sends", () => {
    expect([stageOf(sampleStep()), stageOf(sampleSink)]).toEqual(["bronze", "sink"]);
    expect([stepLabel(sampleStep()), stepLabel(sampleSink)]).toEqual(["bronze.orders", "gold.fact_sales → warehouse"]);
    const parts = [
      "load gold.daily [3/10]",
      "build gold.daily [3/10]",
      "build gold.daily (1 of 3)",
      "split gold.daily",
      "build gold.daily",
    ];
    expect(parts.map((step) => stepLabel({ step, table: "gold.daily" }))).toEqual([
      "gold.daily [3/10]",
      "gold.daily [3/10]",
      "gold.daily (1 of 3)",
      "gold.daily (split)",
      "gold.daily",
    ]);
  });
});

describe("ledgerLines", () => {
  const texts = (change: Parameters<typeof sampleStep>[0]): readonly string[] =>
    ledgerLines(sampleStep(change)).map((line) => `${line.state}: ${line.text}`);

  it("balances rows that are kept", () => {
    expect(texts({})).toEqual(["balanced: 99,441 = 99,441 + 0 + 0 ✓"]);
    expect(texts({ rows_in: 10, rows_out: 6, quarantined: 1, removed: 3, removed_by: [{ rule: "dedupe", rows: 3 }] })).toEqual([
      "balanced: 10 = 6 + 1 + 3 ✓",
      "open: removed: 3 by dedupe",
    ]);
  });

  it("says what is missing or too many", () => {
    expect(texts({ rows_in: 10, rows_out: 6 })).toEqual(["unbalanced: 10 ≠ 6 + 0 + 0 ✕ 4 missing"]);
    expect(texts({ rows_in: 10, rows_out: 9, quarantined: 2 })).toEqual(["unbalanced: 10 ≠ 9 + 2 + 0 ✕ 1 too many"]);
  });

  it("shows rows read and used per upstream where the grain changes", () => {
    const upstreams = [
      { table: "silver.orders", read: 5000, used: 4000 },
      { table: "silver.items", read: 3, used: null },
    ] as const;
    expect(texts({ rows_in: null, rows_out: 565, upstreams })).toEqual([
      "open: grain changed: 565 made",
      "open: read 5,000 → used 4,000 silver.orders",
      "open: read 3, use not measured silver.items",
    ]);
  });

  it("claims nothing of a step that did not finish", () => {
    expect(texts({ rows_in: null, rows_out: null })).toEqual([]);
    expect(texts({ rows_in: 10, rows_out: null, quarantined: 10 })).toEqual(["open: 10 in, 10 quarantined"]);
  });
});
