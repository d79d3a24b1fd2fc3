import type { ContractColumn } from "../define/types.ts";
import type { ModelTable } from "./manifest.ts";

/** Columns a snapshot table has beyond those of its SQL. */
export const snapshotColumns: readonly ContractColumn[] = [
  {
    name: "valid_from",
    type: { kind: "timestamp" },
    nullable: false,
    description: "Source time from which the version holds, inclusive; the first version is open at the start.",
    sensitive: false,
  },
  {
    name: "valid_to",
    type: { kind: "timestamp" },
    nullable: false,
    description: "Source time up to which the version holds, exclusive; the current version is open at the end.",
    sensitive: false,
  },
  {
    name: "is_current",
    type: { kind: "boolean" },
    nullable: false,
    description: "Is this the version that holds now?",
    sensitive: false,
  },
];

const isOwn = (name: string): boolean => !snapshotColumns.some((column) => column.name === name);

/** The columns that a table's SQL yields: of a snapshot those that it adds are left out. */
export const ownColumns = ({ materialize, columns }: Pick<ModelTable, "materialize" | "columns">): readonly ContractColumn[] =>
  materialize.kind === "snapshot" ? columns.filter(({ name }) => isOwn(name)) : columns;

/** The part of a table's grain that its SQL yields: of a snapshot the key, of which it holds the versions. */
export const ownKey = ({ materialize, grain }: Pick<ModelTable, "materialize" | "grain">): readonly string[] =>
  materialize.kind === "snapshot" ? grain.filter(isOwn) : grain;
