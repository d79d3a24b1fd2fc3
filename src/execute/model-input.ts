import { fingerprintOf } from "../compile/fingerprint.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { inputsOf, paramsOf, type Run } from "./context.ts";

/** Equal where a full build would make the same rows: of the same versions of what it reads, by the same SQL, with the same parameters. */
export function modelInput(run: Run, table: ModelTable): string {
  const versions = Object.entries(inputsOf(run, table)).map(([name, version]) => {
    // A table that was removed and came back counts its versions anew.
    const commit = run.commits.get(name as ModelTable["name"])?.findLast((item) => item.version === version);
    return [name, version, commit?.run_id ?? null];
  });
  const splice = table.incremental?.splice ?? {};
  return fingerprintOf({
    versions,
    fingerprint: table.fingerprint,
    sql: [table.select, "text" in splice ? splice.text : null],
    params: paramsOf(run, table),
  });
}
