const milliseconds: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** What a duration may look like, for hints. */
export const durationForm = 'a number of seconds, minutes, hours, days or weeks, e.g. "36 hours" or "90 days"';

/** Milliseconds of `90 days`, `36 h`, `1.5 hours`; null for any other text. Months and years differ in length, so they are none. */
export function parseDuration(text: string): number | null {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(s|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?)\s*$/i.exec(text);
  const length = milliseconds[found?.[2]?.[0]?.toLowerCase() ?? ""];
  return found === null || length === undefined ? null : Number(found[1]) * length;
}
