import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileProject } from "../../src/compile/compile.ts";
import type { Manifest } from "../../src/compile/manifest.ts";
import { bronze } from "../../src/define/bronze.ts";
import { check } from "../../src/define/check.ts";
import { incremental, snapshot, view } from "../../src/define/materialization.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { defineProject, type ProjectDefinition, postgres } from "../../src/define/project.ts";
import { csv } from "../../src/define/source.ts";
import { type Sql, sql } from "../../src/define/sql.ts";
import { type SqlFunctionDefinition, type SqlFunctionOptions, sqlFunction } from "../../src/define/sql-function.ts";
import { t } from "../../src/define/types.ts";
import { AssayError } from "../../src/errors.ts";
import { errorsOf, type TestAnalyzer, testAnalyzer } from "./analyzer.ts";

let world: TestAnalyzer;
beforeAll(async () => {
  world = await testAnalyzer({});
});
afterAll(() => world.analyzer.close());

const words = bronze("words", { from: csv("words.csv"), columns: { id: t.integer(), word: t.varchar(), x: t.varchar() }, key: ["id"] });

const one = (body: Sql, more: Partial<SqlFunctionOptions> = {}): SqlFunctionDefinition =>
  sqlFunction("shout", { params: { word: t.varchar() }, result: t.varchar(), duckdb: body, ...more });

const shout = one(sql`upper(word) || '!'`);

const loud = (query: Sql, more: Partial<ModelDefinition> = {}): ModelDefinition => ({
  ...model("silver.loud", { grain: ["id"], columns: { id: t.integer(), loud: t.varchar({ nullable: true }) }, sql: query }),
  ...more,
});

const plain = loud(sql`select id, shout(word) as loud from bronze.words`);

const plainProject = defineProject({ name: "p" });

/** With an environment on PostgreSQL. */
const bothEngines = {
  ...plainProject,
  environments: { ...plainProject.environments, pro: { engine: postgres("postgres://h/d") } },
} as unknown as ProjectDefinition;

/** Compiles with an analyzer of its own, as every command does. */
async function compiled(
  functions: readonly SqlFunctionDefinition[],
  models: readonly ModelDefinition[] = [plain],
  config: ProjectDefinition = plainProject,
): Promise<Manifest> {
  const { analyzer } = await testAnalyzer({});
  try {
    return await compileProject({ folder: ".", config, bronze: [words], models, functions, pipelines: [], sinks: [] }, analyzer);
  } finally {
    analyzer.close();
  }
}

const fingerprint = async (functions: readonly SqlFunctionDefinition[], models = [plain]): Promise<string | undefined> =>
  (await compiled(functions, models)).tables.find((table) => table.name === "silver.loud")?.fingerprint;

async function errorOf(functions: readonly SqlFunctionDefinition[], models?: readonly ModelDefinition[]): Promise<AssayError> {
  try {
    await compiled(functions, models);
  } catch (error) {
    if (error instanceof AssayError) return error;
    throw error;
  }
  throw new Error("it compiles");
}

