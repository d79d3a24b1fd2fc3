import type { Expression, SyntaxTree } from "../../ports/syntax-tree.ts";
import { walk } from "./exact-tree.ts";
import { unstableFunctions, unstableKeywords } from "./unstable-functions.ts";

/** Calls in a model's SQL of which the value is another at another time, as they are written. */
export function unstableCalls(trees: readonly SyntaxTree[]): readonly string[] {
  const found = new Set<string>();
  walk(trees, (item) => {
    const expression = item as unknown as Expression;
    const name = (expression.function_name ?? "").toLowerCase();
    // The age of one time is that until now.
    const isAge = name === "age" && expression.children?.length === 1;
    if ((item.class === "FUNCTION" || item.class === "WINDOW") && (unstableFunctions.has(name) || isAge)) found.add(`${name}()`);
    if (item.class === "COLUMN_REF") {
      const names = expression.column_names ?? [];
      const keyword = names.at(-1)?.toLowerCase() ?? "";
      if (names.length === 1 ? unstableKeywords.has(keyword) : keyword === "rowid") found.add(keyword);
    }
    return true;
  });
  return [...found];
}
