import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { csv, json } from "../../../src/define/source.ts";
import { type Column, t } from "../../../src/define/types.ts";
import { fileReader, type Ingested, ingest, type TestReader } from "./file-reader.ts";

let reader: TestReader;
let folder: string;
beforeAll(async () => {
  reader = await fileReader();
  folder = mkdtempSync(join(tmpdir(), "assay-exact-"));
});
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

const jsonNumber = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/;

const writers: Readonly<Record<string, (texts: readonly string[]) => string>> = {
  csv: (texts) => `n,value\n${texts.map((text, index) => `${index},"${text}"\n`).join("")}`,
  json: (texts) => texts.map((text, index) => `{"n":${index},"value":${jsonNumber.test(text) ? text : JSON.stringify(text)}}\n`).join(""),
};
const formats = Object.keys(writers);

/** What the door makes of each text in a column of its own: the value, or null when the row is refused. */
async function read(format: string, texts: readonly string[], column: Column): Promise<Ingested & { values: (string | null)[] }> {
  const file = `values.${format}`;
  writeFileSync(join(folder, file), writers[format]?.(texts) ?? "");
  const found = await ingest(reader, format === "csv" ? csv(file) : json(file), folder, { n: t.integer(), value: column });
  expect(found.rows.length + found.refusals.length).toBe(texts.length);
  const values = texts.map(() => null as string | null);
  for (const row of found.rows) values[Number(row.n)] = String(row.value);
  return { ...found, values };
}

interface Case {
  readonly column: Column;
  /** Text → value kept. */
  readonly kept: Readonly<Record<string, string>>;
  /** Text → what the message says it would become; "" when it is no value of the type. */
  readonly refused: Readonly<Record<string, string>>;
}