describe("a function", () => {
  test("is called by its name, in any case, in quotes, in a template, and inside others", async () => {
    const twice = sqlFunction("twice", { params: { word: t.varchar() }, result: t.varchar(), duckdb: sql`shout(shout(word))` });
    const query = sql`
      select id, SHOUT ( word ) || "shout"(x) || ${twice}(word) || 'shout(x)' -- shout(x)
        || list_transform([word], lambda word: shout(word))[1] || case shout(word) when 'A!' then 'a' when 'B!' then 'b' else '' end as loud
      from bronze.words /* ü */ where shout(word) is not null`;
    const manifest = await compiled([twice, shout], [loud(query)]);
    expect(manifest.functions.map((item) => item.name)).toEqual(["shout", "twice"]);
    const [table] = manifest.tables.filter((item) => item.kind === "model");
    const call = manifest.functions[0]?.call ?? "";
    expect(call).toMatch(/^shout_[0-9a-f]{16}$/);
    expect(table?.sql.split(`assay_functions.${call}`)).toHaveLength(6);
    expect(table?.sql).toContain("'shout(x)' -- shout(x)");
  });

  test("is part of the fingerprint of what calls it: its body, types and the functions it calls, not its layout", async () => {
    const base = await fingerprint([shout]);
    expect(
      await fingerprint([
        one(sql`
      upper( word ) -- louder
      ||  '!' /* ! */`),
      ]),
    ).toBe(base);
    expect(await fingerprint([shout, sqlFunction("other", { params: {}, result: t.integer(), duckdb: sql`1` })])).toBe(base);
    expect(await fingerprint([one(sql`upper(word) || '?'`)])).not.toBe(base);
    expect(await fingerprint([one(sql`upper(word) || '!'`, { postgres: sql`upper(word)` })])).toBe(base);
    expect(
      await fingerprint([one(sql`1`, { result: t.integer() })], [loud(sql`select id, shout(word)::varchar as loud from bronze.words`)]),
    ).not.toBe(base);
    const through = (mark: string): readonly SqlFunctionDefinition[] => [
      one(sql`upper(word) || mark()`),
      sqlFunction("mark", { params: {}, result: t.varchar(), duckdb: { ...shout.bodies.duckdb, text: `'${mark}'` } as Sql }),
    ];
    expect(await fingerprint(through("!"))).not.toBe(await fingerprint(through("?")));
    const unused = loud(sql`select id, word as loud from bronze.words`);
    expect(await fingerprint([shout], [unused])).toBe(await fingerprint([one(sql`word`)], [unused]));
  });

  test("that a check, a touches query or a condition calls is part of the model's fingerprint too", async () => {
    const query = sql`select id, word as loud from bronze.words`;
    const models: readonly ModelDefinition[] = [
      loud(query, { checks: [check.expression("loud", "shout(loud) <> ''", { severity: "quarantine" })] }),
      loud(query, { checks: [check.sql("loud", "select * from {table} where shout(loud) = ''")] }),
      loud(query, { checks: [check.conserves("id", words, { measure: "length(shout(word))", severity: "warn" })] }),
      loud(query, {
        materialize: incremental({ by: ["loud"], touches: { "bronze.words": sql`select shout(word) as loud from "delta bronze.words"` } }),
      }),
      {
        ...loud(sql`select id, word as loud, date '2026-01-01' as at from bronze.words`, {
          materialize: snapshot({ at: "at", deleted: "shout(loud) = ''" }),
        }),
        columns: { id: t.integer(), loud: t.varchar(), at: t.date() },
      },
    ];
    for (const item of models)
      expect(await fingerprint([shout], [item]), JSON.stringify(item)).not.toBe(await fingerprint([one(sql`word`)], [item]));
  });

  test("follows changes as an expression of the row does, also where it makes the values of by", async () => {
    const manifest = await compiled(
      [shout],
      [{ ...plain, columns: { id: t.integer(), loud: t.varchar() }, materialize: incremental({ by: ["loud"] }) }],
    );
    const [table] = manifest.tables.filter((item) => item.kind === "model");
    expect(table?.incremental?.upstreams).toMatchObject([{ table: "bronze.words", kind: "linked" }]);
  });

  test("has bodies for the engines of the environments; they count there, but not their layout", async () => {
    const call = async (body: Sql): Promise<string | undefined> =>
      (await compiled([one(sql`upper(word)`, { postgres: body })], [plain], bothEngines)).functions[0]?.call;
    const base = await call(sql`upper(word) || '--'`);
    expect(
      await call(sql`
      upper( word ) /* big */ || '--' -- and marked
    `),
    ).toBe(base);
    expect(await call(sql`upper(word) || '-- '`)).not.toBe(base);
  });

  test("keeps its nullability to itself", async () => {
    const inferred = { ...plain, columns: null, grain: [] };
    const table = (await compiled([shout], [inferred])).tables.find((item) => item.name === "silver.loud");
    expect(table?.columns.find((column) => column.name === "loud")?.nullable).toBe(true);
  });

  test("goes into views", async () => {
    await expect(compiled([shout], [{ ...plain, materialize: view() }])).resolves.toBeDefined();
  });
});

