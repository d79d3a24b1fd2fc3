import { describe, onTestFinished, test } from "vitest";
import { attempts } from "./attempts.ts";
import { bronzeLoads } from "./bronze-loads.ts";
import { changeTracking } from "./change-tracking.ts";
import { checksBeforePublish } from "./checks-before-publish.ts";
import { chunks } from "./chunks.ts";
import { divertedRows } from "./diverted-rows.ts";
import { hostileTextsSection } from "./hostile-texts.ts";
import { incrementalModels } from "./incremental-models.ts";
import { independentSteps } from "./independent-steps.ts";
import { keptHistory } from "./kept-history.ts";
import { record } from "./record.ts";
import { refreshOrFull } from "./refresh-or-full.ts";
import { resume } from "./resume.ts";
import type { Capability, Suite } from "./suite.ts";
import { tablesAndViews } from "./tables-and-views.ts";
import { valueChunks } from "./value-chunks.ts";
import { type OpenedEngine, openWorld } from "./world.ts";

/** What an engine cannot do, and why: the tests that need it are skipped with this reason. */
export type Lacks = Readonly<Partial<Record<Capability, string>>>;

export interface ConformanceOptions {
  readonly lacks?: Lacks;
  /** Default: 1. */
  readonly faultsEvery?: number;
  /** Leaves out sections with no statement of their own. For another version of an engine that passes all of them. */
  readonly statementsOnly?: boolean;
}

/** About when statements run, and what values are in them. */
const notOfStatements: readonly string[] = ["resume after a fault", "independent steps", "hostile texts", "attempts at a step"];

/**
 * What Assay promises of every kind of table, whatever engine holds it. An adapter's test calls it once; `open` gives the engine and its
 * state store on a database that is empty and nobody else's.
 */
export function engineConformance(
  name: string,
  open: () => Promise<OpenedEngine>,
  { lacks = {}, faultsEvery = 1, statementsOnly = false }: ConformanceOptions = {},
): void {
  const suite: Suite = {
    faultsEvery,
    test: (title, work, { needs = [], timeout = 60_000 } = {}) => {
      test(title, { timeout }, async (context) => {
        for (const need of needs) {
          const reason = lacks[need];
          if (reason !== undefined) context.skip(`${name} lacks ${need.replaceAll("_", " ")}: ${reason}`);
        }
        const world = await openWorld(open);
        onTestFinished(() => world.close());
        await work(world);
      });
    },
  };
  const sections = {
    "bronze tables": bronzeLoads,
    "tables and views": tablesAndViews,
    "incremental models": incrementalModels,
    "refresh or full build": refreshOrFull,
    "append and snapshot": keptHistory,
    "change tracking": changeTracking,
    "checks before publish": checksBeforePublish,
    "rows in quarantine": divertedRows,
    "the record of a run": record,
    "resume after a fault": resume,
    "independent steps": independentSteps,
    "hostile texts": hostileTextsSection,
    "attempts at a step": attempts,
    "chunks of a file": chunks,
    "chunks of values": valueChunks,
  };
  describe(`${name} as an engine`, () => {
    for (const [title, section] of Object.entries(sections)) {
      if (!statementsOnly || !notOfStatements.includes(title)) describe(title, () => section(suite));
    }
  });
}
