import { toJSONSchema, type ZodType } from "zod";

/** What a pipeline's params take, as JSON Schema. Throws for what JSON Schema cannot say. Loaded when the first such pipeline is read. */
export const jsonSchemaOf = (params: ZodType) => toJSONSchema(params, { io: "input" });
