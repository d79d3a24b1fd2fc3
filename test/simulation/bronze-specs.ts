import type { Dice } from "./dice.ts";
import type { BronzeSpec, SimColumn } from "./scenario.ts";

const column = (name: string, type: SimColumn["type"], nullable: boolean): SimColumn => ({ name, type, nullable });

const base: readonly SimColumn[] = [
  column("id", "varchar", false),
  column("ref", "varchar", true),
  column("grp", "varchar", true),
  column("qty", "integer", true),
  column("price", "decimal", true),
  column("ts", "timestamp", false),
  column("op", "varchar", false),
];

/** One to four bronze tables of all loads and formats. */
export function bronzeSpecs(dice: Dice): readonly BronzeSpec[] {
  const count = dice.pick([1, 1, 2, 2, 2, 2, 3, 4]);
  return Array.from({ length: count }, (_, index) => bronzeSpec(dice, index));
}

function bronzeSpec(dice: Dice, index: number): BronzeSpec {
  const load = dice.pick(["replace", "append", "merge", "merge"] as const);
  const lines = load !== "append" && dice.chance(0.25);
  const key = lines ? ["id", "line"] : ["id"];
  return {
    name: `bronze.t${index + 1}`,
    // Parquet is read fastest by far, and the rest of the platform is the same for all.
    format: dice.chance(0.75) ? "parquet" : dice.pick(["csv", "csv", "json"] as const),
    load,
    key: load === "merge" || (load === "replace" && dice.chance(0.8)) ? key : [],
    deleted: load === "merge" && dice.chance(0.7) ? "op = 'D'" : null,
    columns: lines ? [...base, column("line", "integer", false)] : base,
    partitioned: dice.chance(0.15),
    chunks: null,
    dirt: 0.08,
  };
}

/** Some of the tables come with more rows that no contract takes; Parquet has no way to hold them. */
export function soiled(dice: Dice, spec: BronzeSpec): BronzeSpec {
  return dice.chance(0.15) ? { ...spec, format: dice.pick(["csv", "csv", "json"] as const), dirt: 0.3 } : spec;
}

/** Some of the tables that can be are loaded in chunks. */
export function loadedInChunks(dice: Dice, spec: BronzeSpec): BronzeSpec {
  if (spec.partitioned || !dice.chance(0.2)) return spec;
  return { ...spec, chunks: { rows: dice.pick([2, 4, 8]), concurrency: 1 + dice.below(3) } };
}
