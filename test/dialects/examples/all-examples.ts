import { aggregates } from "./aggregates.ts";
import { casts } from "./casts.ts";
import { dates } from "./dates.ts";
import type { Example } from "./example.ts";
import { mixed } from "./mixed.ts";
import { numbers } from "./numbers.ts";
import { queries } from "./queries.ts";
import { texts } from "./texts.ts";

/** Every area with its queries: what a model may use on PostgreSQL is what stands here. */
export const allExamples: Readonly<Record<string, readonly Example[]>> = { queries, numbers, texts, dates, casts, aggregates, mixed };
