import { describe, expect, it } from "vitest";
import { z } from "zod";
import { choosePipeline, pipelineParams, sampleParams } from "../../src/compile/params.ts";
import type { Project } from "../../src/compile/project.ts";
import { defineProject, type PipelineDefinition, pipeline } from "../../src/define/project.ts";
import { errorsOf } from "./analyzer.ts";

const projectOf = (...pipelines: readonly PipelineDefinition[]): Project => ({
  folder: ".",
  config: defineProject({ name: "p" }),
  bronze: [],
  models: [],
  pipelines,
  sinks: [],
});
const daily = pipeline("daily", {
  params: z.object({
    scale: z.boolean().default(false),
    multiplier: z.int().min(1).max(5).default(2),
    rate: z.number().default(0.5),
    region: z.enum(["north", "south"]).default("south"),
    note: z.string().default(""),
  }),
});
const defaults = { scale: false, multiplier: 2, rate: 0.5, region: "south", note: "" };

describe("pipelineParams", () => {
  it.each([
    [[], defaults],
    [["scale=true", "multiplier=+3"], { ...defaults, scale: true, multiplier: 3 }],
    [["rate=1e-3", "region=north"], { ...defaults, rate: 0.001, region: "north" }],
    [["note=a=b c"], { ...defaults, note: "a=b c" }],
    [["note=true"], { ...defaults, note: "true" }],
    [["note="], defaults],
    [["multiplier=3", "multiplier=4"], { ...defaults, multiplier: 4 }],
  ])("reads %j", async (texts, expected) => {
    expect(await pipelineParams(daily, texts)).toEqual(expected);
  });

  it.each([
    ["scale", /--param scale is not name=value/],
    ["=1", /is not name=value/],
    ["scael=true", /has no parameter scael/],
    ["constructor=1", /has no parameter constructor/],
    ["__proto__=1", /has no parameter __proto__/],
    ["scale=yes", /scale has to be true or false, not "yes"/],
    ["scale=", /scale has to be true or false/],
    ["multiplier=2.5", /multiplier has to be a whole number/],
    ["multiplier=9", /multiplier/],
    ["multiplier=99999999999999999999", /multiplier/],
    ["rate=", /rate has to be a number/],
    ["rate=Infinity", /rate has to be a number/],
    ["rate=0x", /rate has to be a number/],
    ["region=east", /region/],
  ])("refuses %s", async (text, message) => {
    const [error] = await errorsOf(() => pipelineParams(daily, [text]));
    expect(error).toMatch(/^PARAM_INVALID /);
    expect(error).toMatch(message);
  });

  it("needs a value for what has no default, and knows no parameters where none are declared", async () => {
    const strict = pipeline("strict", { params: z.object({ day: z.string() }) });
    expect(await errorsOf(() => pipelineParams(strict, []))).toEqual([expect.stringMatching(/^PARAM_INVALID .*day/)]);
    expect(await pipelineParams(pipeline("none"), [])).toEqual({});
    expect(await errorsOf(() => pipelineParams(pipeline("none"), ["a=1"]))).toEqual([
      expect.stringMatching(/^PARAM_INVALID .*no parameter a/),
    ]);
  });

  it.each([z.string(), z.object({ day: z.date() }), z.object({ n: z.bigint() })])(
    "refuses params that no command line can give",
    async (params) => {
      expect(await errorsOf(() => pipelineParams(pipeline("odd", { params }), []))).toEqual([
        expect.stringMatching(/^PROJECT_INVALID the params of pipeline odd/),
      ]);
    },
  );
});

describe("sampleParams", () => {
  it("has a value of the right type for every parameter of every pipeline", async () => {
    const other = pipeline("other", { params: z.object({ day: z.string(), size: z.int(), on: z.boolean(), kind: z.enum(["x"]) }) });
    expect(await sampleParams(projectOf(daily, other, pipeline("none")))).toEqual({ ...defaults, day: "", size: 0, on: false, kind: "x" });
  });
});

describe("choosePipeline", () => {
  it("takes the named one, the only one, or everything", async () => {
    const weekly = pipeline("weekly");
    expect(choosePipeline(projectOf(daily, weekly), "weekly")).toBe(weekly);
    expect(choosePipeline(projectOf(daily), null)).toBe(daily);
    expect(choosePipeline(projectOf(), null)).toMatchObject({ name: "all", select: ["*"], params: null });
    expect(await errorsOf(() => choosePipeline(projectOf(daily, weekly), null))).toEqual([
      expect.stringMatching(/^PIPELINE_UNKNOWN .*several/),
    ]);
    expect(await errorsOf(() => choosePipeline(projectOf(daily), "dayly"))).toEqual([expect.stringMatching(/^PIPELINE_UNKNOWN .*dayly/)]);
  });
});
