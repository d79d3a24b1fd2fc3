import { createHash } from "node:crypto";

/** Hash of plain data: equal data, equal text, whatever the order of keys. 16 hex digits are enough to tell definitions apart. */
export function fingerprintOf(data: unknown): string {
  return createHash("sha256").update(canonical(data)).digest("hex").slice(0, 16);
}

/** Data as text, whatever the order of keys. */
export function canonical(data: unknown): string {
  if (Array.isArray(data)) return `[${data.map(canonical).join(",")}]`;
  if (data !== null && typeof data === "object") {
    const entries = Object.entries(data)
      .filter(([key, value]) => value !== undefined && key !== "query_location")
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`);
    return `{${entries.join(",")}}`;
  }
  return JSON.stringify(data) ?? "null";
}

/** Fingerprint of a definition that tells its parts apart: `sql:<hash> contract:<hash> …`. */
export function fingerprintOfParts(parts: Readonly<Record<string, unknown>>): string {
  return Object.entries(parts)
    .map(([part, data]) => `${part}:${fingerprintOf(data)}`)
    .join(" ");
}

/** The parts in which two fingerprints differ; null where one of them does not tell its parts apart. */
export function changedParts(old: string, now: string): readonly string[] | null {
  const [before, after] = [partsOf(old), partsOf(now)];
  if (before === null || after === null) return null;
  return [...new Set([...after.keys(), ...before.keys()])].filter((part) => before.get(part) !== after.get(part));
}

function partsOf(fingerprint: string): ReadonlyMap<string, string> | null {
  const parts = fingerprint.split(" ").map((part) => part.split(":"));
  return parts.every((part) => part.length === 2) ? new Map(parts.map(([part = "", hash = ""]) => [part, hash] as const)) : null;
}
