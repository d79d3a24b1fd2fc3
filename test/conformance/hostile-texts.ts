import { expect } from "vitest";
import { bronze } from "../../src/define/bronze.ts";
import { check } from "../../src/define/check.ts";
import { incremental, snapshot } from "../../src/define/materialization.ts";
import { model } from "../../src/define/model.ts";
import { csv, json } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import { type Column, t } from "../../src/define/types.ts";
import { expectIdle, stepFor, succeed } from "./expectations.ts";
import type { Suite } from "./suite.ts";

/** Texts that would do something if they were ever taken for SQL, a pattern, a path or a format. */
export const hostileTexts: readonly string[] = [
  "'",
  "''",
  '"',
  '""',
  "`",
  ";",
  "--",
  "/*",
  "*/",
  "\\",
  "\\'",
  '\\"',
  "\\\\",
  "\\n",
  "\\.",
  "\\N",
  "$1",
  "$$",
  "$tag$",
  "$name",
  "$table",
  "$run_id",
  ":name",
  "?",
  "??",
  "@name",
  "%",
  "%s",
  "%%",
  "%d%n",
  "{table}",
  "#{process.exit(1)}",
  "{{ model }}",
  "*",
  "[a-z]",
  "{a,b}",
  "~",
  "null",
  "NULL",
  "NaN",
  "-0",
  "0x27",
  "true",
  "_",
  "x'; drop table assay.runs; --",
  "x'); delete from assay.publications; --",
  'x"; drop schema silver cascade; --',
  "' or '1'='1",
  "' union select null, null --",
  "'||(select max(run_id) from assay.runs)||'",
  "Robert'); drop table students;--",
  "E'\\x27'",
  "U&'\\0027'",
  "line one\nline two",
  "carriage\rreturn",
  "tab\there",
  "comma,comma",
  " leading and trailing ",
  "\u00a0",
  "Zürich",
  "ﬀ ligature",
  "𝒳 beyond the plane",
  "e\u0301 and é",
  "\u202Ertl override",
  "\u200B",
  "a\uFEFFb",
  "שלום",
  "日本語",
  "👩‍👩‍👧‍👦",
  "\u0001\u001F\u007F",
  "ʼ＇＂",
];

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const nullable = { nullable: true } as const;

const notes = bronze("notes", {
  from: csv("notes-*.csv"),
  columns: { note: t.varchar(), size: t.integer(nullable), changed: t.timestamp() },
  key: ["note"],
  load: "merge",
});

const sizes = model("silver.sizes", {
  grain: ["note"],
  columns: { note: t.varchar(), size: t.integer(nullable), label: t.varchar() },
  materialize: incremental({ by: ["note"] }),
  checks: [check.unique("label"), check.relationships("note", notes, "note")],
  sql: sql`select note, size, note || '/' || note as label from ${notes}`,
});

const history = model("silver.history", {
  grain: ["note"],
  columns: { note: t.varchar(), size: t.integer(nullable), changed: t.timestamp() },
  materialize: snapshot({ at: "changed" }),
  sql: sql`select note, size, changed from ${notes}`,
});

const line = (note: string, size: number | "", day: number): string => `${quoted(note)},${size},2026-01-0${day} 00:00:00`;
const header = "note,size,changed";

