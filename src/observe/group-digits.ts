/** `118431` → `118,431`, `-20470726.66` → `-20,470,726.66`; exact for decimals given as text, anything else comes back as it is. */
export function groupDigits(number: number | string): string {
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(String(number));
  if (match === null) return String(number);
  return `${match[1] ?? ""}${(match[2] ?? "").replace(/\B(?=(\d{3})+$)/g, ",")}${match[3] ?? ""}`;
}

/** `1 row`, `118,431 rows`, `0 rows`; `plural` where an s is not enough. */
export function counted(number: number, noun: string, plural = `${noun}s`): string {
  return `${groupDigits(number)} ${number === 1 ? noun : plural}`;
}
