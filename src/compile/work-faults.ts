import { durationForm, parseDuration } from "../define/duration.ts";
import { didYouMean } from "../define/nearest-name.ts";

type Faults = (string | null)[];

/** What is wrong with how a definition's steps are to be carried out. */
export function workFaults(work: unknown): Faults {
  if (!isRecord(work)) return ["how its steps are carried out is not an object"];
  const { retries, timeout, pool, priority } = work;
  return [
    ...(retries === undefined ? [] : retriesFaults(retries)),
    timeout === undefined || isLength(timeout) ? null : `timeout is ${JSON.stringify(timeout)}, no duration above 0: write ${durationForm}`,
    pool === undefined || (typeof pool === "string" && pool !== "") ? null : "pool is not a name",
    priority === undefined || Number.isInteger(priority) ? null : `priority is ${JSON.stringify(priority)}, no whole number`,
  ];
}

const retriesFields = ["limit", "delay", "backoff", "maxDelay", "jitter"];

/** What is wrong with retries. */
export function retriesFaults(retries: unknown): Faults {
  if (!isRecord(retries)) return ['retries is not { limit, delay, … }: write retries: { limit: 2, delay: "30 s" }'];
  const { limit, delay = "10 s", backoff = 2, maxDelay, jitter = 0.2 } = retries;
  const first = durationOf(delay);
  const longest = maxDelay === undefined ? first : durationOf(maxDelay);
  return [
    ...Object.keys(retries).map((name) =>
      retriesFields.includes(name) ? null : `retries has no ${name}; ${didYouMean(name, retriesFields)}`,
    ),
    Number.isInteger(limit) && Number(limit) >= 0 ? null : "retries.limit is not a whole number from 0",
    first !== null ? null : `retries.delay is ${JSON.stringify(delay)}, no duration: write ${durationForm}`,
    typeof backoff === "number" && backoff >= 1 && backoff <= 10 ? null : "retries.backoff is not a number from 1 to 10",
    longest !== null || first === null ? null : `retries.maxDelay is ${JSON.stringify(maxDelay)}, no duration: write ${durationForm}`,
    first === null || longest === null || longest >= first ? null : "retries.maxDelay is shorter than retries.delay",
    typeof jitter === "number" && jitter >= 0 && jitter <= 1 ? null : "retries.jitter is not a number from 0 to 1",
  ];
}

/** What is wrong with the project's pools. */
export function poolsFaults(pools: unknown): Faults {
  if (!isRecord(pools)) return ["pools is not { name: steps at the same time }"];
  return Object.entries(pools).map(([name, limit]) => {
    if (!/^[a-z][a-z0-9_-]{0,40}$/i.test(name)) return `pools: ${JSON.stringify(name)} is no name: write letters, digits, _ and -`;
    return Number.isInteger(limit) && Number(limit) >= 1 ? null : `pools.${name} is ${JSON.stringify(limit)}, no whole number from 1`;
  });
}

const durationOf = (value: unknown): number | null => (typeof value === "string" ? parseDuration(value) : null);
const isLength = (value: unknown): boolean => (durationOf(value) ?? 0) > 0;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
