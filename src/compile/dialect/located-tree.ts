import type { QueryNode } from "../../ports/syntax-tree.ts";

/** Byte offset in the author's text. A symbol survives copies of a node and is left out of its JSON. */
const place = Symbol("place");

type Part = { readonly [key: string]: unknown; readonly [place]?: number };

/** The exact tree with the places of the located one: both stand for the same text. */
export function withPlaces(exact: QueryNode, located: QueryNode): QueryNode {
  return merged(exact, located) as QueryNode;
}

function merged(exact: unknown, located: unknown): unknown {
  if (Array.isArray(exact)) return exact.map((item, index) => merged(item, Array.isArray(located) ? located[index] : undefined));
  if (!isPart(exact) || "rawJSON" in exact || !isPart(located)) return exact;
  const entries = Object.entries(exact).map(([key, value]) => [key, merged(value, located[key])] as const);
  const offset = located.query_location;
  return { ...Object.fromEntries(entries), ...(Number.isSafeInteger(offset) ? { [place]: offset } : {}) };
}

/** Where a part of a tree stands; the nearest place within it when it has none itself. */
export function offsetOf(part: unknown): number | null {
  if (Array.isArray(part)) return part.map(offsetOf).find((offset) => offset !== null) ?? null;
  if (!isPart(part) || "rawJSON" in part) return null;
  return part[place] ?? offsetOf(Object.values(part).filter((value) => typeof value === "object"));
}

function isPart(part: unknown): part is Part {
  return typeof part === "object" && part !== null && !Array.isArray(part);
}
