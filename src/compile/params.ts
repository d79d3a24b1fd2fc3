import { didYouMean } from "../define/nearest-name.ts";
import type { PipelineDefinition } from "../define/project.ts";
import { AssayError, messageOf } from "../errors.ts";
import type { Params, ParamValue } from "../terms.ts";
import type { Project } from "./project.ts";

interface Property {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
}

/** The pipeline to run: the named one, the only one, or one that selects everything. Throws PIPELINE_UNKNOWN. */
export function choosePipeline(project: Project, name: string | null): PipelineDefinition {
  const names = project.pipelines.map((pipeline) => pipeline.name);
  const [only, ...others] = project.pipelines;
  if (name !== null) {
    const found = project.pipelines.find((pipeline) => pipeline.name === name);
    if (found !== undefined) return found;
    throw new AssayError("PIPELINE_UNKNOWN", `there is no pipeline ${name}`, {
      hint: names.length === 0 ? "the project declares none; assay run without a name runs all tables" : didYouMean(name, names),
    });
  }
  if (only === undefined) {
    return {
      kind: "pipeline",
      name: "all",
      description: null,
      schedule: null,
      select: ["*"],
      params: null,
      retries: null,
      location: project.config.location,
    };
  }
  if (others.length === 0) return only;
  throw new AssayError("PIPELINE_UNKNOWN", "the project has several pipelines", { hint: `name one: assay run ${names.join(" | ")}` });
}

/** Parameter values from `--param name=value` texts and the pipeline's defaults. Throws PARAM_INVALID. */
export async function pipelineParams(pipeline: PipelineDefinition, texts: readonly string[]): Promise<Params> {
  const properties = await propertiesOf(pipeline);
  const given: Record<string, ParamValue> = {};
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals < 1)
      throw new AssayError("PARAM_INVALID", `--param ${text} is not name=value`, { hint: "write it like --param scale_data=true" });
    const name = text.slice(0, equals);
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property === undefined) {
      throw new AssayError("PARAM_INVALID", `pipeline ${pipeline.name} has no parameter ${name}`, {
        hint: Object.keys(properties).length === 0 ? "the pipeline declares no params" : didYouMean(name, Object.keys(properties)),
      });
    }
    given[name] = readValue(name, text.slice(equals + 1), property);
  }
  if (pipeline.params === null) return {};
  const result = pipeline.params.safeParse(given);
  if (result.success) return result.data as Params;
  const issues = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new AssayError("PARAM_INVALID", `parameters of pipeline ${pipeline.name} do not fit: ${issues.join("; ")}`, {
    hint: "give a value that the pipeline's params allow",
    location: pipeline.location,
  });
}

/** A value of the right type for every parameter of every pipeline, for typing SQL: its default, or a sample. */
export async function sampleParams(project: Project): Promise<Params> {
  const samples: Record<string, ParamValue> = {};
  for (const pipeline of project.pipelines) {
    for (const [name, property] of Object.entries(await propertiesOf(pipeline))) samples[name] ??= sampleOf(property);
  }
  return samples;
}

/** A parameter of a pipeline, for whoever gives it a value by other ways than the command line. */
export interface DeclaredParam {
  /** Its default; null when it has none. */
  readonly value: ParamValue | null;
  /** A value as written, in text or not, if it fits. */
  readonly read: (written: unknown) => { readonly value: ParamValue } | { readonly fault: string };
}

/** Every parameter of every pipeline. */
export async function declaredParams(project: Project): Promise<ReadonlyMap<string, DeclaredParam>> {
  const declared = new Map<string, DeclaredParam>();
  for (const pipeline of project.pipelines) {
    const fields = (pipeline.params as { readonly shape?: Readonly<Record<string, PipelineDefinition["params"]>> } | null)?.shape ?? {};
    for (const [name, property] of Object.entries(await propertiesOf(pipeline))) {
      if (declared.has(name)) continue;
      const { default: value = null } = property;
      declared.set(name, {
        value: isParamValue(value) ? value : null,
        read: (written) => {
          const converted = typeof written === "string" ? textValue(written, property) : written;
          const result = fields[name]?.safeParse(converted);
          if (result?.success === false) return { fault: result.error.issues.map((issue) => issue.message).join("; ") };
          const parsed = result === undefined ? converted : result.data;
          return isParamValue(parsed) ? { value: parsed } : { fault: "it is no text, number, true or false" };
        },
      });
    }
  }
  return declared;
}

const isParamValue = (value: unknown): value is ParamValue => ["string", "number", "boolean"].includes(typeof value);

/** A text as the property's type, or as it is when it is none: the property's own check then says so. */
function textValue(text: string, property: Property): unknown {
  if (property.type === "boolean" && (text === "true" || text === "false")) return text === "true";
  const isNumber = property.type === "integer" || property.type === "number";
  return isNumber && text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** The named ones, as far as they have a value. */
export function picked(params: Params, names: readonly string[]): Params {
  return Object.fromEntries(names.flatMap((name) => (params[name] === undefined ? [] : [[name, params[name]]])));
}

async function propertiesOf(pipeline: PipelineDefinition): Promise<Readonly<Record<string, Property>>> {
  const { params } = pipeline;
  if (params === null) return {};
  const { jsonSchemaOf } = await import("./json-schema-of.ts");
  const refuse = (problem: string, hint: string): AssayError =>
    new AssayError("PROJECT_INVALID", `the params of pipeline ${pipeline.name} ${problem}`, { hint, location: pipeline.location });
  const schema = jsonSchema(() => jsonSchemaOf(params), refuse);
  if (schema.type !== "object") throw refuse("are not a zod object", "write params: z.object({ … })");
  return (schema.properties ?? {}) as Readonly<Record<string, Property>>;
}

function jsonSchema<Schema>(read: () => Schema, refuse: (problem: string, hint: string) => AssayError): Schema {
  try {
    return read();
  } catch (error) {
    throw refuse(`cannot be written as text: ${messageOf(error)}`, "use strings, numbers, booleans and enums");
  }
}

function readValue(name: string, text: string, property: Property): ParamValue {
  const wrong = (expected: string): AssayError =>
    new AssayError("PARAM_INVALID", `parameter ${name} has to be ${expected}, not "${text}"`, {
      hint: `write it like --param ${name}=${sampleOf(property)}`,
    });
  switch (property.type) {
    case "boolean":
      if (text !== "true" && text !== "false") throw wrong("true or false");
      return text === "true";
    case "integer":
      if (!/^[+-]?\d+$/.test(text)) throw wrong("a whole number");
      return Number(text);
    case "number":
      if (text.trim() === "" || !Number.isFinite(Number(text))) throw wrong("a number");
      return Number(text);
    default:
      return text;
  }
}

function sampleOf(property: Property): ParamValue {
  const value = property.default ?? property.enum?.[0];
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (property.type === "boolean") return false;
  return property.type === "integer" || property.type === "number" ? 0 : "";
}
