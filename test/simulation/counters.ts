/** How often what happened, over all seeds. */
export type Counters = Map<string, number>;

export function count(counters: Counters, what: string, times = 1): void {
  counters.set(what, (counters.get(what) ?? 0) + times);
}

export function addAll(counters: Counters, more: Counters): void {
  for (const [what, times] of more) count(counters, what, times);
}

export const countersText = (counters: Counters): string =>
  [...counters]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, times]) => `${String(times).padStart(8)} ${what}`)
    .join("\n");
