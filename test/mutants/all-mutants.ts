import { analysisMutants } from "./analysis-mutants.ts";
import { chunkMutants } from "./chunk-mutants.ts";
import { commitMutants } from "./commit-mutants.ts";
import { historyMutants } from "./history-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { planMutants } from "./plan-mutants.ts";
import { publishMutants } from "./publish-mutants.ts";
import { recordMutants } from "./record-mutants.ts";
import { refreshMutants } from "./refresh-mutants.ts";

export const allMutants: readonly Mutant[] = [
  ...analysisMutants,
  ...refreshMutants,
  ...publishMutants,
  ...historyMutants,
  ...recordMutants,
  ...planMutants,
  ...commitMutants,
  ...chunkMutants,
];
