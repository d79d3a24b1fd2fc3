import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutToWidth, displayWidth } from "../../../src/cli/render/display-width.ts";
import { wrapText } from "../../../src/cli/render/wrap-text.ts";

describe("displayWidth", () => {
  it.each([
    ["abc", 3],
    ["訂單", 4],
    ["한국", 4],
    ["ｶﾅ", 2],
    ["Ａ", 2],
    ["é\u0301", 1],
    ["👩‍👩‍👧", 2],
    ["🇧🇷", 2],
    ["✓ → ▲ ◆", 7],
    ["\u200b", 0],
  ])("%j takes %d", (text, width) => expect(displayWidth(text)).toBe(width));
});

const text = fc.string({ unit: "grapheme", maxLength: 60 });

describe("cutToWidth", () => {
  it("fits, and changes nothing that fits already", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 40 }), (value, width) => {
        const cut = cutToWidth(value, width);
        expect(displayWidth(cut)).toBeLessThanOrEqual(width);
        if (displayWidth(value) <= width) expect(cut).toBe(value);
      }),
    );
  });
});

describe("wrapText", () => {
  it("fits and loses nothing but spaces", () => {
    fc.assert(
      fc.property(
        fc.array(text).map((words) => words.join(" ")),
        fc.integer({ min: 20, max: 60 }),
        (value, width) => {
          const lines = wrapText(value.replace(/^ +/, ""), width);
          for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
          expect(lines.join("").replaceAll(" ", "")).toBe(value.replaceAll(" ", ""));
        },
      ),
    );
  });
});
