/** A row as a snapshot's SQL yields it. */
export interface ObservedRow {
  readonly key: string;
  /** Microseconds since 1970. */
  readonly at: bigint;
  readonly deleted: boolean;
  /** Everything but key and time. */
  readonly attributes: string;
  /** The row itself, to be given back. */
  readonly row: Readonly<Record<string, unknown>>;
}

interface Version extends ObservedRow {
  /** Made up because the key was missing, or came back without a time of its own. */
  readonly inferred: boolean;
}

/** What is known of each key: its versions by time. */
export type History = ReadonlyMap<string, readonly Version[]>;

export interface Validity {
  readonly row: ObservedRow["row"];
  /** Microseconds since 1970; null: open. */
  readonly from: bigint | null;
  readonly to: bigint | null;
}

const byTime = (a: Version, b: Version): number => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0);

const later = (now: bigint, last: Version): bigint => (now > last.at + 1n ? now : last.at + 1n);

/** The history after a look at the source; null: two different versions of a key at one time cannot be placed. */
export function observe(history: History, rows: readonly ObservedRow[], now: bigint, missing: "keep" | "close"): History | null {
  const seen = Map.groupBy(rows, (row) => row.key);
  const next = new Map(history);
  for (const [key, found] of seen) {
    const known = history.get(key) ?? [];
    const last = known.at(-1);
    const versions = new Map(known.map((version) => [version.at, version] as const));
    const placed = new Map<bigint, ObservedRow>();
    for (const row of found) {
      const twin = placed.get(row.at);
      if (twin !== undefined && (twin.attributes !== row.attributes || twin.deleted !== row.deleted)) return null;
      placed.set(row.at, row);
    }
    const newest = [...placed.keys()].sort((a, b) => (a < b ? -1 : 1)).at(-1);
    for (const row of placed.values()) {
      // Back without a time of its own: it holds from when it was seen again.
      const isBack = missing === "close" && last?.inferred === true && row.at === newest && row.at <= last.at;
      const inferred = isBack && !(last.deleted && row.deleted);
      const at = !inferred ? row.at : last.deleted ? later(now, last) : last.at;
      const old = versions.get(at);
      if (old !== undefined && old.attributes === row.attributes && old.deleted === row.deleted) continue;
      versions.set(at, { ...row, at, inferred });
    }
    next.set(key, [...versions.values()].sort(byTime));
  }
  if (missing === "keep") return next;
  for (const [key, known] of history) {
    const last = known.at(-1);
    if (seen.has(key) || last === undefined || last.deleted) continue;
    next.set(key, [...known, { ...last, at: later(now, last), deleted: true, inferred: true }]);
  }
  return next;
}

/** From when to when each version holds: equal ones in a row are one, a deletion ends the one before it. */
export function validities(history: History): readonly Validity[] {
  return [...history.values()].flatMap((versions) => {
    const changes = versions.filter((version, index) => {
      const before = versions[index - 1];
      return before === undefined || before.attributes !== version.attributes || before.deleted !== version.deleted;
    });
    return changes.flatMap((version, index): readonly Validity[] =>
      version.deleted ? [] : [{ row: version.row, from: index === 0 ? null : version.at, to: changes[index + 1]?.at ?? null }],
    );
  });
}
