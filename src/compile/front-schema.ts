import * as z from "zod";

const column = z.union([
  z.string(),
  z.strictObject({
    type: z.string(),
    nullable: z.boolean().optional(),
    description: z.string().optional(),
    sensitive: z.boolean().optional(),
  }),
]);

/** What the opening comment of a `.sql` file may hold. Loaded when the first such file is read. */
export const frontSchema = z.strictObject({
  description: z.string().optional(),
  grain: z.array(z.string()).optional(),
  columns: z.record(z.string(), column).optional(),
  materialize: z
    .union([
      z.enum(["table", "view", "append"]),
      z.strictObject({
        incremental: z.strictObject({
          by: z.array(z.string()).min(1),
          touches: z.record(z.string(), z.string()).optional(),
          ignoreChanges: z.array(z.string()).optional(),
          chunks: z.strictObject({ values: z.int().min(1), concurrency: z.int().min(1).optional() }).optional(),
        }),
      }),
      z.strictObject({
        snapshot: z.strictObject({ at: z.string(), deleted: z.string().optional(), missing: z.enum(["keep", "close"]).optional() }),
      }),
    ])
    .optional(),
  checks: z.array(z.record(z.string(), z.unknown())).optional(),
  maxRejected: z
    .union([z.int().min(0), z.strictObject({ rows: z.int().min(0).optional(), share: z.number().min(0).max(1).optional() })])
    .optional(),
  indexes: z.record(z.string(), z.array(z.string())).optional(),
  tags: z.array(z.string()).optional(),
  fanOut: z.record(z.string(), z.string()).optional(),
  retries: z.unknown().optional(),
  timeout: z.unknown().optional(),
  pool: z.unknown().optional(),
  priority: z.unknown().optional(),
});

export type Front = z.infer<typeof frontSchema>;
