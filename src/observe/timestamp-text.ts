/** An ISO 8601 moment in UTC for people: `2026-11-21 06:00:00Z`, `2026-11-21 06:00Z`, or to the millisecond `2026-11-21 06:00:00.123Z`. */
export function timestampText(at: string, precision: "minutes" | "seconds" | "milliseconds" = "seconds"): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return at;
  return `${moment.toISOString().replace("T", " ").slice(0, lengths[precision])}Z`;
}

const lengths = { minutes: 16, seconds: 19, milliseconds: 23 } as const;
