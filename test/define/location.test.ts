import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { bronze } from "../../src/define/bronze.ts";
import { callSite } from "../../src/define/location.ts";
import { model } from "../../src/define/model.ts";
import { csv } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import type { Location } from "../../src/terms.ts";

const here = fileURLToPath(import.meta.url);
/** The line of this file that calls it. */
function line(): number {
  return callSite(line).line;
}

describe("callSite, in code vitest has transformed", () => {
  it("tells file and line of the call", () => {
    const expected = line() + 1;
    const table = bronze("x", { from: csv("x.csv"), columns: {} });
    expect(table.location).toEqual({ file: here, line: expected });
  });

  it("tells where a query of several lines starts", () => {
    const start = line();
    const definition = model("gold.x", {
      grain: [],
      columns: {},
      sql: sql`
        select 1
        from ${{ name: "bronze.x" }}`,
    });
    expect(definition.location.line).toBe(start + 1);
    expect(definition.sql.location).toEqual({ file: here, line: start + 4 });
  });

  it("tells it within functions, methods and asynchronous code", async () => {
    const found: Location[] = [];
    const start = line();
    [1].map(() => found.push(sql`1`.location));
    await Promise.resolve().then(() => found.push(sql`2`.location));
    await (async () => {
      await null;
      found.push(sql`3`.location);
    })();
    expect(found.map((place) => place.line - start)).toEqual([1, 2, 5]);
  });

  it("leaves the depth of stack traces as it was", () => {
    const before = Error.stackTraceLimit;
    sql`select 1`;
    expect(Error.stackTraceLimit).toBe(before);
  });
});

describe("callSite, under node alone", () => {
  it.each(["plain", "with space", "copy (1)", "é 日本", "a#b", "100%"])("knows a file in a folder named %s", (name) => {
    const root = mkdtempSync(join(tmpdir(), "assay-location-"));
    try {
      const folder = join(root, name);
      mkdirSync(folder);
      const file = join(folder, "m.ts");
      const source = fileURLToPath(new URL("../../src/define/sql.ts", import.meta.url));
      writeFileSync(
        file,
        `import { sql } from ${JSON.stringify(source)};\ninterface A { readonly b: string }\nconst f = () => sql\`\n  select 1\`;\nconsole.log(JSON.stringify([f().location, sql\`x\`.location] satisfies readonly unknown[]));\n`,
      );
      const output = execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", file], { encoding: "utf8" });
      expect(JSON.parse(output)).toEqual([
        { file, line: 3 },
        { file, line: 5 },
      ]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