/** What is data stays data, whatever it looks like. */
export function hostileTextsSection({ test }: Suite): void {
  test("values that look like SQL are values: loaded, keyed, checked, refreshed and kept in history", async (world) => {
    await world.define([notes], [sizes, history]);
    await world.send(
      "data/notes-1.csv",
      header,
      hostileTexts.map((text, index) => line(text, index, 1)),
    );
    await succeed(world);
    const built = await world.rows("silver.sizes", "note");
    expect(built).toEqual([...hostileTexts].sort());
    expect(await world.rows("silver.sizes", "label")).toEqual(hostileTexts.map((text) => `${text}/${text}`).sort());
    // Every second one changes: its values are what the refresh looks for.
    const changed = hostileTexts.filter((_, index) => index % 2 === 0);
    await world.send(
      "data/notes-2.csv",
      header,
      changed.map((text) => line(text, 1000, 2)),
    );
    const refreshed = await succeed(world);
    expect(stepFor(refreshed, "silver.sizes").touched?.values).toBe(changed.length);
    expect(await world.rows("silver.sizes", "note", "size")).toEqual(
      hostileTexts.map((text, index) => `${text} ${index % 2 === 0 ? 1000 : index}`).sort(),
    );
    expect(await world.rows("silver.history", "note")).toHaveLength(hostileTexts.length + changed.length);
    await expectIdle(world);
  });

  test("values that are refused come back from quarantine as they were", async (world) => {
    await world.define([notes], []);
    await world.send("data/notes-1.csv", header, [
      line("kept", 1, 1),
      ...hostileTexts.map((text, index) => `key ${index},${quoted(`not a number ${text}`)},2026-01-01 00:00:00`),
    ]);
    await succeed(world);
    expect(await world.rows("bronze.notes", "note")).toEqual(["kept"]);
    const { rows } = await world.look((session, _engine, store) => store.readQuarantine(session, {}, null));
    const refused = rows.map((row) => row.record?.size);
    expect([...refused].sort()).toEqual(hostileTexts.map((text) => `not a number ${text}`).sort());
    expect(rows.flatMap((row) => (row.message.includes("not a number") ? [] : [row.message]))).toEqual([]);
  });

  test("a null byte makes a CSV file binary data: it is refused as a whole, and the table stands", async (world) => {
    await world.define([notes], [sizes]);
    await world.send("data/notes-1.csv", header, [line("kept", 1, 1)]);
    await succeed(world);
    await world.send("data/notes-2.csv", header, [line("a\0b", 2, 1)]);
    const run = await world.run();
    expect(stepFor(run, "bronze.notes").error?.code).toBe("SOURCE_UNREADABLE");
    expect(await world.rows("silver.sizes", "note")).toEqual(["kept"]);
  });

  test("a null byte in JSON is refused with its row, as no engine's text; a backslash before u0000 is text", async (world) => {
    const lines = bronze("lines", {
      from: json("lines-*.json"),
      columns: { id: t.integer(), note: t.varchar(nullable), document: t.json(nullable) },
      key: ["id"],
    });
    await world.define([lines], []);
    await world.send("data/lines-1.json", '{"id":1,"note":"kept","document":{"a":"b"}}', [
      String.raw`{"id":2,"note":"a\u0000b"}`,
      String.raw`{"id":3,"document":{"a":["\\\u0000"]}}`,
      String.raw`{"id":4,"note":"\\u0000","document":"\\u0000 \\\\u0000"}`,
      String.raw`{"id":5,"note":"a\u0001b"}`,
    ]);
    expect(stepFor(await succeed(world), "bronze.lines").quarantined).toBe(2);
    expect(await world.rows("bronze.lines", "id", "note")).toEqual(["1 kept", "4 \\u0000", "5 a\u0001b"]);
    const { rows } = await world.look((session, _engine, store) => store.readQuarantine(session, {}, null));
    expect(rows.map(({ row_number, column }) => `${row_number} ${column}`)).toEqual(["2 note", "3 document"]);
    expect(rows.every(({ message }) => message.endsWith("holds a null byte"))).toBe(true);
  });

  test("columns may be called anything: read, built, refreshed", async (world) => {
    const names = hostileTexts.filter((text) => !text.startsWith("_")).filter(isOnlyOne);
    const columns: Readonly<Record<string, Column>> = {
      id: t.integer(),
      ...Object.fromEntries(names.map((name) => [name, t.varchar(nullable)])),
    };
    const wide = bronze("wide", { from: csv("wide-*.csv"), columns, key: ["id"], load: "merge" });
    const copy = model("silver.wide", {
      grain: ["id"],
      columns,
      materialize: incremental({ by: ["id"] }),
      checks: names.map((name) => check.unique(name)),
      sql: sql`select * from ${wide}`,
    });
    await world.define([wide], [copy]);
    const first = ["id", ...names].map(quoted).join(",");
    const row = (id: number): string => [String(id), ...names.map((_, index) => `${id}.${index}`)].join(",");
    await world.send("data/wide-1.csv", first, [row(1), row(2)]);
    await succeed(world);
    await world.send("data/wide-2.csv", first, [row(2).replaceAll("2.", "3.")]);
    const refreshed = await succeed(world);
    expect(stepFor(refreshed, "silver.wide").touched?.values).toBe(1);
    expect(await world.rows("silver.wide")).toEqual([row(1), row(2).replaceAll("2.", "3.")].map((text) => text.replaceAll(",", " ")));
    await expectIdle(world);
  });

  test("files may be called anything: read once, told apart, removed", async (world) => {
    const named = bronze("named", { from: csv("*.csv"), columns: { id: t.integer() }, key: ["id"] });
    await world.define([named], []);
    const names = hostileTexts.filter((text) => !/[/\n\r]/.test(text)).filter(isOnlyOne);
    for (const [index, name] of names.entries()) await world.send(`data/${name}.csv`, "id", [String(index)]);
    await succeed(world);
    const ids = names.map((_, index) => String(index));
    expect(await world.rows("bronze.named")).toEqual([...ids].sort());
    const { files } = await world.state();
    expect(files.map((file) => file.name).sort()).toEqual(names.map((name) => `${name}.csv`).sort());
    await expectIdle(world);
    await world.remove(`data/${names[0]}.csv`);
    await succeed(world);
    expect(await world.rows("bronze.named")).toEqual(ids.slice(1).sort());
  });
}

/** Names that differ in case or spaces around them are one name somewhere. */
const isOnlyOne = (text: string, index: number, all: readonly string[]): boolean =>
  text.trim() !== "" && all.findIndex((other) => other.trim().toLowerCase() === text.trim().toLowerCase()) === index;
