import { functionSchema } from "../../ports/project-function.ts";
import { opsSchema } from "../sql/ops-views.ts";
import { tableSchemas } from "../sql/state-schema.ts";

/** Every schema the platform may have in an environment. */
export const platformSchemas = ["assay", ...tableSchemas, opsSchema, "assay_bronze", functionSchema] as const;

/** Where workers find their steps; what is in it belongs to pg-boss. */
export const queueSchema = "assay_queue";
