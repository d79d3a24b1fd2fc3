import type { BronzeTable, Manifest, ManifestSink, ManifestTable, ModelTable } from "../../src/compile/manifest.ts";
import { csv } from "../../src/define/source.ts";
import type { SourceFile } from "../../src/ports/source.ts";
import type { IngestedFile, Publication, State } from "../../src/ports/state-store.ts";
import type { Layer, TableName } from "../../src/terms.ts";

const location = { file: "x.ts", line: 1 };

function base(name: TableName, dependencies: readonly TableName[]) {
  const shared = {
    description: null,
    columns: [],
    grain: [],
    checks: [],
    maxRejected: null,
    tags: [],
    params: [],
    tracked: false,
    location,
  };
  return {
    ...shared,
    name,
    layer: name.split(".")[0] as Layer,
    upstreams: dependencies,
    dependencies,
    fingerprint: `definition of ${name}`,
  };
}

export function bronzeTable(name: TableName, more: Partial<BronzeTable> = {}): BronzeTable {
  const rest = {
    source: csv("x.csv"),
    load: "replace",
    schema: "freeze",
    deleted: null,
    partitionBy: [],
    replicate: null,
    contractFingerprint: "c",
  } as const;
  return { ...base(name, []), kind: "bronze", ...rest, ...more };
}

export function modelTable(name: TableName, dependencies: readonly TableName[], more: Partial<ModelTable> = {}): ModelTable {
  const ledger = { keeps: null, where: null, thenRemovedBy: null, upstreams: [], params: [], measure: null };
  return {
    ...base(name, dependencies),
    kind: "model",
    materialize: { kind: "table" },
    sql: "",
    select: "",
    indexes: {},
    fanOut: {},
    orphans: [],
    joins: [],
    ledger,
    incremental: null,
    ...more,
  };
}

export function manifestOf(tables: readonly ManifestTable[], sinks: readonly ManifestSink[] = []): Manifest {
  return { project: "p", tables, functions: [], sinks };
}

export function sinkTo(name: string, ...tables: readonly TableName[]): ManifestSink {
  return {
    name,
    to: { kind: "postgres", schemaPrefix: null, url: "postgres://h/d" },
    schema: "s",
    tables,
    fingerprint: `sink ${name}`,
    location,
  };
}

/** A publication of version 1, made from version 1 of what the table depends on. */
export function publicationOf(table: ManifestTable, more: Partial<Publication> = {}): Publication {
  const inputs = {
    ...Object.fromEntries(table.dependencies.map((name) => [name, "1"])),
    ...(table.kind === "bronze" ? { lake: "/lake" } : {}),
  };
  return {
    subject: table.name,
    version: "1",
    run_id: "1",
    fingerprint: table.fingerprint,
    inputs,
    params: {},
    rows: 1,
    content: null,
    cost: null,
    published_at: "",
    ...more,
  };
}

export function stateOf(publications: readonly Publication[], files: readonly IngestedFile[] = []): State {
  return { publications: new Map(publications.map((item) => [item.subject, item])), files, commits: new Map() };
}

export function sourceFile(name: string, sha256 = "1"): SourceFile {
  return { path: `/data/${name}`, name, bytes: 1, stamp: "s", stampedAt: 0, sha256 };
}

export function ingestedFile(table: TableName, name: string, sha256 = "1"): IngestedFile {
  const counts = { bytes: 1, rows: 1, quarantined: 0, replicas: 1, stamped_at: 0, sequence: 1 };
  return {
    table,
    batch_id: "b",
    name,
    path: `/elsewhere/${name}`,
    sha256,
    stamp: "other",
    contract_fingerprint: "c",
    files: "",
    replay_of: null,
    ...counts,
  };
}