const cases: Readonly<Record<string, Case>> = {
  "DECIMAL(10,2)": {
    column: t.decimal(10, 2),
    kept: {
      "12.34": "12.34",
      "12.3400": "12.34",
      "12.": "12.00",
      ".5": "0.50",
      "+007.10": "7.10",
      "  1.5 ": "1.50",
      "1e3": "1000.00",
      "1.e3": "1000.00",
      "1234e-2": "12.34",
      "123456789000000e-7": "12345678.90",
      "12340E-3": "12.34",
      "0.0000000000012e12": "1.20",
      "0.000000000000000000000000000000000000000000": "0.00",
      "0e-5": "0.00",
      "1_000.10": "1000.10",
      "99999999.99": "99999999.99",
      "-0.01": "-0.01",
    },
    refused: {
      "12.345": "12.35",
      "0.12345678901": "0.12",
      "1.00000000001": "1.00",
      "1.0000000000000000000000000000000000000000000000000001": "1.00",
      "-0.001": "0.00",
      "1.005 ": "1.01",
      "1_0.00_5": "10.01",
      "1e-3": "0.00",
      "12345E-3": "12.35",
      "123456789e-9": "0.12",
      "1e-400": "0.00",
      "99999999.999": "",
      "20.0e8": "",
      "1e99999999999": "",
      "1e5x": "",
      e5: "",
      "100000000": "",
      ten: "",
      "1,5": "",
      NaN: "",
    },
  },
  "DECIMAL(9,4)": {
    column: t.decimal(9, 4),
    kept: { "1.2345": "1.2345", "1.e-4": "0.0001" },
    refused: { "1.e-5": "0.0000", "1.e-05": "0.0000" },
  },
  "DECIMAL(10,0)": { column: t.decimal(10, 0), kept: { "5.0": "5", "15e0": "15" }, refused: { "1.5": "2", "15e-1": "2" } },
  "DECIMAL(38,38)": {
    column: t.decimal(38, 38),
    kept: { "0.12345678901234567890123456789012345678": "0.12345678901234567890123456789012345678" },
    refused: { "0.123456789012345678901234567890123456781": ".12345678901234567890123456789012345678", "1": "" },
  },
  INTEGER: {
    column: t.integer(),
    kept: {
      "5": "5",
      "5.0": "5",
      "5.": "5",
      "-05": "-5",
      "1e3": "1000",
      "-150e-1": "-15",
      "0x1F": "31",
      "0x1e": "30",
      "0b11": "3",
      "-2147483648": "-2147483648",
    },
    refused: {
      "1.5": "2",
      "-0.4": "0",
      ".5": "1",
      "15e-1": "2",
      "1e-1": "0",
      "1.0000000000000000000001": "1",
      "2147483647.4": "2147483647",
      "2147483648": "",
      true: "",
    },
  },
  SMALLINT: { column: t.smallint(), kept: { "-32768": "-32768" }, refused: { "32767.1": "32767", "32768": "" } },
  BIGINT: {
    column: t.bigint(),
    kept: { "9007199254740993": "9007199254740993", "9007199254740993.00": "9007199254740993" },
    refused: { "9007199254740993.5": "9007199254740994" },
  },
  DOUBLE: {
    column: t.double(),
    kept: { "0.1": "0.1", "1e300": "1e+300", "0e-999": "0", inf: "Infinity" },
    refused: { "1e400": "inf", "-1e400": "-inf", "1e-400": "0.0" },
  },
  DATE: {
    column: t.date(),
    kept: {
      "2020-01-01": "2020-01-01",
      "2020/1/1": "2020-01-01",
      " 2020-01-01 ": "2020-01-01",
      "2020-01-01 00:00": "2020-01-01",
      "2020-01-01T00:00:00.000Z": "2020-01-01",
      "2020-01-01 00:00:00+00:00": "2020-01-01",
      "0044-03-15 (BC)": "0044-03-15 (BC)",
    },
    refused: {
      "2020-01-01 10:30": "2020-01-01",
      "2020-01-01T10:30:00": "2020-01-01",
      "2020-01-01 00:00:00.000001": "2020-01-01",
      "2020-01-01T00:00:00+02:00": "2020-01-01",
      "2020-01-01 24:00:00": "2020-01-01",
      "2020-01-01 x": "2020-01-01",
      "20-1-1 -05": "0020-01-01",
      "2020-02-30": "",
    },
  },
  TIMESTAMP: {
    column: t.timestamp(),
    kept: {
      "2020-01-01": "2020-01-01 00:00:00",
      "2020-01-01 10:30": "2020-01-01 10:30:00",
      "2020-01-01T10:00:00": "2020-01-01 10:00:00",
      "2020-01-01T10:00:00Z": "2020-01-01 10:00:00",
      "2020-01-01T10:00:00.123456Z": "2020-01-01 10:00:00.123456",
      "2020-01-01 10:00:00.123456000": "2020-01-01 10:00:00.123456",
      "2020-01-01 10:00:00 UTC": "2020-01-01 10:00:00",
      "2020-01-01T10:00:00+02:00": "2020-01-01 08:00:00",
      "2020-01-01T10:00:00+02:00:30": "2020-01-01 07:59:30",
      "2020-01-01 23:00:00.5-0330 ": "2020-01-02 02:30:00.5",
      "2020-1-1 1:0:0+0200": "2019-12-31 23:00:00",
      "9999-12-31 23:59:59-01": "10000-01-01 00:59:59",
      infinity: "infinity",
    },
    refused: {
      "2020-01-01 10:00:00.1234567": "2020-01-01 10:00:00.123456",
      "2020-01-01T10:00:00.1234567+02:00": "2020-01-01 10:00:00.123456",
      "2020-01-01 10:00:00 Europe/Berlin": "",
      "2020-01-01 10:00:00 PM": "",
      "2020-13-01 10:00:00": "",
    },
  },
  TIME: {
    column: t.time(),
    kept: { "10:00": "10:00:00", "1:2:3": "01:02:03", "10:00:00.1234560": "10:00:00.123456" },
    refused: {
      "10:00:00.1234567": "10:00:00.123456",
      "10:00:00+02:00": "10:00:00",
      "10:00:00 PM": "10:00:00",
      "2020-01-01 10:00:00": "10:00:00",
      "2020-01-01": "00:00:00",
      "25:00:00": "",
    },
  },
};

