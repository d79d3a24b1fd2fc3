import { describe, expect, it } from "vitest";
import { renderError } from "../../../src/cli/render/render-error.ts";
import { AssayError } from "../../../src/errors.ts";
import { expectGolden, plain } from "./golden.ts";

const unknown = new AssayError("COLUMN_UNKNOWN", "gold.daily_revenue reads orders.totl, which does not exist", {
  hint: "Did you mean total?",
  location: { file: "models/gold/daily-revenue.ts", line: 12 },
});

describe("renderError", () => {
  it("says what, where and what to do", () => expectGolden(renderError(unknown, plain), "error"));

  it("needs neither place nor hint", () => expectGolden(renderError(new AssayError("INTERNAL", "a fault"), plain), "error-bare"));

  it("shows every error found in one pass, with their number", () =>
    expectGolden(
      renderError(
        new AssayError("SQL_SYNTAX", `syntax error at "form"\nselect a\nform b\n\u0020\u0020\u0020\u0020^ ${"very long ".repeat(20)}`, {
          hint: `Write from. ${"An explanation that goes on. ".repeat(8)}`,
          location: { file: "models/gold/x.sql", line: 2 },
          others: [unknown],
        }),
        plain,
      ),
      "error-several",
    ));

  it("colours the code", () =>
    expect(renderError(unknown, { color: true, width: 80 })).toContain("\u001b[31merror COLUMN_UNKNOWN\u001b[39m"));
});
