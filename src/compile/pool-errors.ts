import { didYouMean } from "../define/nearest-name.ts";
import { AssayError } from "../errors.ts";
import type { Project } from "./project.ts";

/** Tables, models and sinks whose pool the project does not have. */
export function poolErrors({ config, bronze, models, sinks }: Project): readonly AssayError[] {
  const pools = Object.keys(config.pools);
  return [...bronze, ...models, ...sinks].flatMap(({ name, work, location }) => {
    if (work.pool === undefined || pools.includes(work.pool)) return [];
    const hint = pools.length === 0 ? `declare it in assay.config.ts: pools: { ${work.pool}: 1 }` : didYouMean(work.pool, pools);
    return [new AssayError("PROJECT_INVALID", `${name}: the project has no pool ${work.pool}`, { hint, location })];
  });
}
