import { AssayError } from "../errors.ts";
import type { Location } from "../terms.ts";
import type { Project } from "./project.ts";

interface Named {
  readonly name: string;
  readonly location: Location;
}

const tableName = /^(?:bronze|silver|gold)\.[A-Za-z_][A-Za-z0-9_]*$/;
const plainName = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** Names that cannot be used, or are used twice. */
export function nameErrors(project: Project): readonly AssayError[] {
  const tables: readonly Named[] = [...project.bronze, ...project.models];
  return [
    ...tables.flatMap((table) => badName(table, tableName, "letters, digits and _ after the layer, e.g. gold.daily_revenue")),
    ...[...project.pipelines, ...project.sinks].flatMap((item) => badName(item, plainName, "letters, digits, - and _")),
    ...[...project.bronze, ...project.models].flatMap((table) =>
      Object.keys(table.columns ?? {}).flatMap((name, index, names) => badColumn(table, name, names.slice(0, index))),
    ),
    ...duplicates(tables, "table"),
    ...duplicates(project.pipelines, "pipeline"),
    ...duplicates(project.sinks, "sink"),
  ];
}

/** Names of candidates and of evolved tables end so: the candidate of gold.x would meet a table gold.x__candidate. */
const reservedEnds = ["__candidate", "__evolved"];

function badName(item: Named, pattern: RegExp, rule: string): readonly AssayError[] {
  const reserved = reservedEnds.find((end) => item.name.toLowerCase().endsWith(end));
  if (reserved !== undefined) {
    return [
      new AssayError("NAME_INVALID", `${item.name} ends in ${reserved}`, {
        hint: "such names belong to the platform",
        location: item.location,
      }),
    ];
  }
  if (pattern.test(item.name)) return [];
  return [
    new AssayError("NAME_INVALID", `${JSON.stringify(item.name)} cannot be used as a name`, {
      hint: `use ${rule}`,
      location: item.location,
    }),
  ];
}

function badColumn(table: Named, name: string, earlier: readonly string[]): readonly AssayError[] {
  const other = earlier.find((item) => item.toLowerCase() === name.toLowerCase());
  if (other !== undefined) {
    return [
      new AssayError("NAME_DUPLICATE", `${table.name}: the columns ${other} and ${name} differ in case only`, {
        hint: "SQL does not tell them apart: rename one",
        location: table.location,
      }),
    ];
  }
  if (name !== "" && !name.startsWith("_")) return [];
  return [
    new AssayError("NAME_INVALID", `${table.name}: the column name ${JSON.stringify(name)} cannot be used`, {
      hint: "names that start with _ belong to the platform",
      location: table.location,
    }),
  ];
}

function duplicates(items: readonly Named[], what: string): readonly AssayError[] {
  const first = new Map<string, Named>();
  const errors: AssayError[] = [];
  for (const item of items) {
    const earlier = first.get(item.name.toLowerCase());
    if (earlier === undefined) first.set(item.name.toLowerCase(), item);
    else {
      errors.push(
        new AssayError("NAME_DUPLICATE", `two definitions of the ${what} ${item.name}`, {
          hint: `the other one stands in ${earlier.location.file}:${earlier.location.line}; rename or remove one`,
          location: item.location,
        }),
      );
    }
  }
  return errors;
}