describe.each(formats)("%s", (format) => {
  describe.each(Object.entries(cases))("%s", (type, { column, kept, refused }) => {
    test("keeps what it can hold", async () => {
      const { values, refusals } = await read(format, Object.keys(kept), column);
      expect(refusals).toEqual([]);
      expect(Object.fromEntries(Object.keys(kept).map((text, index) => [text, values[index]]))).toEqual(kept);
    });

    test("refuses the rest and says what would be lost", async () => {
      const texts = Object.keys(refused);
      const { values, refusals } = await read(format, [...texts, Object.keys(kept)[0] ?? ""], column);
      expect(values.slice(0, -1)).toEqual(texts.map(() => null));
      const typed = `${/^[AI]/.test(type) ? "an" : "a"} ${type}`;
      const first = format === "csv" ? 2 : 1;
      expect(refusals.map(({ row_number, column: name, reason, message }) => ({ row_number, name, reason, message }))).toEqual(
        Object.entries(refused).map(([text, rounded], index) => ({
          row_number: index + first,
          name: "value",
          reason: "type",
          message: `value: ${JSON.stringify(text)} ${rounded === "" ? `is not ${typed}` : `would become ${rounded} as ${typed}`}`,
        })),
      );
      expect(refusals[0]?.raw).toBe(writers[format]?.(texts).split("\n")[first - 1]);
    });
  });

  test("a sensitive value is not told, nor what it would become", async () => {
    const { refusals } = await read(format, ["12.345"], t.decimal(10, 2, { sensitive: true }));
    expect(refusals[0]?.message).toBe("value: *** would be rounded or cut as a DECIMAL(10,2)");
  });
});

test("the usual spellings are read once", async () => {
  const usual: readonly (readonly [Column, readonly string[]])[] = [
    [t.integer(), ["1", "-1", "100000", "-100000", "5.0"]],
    [t.decimal(10, 2), ["1", "1.2", "1.23", "-1.23", "1000", "1.2300"]],
    [t.double(), ["1", "1.5e-7"]],
    [t.date(), ["2020-01-01", "2020-01-01 00:00:00"]],
    [t.timestamp(), ["2020-01-01 10:00:00", "2020-01-01T10:00:00.123Z", "2020-01-01T10:00:00+02:00", "2020-01-01"]],
  ];
  for (const [column, texts] of usual) expect((await read("csv", texts, column)).strict).toBe(true);
});

/** The integer `text` · 10^scale, null when it is none. */
function scaled(text: string, scale: number): bigint | null {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = /^([-+]?)([0-9]*)\.?([0-9]*)(?:[eE]([-+]?[0-9]+))?$/.exec(text) ?? [];
  const digits = BigInt(`${whole}${fraction}`) * (sign === "-" ? -1n : 1n);
  const shift = scale - fraction.length + Number(exponent);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return digits % divisor === 0n ? digits / divisor : null;
}

const digits = (maxLength: number) =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 3 }),
    fc.string({ unit: fc.constantFrom(..."00123456789"), maxLength }),
  );

const numberText = fc
  .tuple(
    fc.constantFrom("", "", "-", "+"),
    digits(40),
    fc.option(digits(45)),
    fc.string({ unit: fc.constant("0"), maxLength: 4 }),
    fc.option(fc.tuple(fc.constantFrom("e", "E"), fc.constantFrom("", "+", "-"), fc.nat(12)), { freq: 3 }),
  )
  .map(
    ([sign, whole, fraction, zeros, exponent]) =>
      `${sign}${whole}${fraction === null ? "" : `.${fraction}${zeros}`}${exponent?.join("") ?? ""}`,
  )
  .filter((text) => /^[-+]?(\.?[0-9])/.test(text));

