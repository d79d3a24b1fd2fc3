import { createHash } from "node:crypto";

/** Hash of plain data: equal data, equal text, whatever the order of keys. 16 hex digits are enough to tell definitions apart. */
export function fingerprintOf(data: unknown): string {
  return createHash("sha256").update(canonical(data)).digest("hex").slice(0, 16);
}

function canonical(data: unknown): string {
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
