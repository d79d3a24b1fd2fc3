import type { ContractColumn } from "../define/types.ts";

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
