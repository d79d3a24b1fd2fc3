import { expect, it } from "vitest";
import { parseDuration } from "../../src/define/duration.ts";

const day = 86_400_000;

it.each([
  ["90 days", 90 * day],
  ["1 day", day],
  ["36h", 1.5 * day],
  ["1.5 hours", 5_400_000],
  ["2 Minutes", 120_000],
  ["5 min", 300_000],
  [" 30 s ", 30_000],
  ["0 days", 0],
  ["3 weeks", 21 * day],
])("%s", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

it.each(["", "day", "10", "-1 day", "1e3 days", "3 months", "1 year", "1 day 2 h", "1 dayz", "Infinity days", "1 constructor"])(
  "%j is none",
  (text) => {
    expect(parseDuration(text)).toBeNull();
  },
);
