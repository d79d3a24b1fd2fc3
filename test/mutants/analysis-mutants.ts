import { edit, type Mutant, tests } from "./mutant.ts";

const written = [tests("compile/incremental/counterexamples")];

/** The compiler maps changes to touched values in a wrong way; C1 to C19 are the counterexamples of docs/design/incremental.md. */
export const analysisMutants: readonly Mutant[] = [
  {
    name: "C1: deltas without old images",
    why: "the value that a row had before is not rebuilt, and keeps the row",
    file: "src/execute/refresh-statements.ts",
    edits: edit(
      "from (${rows}) as recorded group by ${list} having sum(${opColumn}) <> 0`",
      "from (${rows}) as recorded group by ${list} having sum(${opColumn}) > 0`",
    ),
    tests: written,
  },
  {
    name: "C2: tables without the rows they had",
    why: "rows deleted on both sides of a join at once lead nowhere",
    file: "src/execute/refresh-statements.ts",
    edits: edit("union all select ${list} from ${deltaName(table)} where ${opColumn} < 0`", "`"),
    tests: written,
  },
  {
    name: "C3: changes netted after projection",
    why: "a change of another column than the traced one cancels itself out",
    file: "src/compile/incremental/linker.ts",
    edits: edit(
      "`select distinct ${columnItems(names)} from ${deltaName(source.table)}`",
      '`select ${columnItems(names)} from ${deltaName(source.table)} group by all having sum("_op") <> 0`',
    ),
    tests: written,
  },
  {
    name: "C4: touched values compared with =",
    why: "rows of no value are never rebuilt",
    file: "src/execute/refresh-statements.ts",
    edits: edit(
      "sql.sameValue(`q.${quoteIdentifier(name)}`, `t.${quoteIdentifier(name)}`)",
      "`q.${quoteIdentifier(name)} = t.${quoteIdentifier(name)}`",
    ),
    tests: written,
  },
  {
    name: "C5: no variant without the optional side",
    why: "rows that found no match are not rebuilt",
    file: "src/compile/incremental/select-values.ts",
    edits: edit(
      "for (const missing of subsets(needed.nullable)) {\n      const sure =",
      "for (const missing of subsets(needed.nullable).slice(0, 1)) {\n      const sure =",
    ),
    tests: written,
  },
  {
    name: "C6: a changed row does not lead to the rows it leaves without a match",
    why: "a match that comes or goes leaves the null-extended row as it was",
    file: "src/compile/incremental/select-values.ts",
    edits: edit(
      "      // A missing leaf still drives:",
      "      if (missing.includes(leaf.id)) continue;\n      // A missing leaf still drives:",
    ),
    tests: written,
  },
  {
    name: "C7: touched values from one side of a join only",
    why: "of a table that is read twice one sight is followed",
    file: "src/compile/incremental/select-values.ts",
    edits: edit(
      "query.leaves.filter((item) => tablesOf(item.source).has(table))) {",
      "query.leaves.filter((item) => tablesOf(item.source).has(table)).slice(0, 1)) {",
    ),
    tests: written,
  },
  {
    name: "C8: tables of subqueries do not count",
    why: "a row that makes NOT EXISTS true or false changes nothing",
    file: "src/compile/incremental/read-block.ts",
    edits: edit("  await readProbes(node.where_clause, level, inner, builder, positive(node.where_clause));\n", ""),
    tests: written,
  },
  {
    name: "C9: the ON of a LEFT join binds its preserved side",
    why: "rows without a match are looked for by an equality that they do not keep",
    file: "src/compile/incremental/read-block.ts",
    edits: edit('type === "RIGHT" ? lefts : rights;', 'type === "RIGHT" ? lefts : new Set([...lefts, ...rights]);'),
    tests: written,
  },
  {
    name: "C11: windows see touched rows only",
    why: "other rows of the partition keep their old window values",
    file: "src/compile/incremental/select-values.ts",
    edits: edit("if (partition === null || isWithin(items, partition)) return", "if (partition === null || partition.length > 0) return"),
    tests: written,
  },
  {
    name: "C12: LIMIT is followed",
    why: "which rows it picks depends on all others",
    file: "src/compile/incremental/read-query.ts",
    edits: edit('if (node.modifiers.some((modifier) => modifier.type.includes("LIMIT")))', "if (node.modifiers.length < 0)"),
    tests: written,
  },
  {
    name: "C13: only the first side of a set operation",
    why: "a row that comes to the right side of EXCEPT takes nothing away",
    file: "src/compile/incremental/linker.ts",
    edits: edit(
      "const children = source.children.filter((child) => tablesOf(child).has(table));",
      "const children = source.children.filter((child) => tablesOf(child).has(table)).slice(0, 1).filter((child) => child === source.children[0]);",
    ),
    tests: written,
  },
  {
    name: "C14: an optional side restricted to touched values",
    why: "rows that have a match seem to have none",
    file: "src/compile/incremental/splice.ts",
    edits: edit("leaf.block === 0 && !leaf.probe && !leaf.nullable && !leaf.chosen", "leaf.block === 0 && !leaf.probe && !leaf.chosen"),
    tests: written,
  },
  {
    name: "C15: a CTE that is read twice restricted for one of its readers",
    why: "the other reader misses rows",
    file: "src/compile/incremental/splice.ts",
    edits: edit("leaf.cte === null || found.cteReads.get(leaf.cte.toLowerCase()) === 1", "leaf.cte === null || leaf.cte.length > 0"),
    tests: written,
  },
  {
    name: "C16: NOT IN followed like IN",
    why: "one NULL among the values empties the result",
    file: "src/compile/incremental/read-block.ts",
    edits: edit(
      'if (condition.class === "CONJUNCTION") return (condition.children ?? []).flatMap(positive);',
      'if (condition.class === "CONJUNCTION" || condition.class === "OPERATOR") return (condition.children ?? []).flatMap(positive);',
    ),
    tests: written,
  },
  {
    name: "C18: no outer filter",
    why: "rows of values that were not touched come in a second time",
    file: "src/execute/refresh-statements.ts",
    edits: edit("select q.* from ${ofTouched(`(${definition}\\n)`)}`", "select q.* from (${definition}\\n) as q`"),
    tests: written,
  },
  {
    name: "C19: an alias of an inner SELECT does not hide an outer column",
    why: "a condition is read as an equality with another column",
    file: "src/compile/incremental/resolve-column.ts",
    edits: edit('  if (alias !== undefined) return "unsure";\n', ""),
    tests: written,
  },
  {
    name: "only the first changed upstream is followed",
    why: "of two tables that change at once one is forgotten",
    file: "src/execute/refresh-statements.ts",
    edits: edit("const links = changed.flatMap(", "const links = changed.slice(0, 1).flatMap("),
    tests: written,
  },
];
