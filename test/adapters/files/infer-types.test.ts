import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inferredKinds, inferTypes } from "../../../src/adapters/files/infer-types.ts";
import { quoteText } from "../../../src/define/quote.ts";
import { fileReader, type TestReader } from "./file-reader.ts";

let reader: TestReader;
beforeAll(async () => {
  reader = await fileReader();
});
afterAll(() => reader.close());

async function inferred(values: readonly (string | null)[]): Promise<readonly string[]> {
  const rows = values.map((value) => `(${value === null ? "null" : quoteText(value)})`).join(", ");
  const [types] = await inferTypes(`(values ${rows}) as v(text)`, [{ text: "text", candidates: inferredKinds }], reader);
  return (types ?? []).map((type) => type.kind);
}

describe("inferTypes", () => {
  it.each<[readonly (string | null)[], readonly string[]]>([
    [
      ["1", "-20", "0"],
      ["bigint", "double", "varchar"],
    ],
    [
      ["1", null, "2.50"],
      ["double", "varchar"],
    ],
    [
      ["true", "false"],
      ["boolean", "varchar"],
    ],
    [
      ["2026-01-01", "1999-12-31"],
      ["date", "varchar"],
    ],
    [
      ["2026-01-01 10:00:00", "2026-01-01T10:00:00.250"],
      ["timestamp", "varchar"],
    ],
    [["10:00:00"], ["time", "varchar"]],
    [[null], []],
    // A cast would take all of these, and change them.
    [["007"], ["varchar"]],
    [["+1"], ["varchar"]],
    [["1e3"], ["varchar"]],
    [["1."], ["varchar"]],
    [[" 1"], ["varchar"]],
    [["1_000"], ["varchar"]],
    [["0x10"], ["varchar"]],
    [["TRUE", "yes"], ["varchar"]],
    [["infinity", "nan"], ["varchar"]],
    [["epoch"], ["varchar"]],
    [["01/02/2026"], ["varchar"]],
    [["2026-02-30"], ["varchar"]],
    [["2026-01-01 10:00:00+02"], ["varchar"]],
    [["2026-01-01 10:00:00.1234567"], ["varchar"]],
    [["9223372036854775808"], ["varchar"]],
    [["9007199254740993"], ["bigint", "varchar"]],
    [["0.12345678901234567890"], ["varchar"]],
    [["1", "x"], ["varchar"]],
    [[""], ["varchar"]],
  ])("%j: %j", async (values, expected) => {
    expect(await inferred(values)).toEqual(expected);
  });

  it("takes no type that loses a digit of a number", async () => {
    const number = fc.tuple(fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }), fc.stringMatching(/^[0-9]{0,18}$/));
    const texts = fc.array(
      number.map(([whole, fraction]) => (fraction === "" ? `${whole}` : `${whole}.${fraction}`)),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(texts, async (values) => {
        const kinds = await inferred(values);
        const fitsBigint = values.every((value) => /^-?\d+$/.test(value) && BigInt.asIntN(64, BigInt(value)) === BigInt(value));
        expect(kinds.includes("bigint")).toBe(fitsBigint);
        // JavaScript prints a double with the fewest digits that tell it apart, which is what it holds.
        const plain = (text: string): string => text.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
        const lossy = values.some(
          (value) => !/e/.test(String(Number(value))) && plain(value) !== String(Number(value)) && plain(value) !== "-0",
        );
        if (lossy) expect(kinds).not.toContain("double");
      }),
      { numRuns: 200 },
    );
  });
});
