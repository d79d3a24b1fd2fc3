import { pipeline } from "assay";
import { z } from "zod";

export const daily = pipeline("daily", {
  description: "Every morning.",
  schedule: "0 6 * * *",
  select: ["+gold.*"],
  params: z.object({ min_total: z.number().min(0).default(10) }),
});
