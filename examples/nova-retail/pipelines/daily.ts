import { pipeline } from "assay";
import { z } from "zod";

export const daily = pipeline("daily", {
  description: "Everything, every morning at six (UTC). The parameters make load-test copies of the sources.",
  schedule: "0 6 * * *",
  params: z.object({
    scale_data: z.boolean().default(false),
    scale_multiplier: z.int().min(1).max(5).default(2),
  }),
});
