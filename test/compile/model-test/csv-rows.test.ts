import fc from "fast-check";
import { expect, test } from "vitest";
import { csvRecords } from "../../../src/compile/model-test/csv-rows.ts";

const fieldsOf = (text: string): unknown => {
  const records = csvRecords(text);
  return "fault" in records ? records : records.map((record) => record.fields);
};

test("fields, trimmed unless quoted; an empty one is null, an empty text is in quotes", () => {
  expect(fieldsOf('a, b ,c\n1,"x, ""y""",\r\n\n"",null,3')).toEqual([
    ["a", "b", "c"],
    ["1", 'x, "y"', null],
    ["", "null", "3"],
  ]);
  expect(fieldsOf("a,\n")).toEqual([["a", null]]);
  expect(fieldsOf("a,")).toEqual([["a", null]]);
  expect(fieldsOf(",")).toEqual([[null, null]]);
  expect(fieldsOf("")).toEqual([]);
  expect(fieldsOf(" \n\n")).toEqual([]);
});

test("lines are those of the text, also after a quoted line break", () => {
  const records = csvRecords('a\n"x\ny"\n\nb');
  expect("fault" in records ? [] : records.map((record) => record.line)).toEqual([1, 2, 5]);
});

test("open and stray quotes are refused with their line", () => {
  for (const text of ['a\nb"c\n', 'a\n"b\n', 'a\n"b"c\n']) expect(csvRecords(text), text).toMatchObject({ line: 2 });
});

test("whatever is written in quotes comes back", () => {
  const field = fc.option(fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 }), (rows) => {
      const text = rows.map((row) => row.map((value) => (value === null ? "" : `"${value.replaceAll('"', '""')}"`)).join(",")).join("\n");
      expect(fieldsOf(text)).toEqual(rows);
    }),
  );
});
