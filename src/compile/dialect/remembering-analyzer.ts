import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";

/**
 * What carrying SQL over asks of DuckDB, each question once, for tables that stay as they are: a model's SELECT and what a refresh makes of it
 * have most of their parts in common. Texts that are wanted at the same time are printed by one query.
 */
export function rememberingAnalyzer(analyzer: SqlAnalyzer): SqlAnalyzer {
  const printed = new Map<string, Promise<string | null>>();
  const described = new Map<string, ReturnType<SqlAnalyzer["describe"]>>();
  let waiting: string[] = [];
  let next: Promise<readonly (string | null)[]> | null = null;
  let running: Promise<unknown> = Promise.resolve();
  const printOne = async (identity: string): Promise<string | null> => {
    const place = waiting.push(identity) - 1;
    // What comes while a query runs goes into the one after it.
    next ??= running.then(() => {
      const identities = waiting;
      waiting = [];
      next = null;
      const printing = analyzer.print(identities);
      running = printing.catch(() => undefined);
      return printing;
    });
    return (await next)[place] ?? null;
  };
  return {
    ...analyzer,
    print: (identities) => Promise.all(identities.map((identity) => remembered(printed, identity, () => printOne(identity)))),
    describe: (text, params) => remembered(described, JSON.stringify([text, params]), () => analyzer.describe(text, params)),
  };
}

function remembered<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const answer = ask();
  known.set(key, answer);
  return answer;
}