describe("what is refused", () => {
  const bodies: readonly (readonly [string, SqlFunctionDefinition, string])[] = [
    [
      "a syntax error, on its line",
      one(sql`upper(word)
      'x'`),
      "SQL_SYNTAX function shout: ",
    ],
    ["another column", one(sql`upper(wrod)`), "COLUMN_UNKNOWN function shout: it has no parameter wrod"],
    ["a table", one(sql`(select max(word) from bronze.words)`), "FUNCTION_INVALID function shout: it holds a subquery"],
    ["a way out of the expression", one(sql`word) as a, (word`), "FUNCTION_INVALID function shout: it is not one expression"],
    ["two expressions", one(sql`word), (word`), "FUNCTION_INVALID function shout: it is not one expression"],
    ["an aggregate", one(sql`max(word)`), "FUNCTION_INVALID function shout: max() is an aggregate"],
    ["a window", one(sql`row_number() over ()::varchar`), "FUNCTION_INVALID function shout: it holds a window function"],
    ["several rows", one(sql`unnest([word])`), "FUNCTION_INVALID function shout: unnest() makes several rows of one"],
    ["chance", one(sql`word || random()`), "FUNCTION_INVALID function shout: random() has another value in every run"],
    ["the time", one(sql`word || current_date`), "FUNCTION_INVALID function shout: current_date has another value in every run"],
    ["a pipeline's parameter", one(sql`word || $x`), "FUNCTION_INVALID function shout: it uses a parameter of the pipeline"],
    ["a collation", one(sql`word collate nocase`), "FUNCTION_INVALID function shout: it holds COLLATE"],
    ["another type", one(sql`length(word)`), "FUNCTION_INVALID function shout: its result is declared VARCHAR, its body gives BIGINT"],
    [
      "digits that would be lost",
      one(sql`1.234`, { result: t.decimal(10, 2) }),
      "FUNCTION_INVALID function shout: its result is declared DECIMAL(10,2), its body gives DECIMAL(4,3)",
    ],
    ["an unknown function", one(sql`uper(word)`), "FUNCTION_UNKNOWN function shout: there is no function uper"],
    ["itself", one(sql`shout(word)`), "CYCLE functions depend on each other in a circle: shout → shout"],
    [
      "no body for the engine that types models",
      { ...shout, bodies: { postgres: sql`upper(word)` } },
      "FUNCTION_INVALID function shout: it has no body for duckdb",
    ],
    ["the engine's name", { ...shout, name: "upper" }, "NAME_INVALID function upper: the engine has a function or a word of this name"],
    [
      "an aggregate's name",
      { ...shout, name: "row_number" },
      "NAME_INVALID function row_number: the engine has a function or a word of this name",
    ],
    ["a macro's name", { ...shout, name: "geomean" }, "NAME_INVALID function geomean: the engine has a function or a word of this name"],
    [
      "a word of the language",
      { ...shout, name: "coalesce" },
      "NAME_INVALID function coalesce: the engine has a function or a word of this name",
    ],
    ["a reserved word", { ...shout, name: "select" }, "NAME_INVALID function select: the engine has a function or a word of this name"],
    ["another name", { ...shout, name: "Shout it" }, 'NAME_INVALID function "Shout it": this cannot be used as a name'],
    [
      "a parameter's name",
      { ...shout, params: { 'a"b': t.varchar() } },
      'NAME_INVALID function shout: parameter "a\\"b": this cannot be used as a name',
    ],
  ];
  test.each(bodies)("%s", async (_case, definition, message) => {
    const [first, ...others] = await errorsOf(() => compiled([definition], []));
    expect(first).toContain(message);
    expect(others).toEqual([]);
  });

  test("each on its line", async () => {
    const unknown = one(sql`
      upper(word)
      || wrod`);
    const syntax = one(sql`
      upper(word) || /*
      */ 'x' 'y'`);
    const start = (definition: SqlFunctionDefinition): number => definition.bodies.duckdb?.location.line ?? 0;
    const first = await errorOf([unknown]);
    expect(first.location).toEqual({ file: expect.stringContaining("functions.test.ts"), line: start(unknown) + 2 });
    expect(first.hint).toBe("did you mean word?");
    expect((await errorOf([syntax])).location?.line).toBe(start(syntax) + 2);
  });

  test("two of a name", async () => {
    expect(await errorsOf(() => compiled([shout, one(sql`word`)]))).toEqual(["NAME_DUPLICATE two definitions of the function shout"]);
  });

  test("a call of no function, with the nearest one and the line", async () => {
    const error = await errorOf(
      [shout],
      [
        loud(sql`select id,
      shuot(word) as loud from bronze.words`),
      ],
    );
    expect(error).toMatchObject({
      code: "FUNCTION_UNKNOWN",
      message: "silver.loud: there is no function shuot",
      hint: "did you mean shout?",
    });
    const engine = await errorOf([], [loud(sql`select id, uper(word) as loud from bronze.words`)]);
    expect(engine).toMatchObject({ code: "FUNCTION_UNKNOWN", hint: "did you mean upper?" });
  });

  test.each([
    [
      sql`select id, shout(id) as loud from bronze.words`,
      "SQL_INVALID silver.loud: shout() does not take these arguments: it is shout(word VARCHAR)",
    ],
    [
      sql`select id, shout(word, x) as loud from bronze.words`,
      "SQL_INVALID silver.loud: shout() does not take these arguments: it is shout(word VARCHAR)",
    ],
    [sql`select id, word.shout() as loud from bronze.words`, "SQL_INVALID silver.loud: shout() is called as a method or with a schema"],
    [sql`select id, main.shout(word) as loud from bronze.words`, "SQL_INVALID silver.loud: shout() is called as a method or with a schema"],
  ])("a call that does not fit %#", async (query, message) => {
    expect(await errorsOf(() => compiled([shout], [loud(query)]))).toEqual([message]);
  });

  test("a check that calls no function", async () => {
    const item = { ...plain, checks: [check.expression("x", "shuot(loud) <> ''")] };
    const error = await errorOf([shout], [item]);
    expect(error).toMatchObject({
      code: "CHECK_INVALID",
      message: 'silver.loud: check expression "x": there is no function shuot',
      hint: "did you mean shout?",
    });
  });
});
