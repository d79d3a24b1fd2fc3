import { didYouMean } from "../../define/nearest-name.ts";
import { AssayError } from "../../errors.ts";
import type { Location, Params, ParamValue } from "../../terms.ts";
import { declaredParams } from "../params.ts";
import type { Project } from "../project.ts";

export interface ParamScope {
  readonly label: string;
  readonly location: Location;
  /** As written; YAML gives numbers as text. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Tables built and the parameters they use. */
  readonly uses: readonly { readonly name: string; readonly params: readonly string[] }[];
}

/** The parameters of a test's tables: as written, others with the pipelines' defaults. Throws PARAM_INVALID. */
export async function testParams(scope: ParamScope, project: Project): Promise<Params> {
  const { label, location, written } = scope;
  const declared = await declaredParams(project);
  const params: Record<string, ParamValue> = {};
  for (const [name, value] of Object.entries(written)) {
    const param = declared.get(name);
    if (param === undefined) {
      throw new AssayError("PARAM_INVALID", `${label}: no pipeline has a parameter ${name}`, {
        hint: didYouMean(name, [...declared.keys()]),
        location,
      });
    }
    const result = param.read(value);
    if ("fault" in result) throw new AssayError("PARAM_INVALID", `${label}: parameter ${name}: ${result.fault}`, { location });
    params[name] = result.value;
  }
  for (const { name, params: used } of scope.uses) {
    for (const param of used) {
      const value = params[param] ?? declared.get(param)?.value ?? null;
      if (value === null) {
        throw new AssayError("PARAM_INVALID", `${label}: ${name} uses $${param}, which has no default`, {
          hint: `give it a value: params: { ${param}: … }`,
          location,
        });
      }
      params[param] = value;
    }
  }
  return params;
}