const limits = { smallint: 2n ** 15n, integer: 2n ** 31n, bigint: 2n ** 63n };
const numberColumn: fc.Arbitrary<{ column: Column; scale: number; fits: (value: bigint) => boolean }> = fc.oneof(
  fc
    .integer({ min: 1, max: 38 })
    .chain((precision) => fc.tuple(fc.constant(precision), fc.nat(precision)))
    .map(([precision, scale]) => ({
      column: t.decimal(precision, scale),
      scale,
      fits: (value: bigint) => value < 10n ** BigInt(precision) && value > -(10n ** BigInt(precision)),
    })),
  fc.constantFrom("smallint" as const, "integer" as const, "bigint" as const).map((kind) => ({
    column: t[kind](),
    scale: 0,
    fits: (value: bigint) => value < limits[kind] && value >= -limits[kind],
  })),
);

test.each(formats)("a number in %s is kept exactly when its column holds it exactly", { timeout: 120_000 }, async (format) => {
  await fc.assert(
    fc.asyncProperty(numberColumn, fc.array(numberText, { minLength: 1, maxLength: 60 }), async ({ column, scale, fits }, texts) => {
      const { values } = await read(format, texts, column);
      texts.forEach((text, index) => {
        const exact = scaled(text, scale);
        const expected = exact === null || !fits(exact) ? null : exact;
        const value = values[index] ?? null;
        expect({ text, value: value === null ? null : scaled(value, scale) }).toEqual({ text, value: expected });
      });
    }),
    { numRuns: 60 },
  );
});

const timeText = fc.record({
  seconds: fc.integer({ min: Date.UTC(1000, 0) / 1000, max: Date.UTC(9998, 0) / 1000 }),
  fraction: fc.option(fc.tuple(fc.string({ unit: fc.constantFrom(..."0012"), minLength: 1, maxLength: 9 }))),
  offset: fc.option(fc.tuple(fc.constantFrom(1, -1), fc.nat(13), fc.nat(59), fc.constantFrom(":", "", null))),
  separator: fc.constantFrom(" ", "T"),
});

test.each(formats)(
  "a time in %s is kept in UTC exactly when it has no digits below the microsecond",
  { timeout: 120_000 },
  async (format) => {
    const padded = (value: number): string => String(value).padStart(2, "0");
    await fc.assert(
      fc.asyncProperty(fc.array(timeText, { minLength: 1, maxLength: 40 }), async (times) => {
        const texts = times.map(({ seconds, fraction, offset, separator }) => {
          const [date, time] = new Date(seconds * 1000).toISOString().slice(0, 19).split("T");
          const [sign, hours, minutes, colon] = offset ?? [];
          const zone =
            hours === undefined || minutes === undefined
              ? ""
              : `${sign === 1 ? "+" : "-"}${padded(hours)}${typeof colon === "string" ? `${colon}${padded(minutes)}` : ""}`;
          return `${date}${separator}${time}${fraction === null ? "" : `.${fraction[0]}`}${zone}`;
        });
        const { values } = await read(format, texts, t.timestamp());
        times.forEach(({ seconds, fraction, offset }, index) => {
          const [sign = 1, hours = 0, minutes = 0, colon = null] = offset ?? [];
          const utc = seconds - sign * (hours * 3600 + (typeof colon === "string" ? minutes * 60 : 0));
          const exact = /^[0-9]{0,6}0*$/.test(fraction?.[0] ?? "");
          const micros = (fraction?.[0] ?? "").slice(0, 6).replace(/0+$/, "");
          const expected = `${new Date(utc * 1000).toISOString().slice(0, 19).replace("T", " ")}${micros === "" ? "" : `.${micros}`}`;
          expect({ text: texts[index], value: values[index] }).toEqual({ text: texts[index], value: exact ? expected : null });
        });
      }),
      { numRuns: 60 },
    );
  },
);
