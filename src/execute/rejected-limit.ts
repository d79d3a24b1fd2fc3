import type { MaxRejected } from "../define/max-rejected.ts";

/** Why so many refused rows are too many, or null: `maxRejected is 10`, `maxRejected is 1% of 1200 rows`. */
export function overLimit(limit: MaxRejected | null, refused: number, records: number): string | null {
  if (limit === null || refused === 0) return null;
  const { rows, share } = typeof limit === "number" ? { rows: limit, share: undefined } : limit;
  if (rows !== undefined && refused > rows) return `maxRejected is ${rows}`;
  if (share !== undefined && refused > share * records) return `maxRejected is ${Number((share * 100).toPrecision(6))}% of ${records} rows`;
  return null;
}
