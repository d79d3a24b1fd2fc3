import { quoteIdentifier } from "../../define/quote.ts";
import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { DialectQuery, GivenRelation, NotPortable, SqlDialect, TranslateOutcome, Transpiler } from "../../ports/sql-dialect.ts";
import type { CteEntry, QueryNode, SelectNode, SyntaxTree } from "../../ports/syntax-tree.ts";
import { exactTree, printable, printExactly } from "../incremental/exact-tree.ts";
import { type Carry, createCarry, lowerName } from "./carry.ts";
import { nameMark, quoteMark } from "./fragments.ts";
import { withPlaces } from "./located-tree.ts";
import { unmarkedNames, withMarkedNames } from "./marked-names.ts";
import { namedText } from "./named-text.ts";
import { plainQuery } from "./plain-query.ts";
import { portableMatch } from "./portable-pattern.ts";
import { rememberingAnalyzer } from "./remembering-analyzer.ts";
import { outermostScope } from "./scope.ts";
import { carriedQuery } from "./select.ts";

/**
 * PostgreSQL 15 and later. Structure and types are DuckDB's own (its tree and its binder); what differs is replaced in the tree, the rest is
 * the library's. A construct that is in no rule is refused. All tables are to be declared before the first query.
 */
export function postgresDialect(declared: SqlAnalyzer, transpiler: Transpiler): SqlDialect {
  const analyzer = rememberingAnalyzer(declared);
  return {
    engine: "PostgreSQL",
    key: "postgres",
    translate: async (query) => {
      const carried = await carry(query, analyzer);
      if ("refused" in carried) return carried;
      const text = await written(carried, carried.node, analyzer, transpiler);
      return text === null ? unprintable : { text: unmarkedNames(text), constructs: [...carried.carry.constructs].sort() };
    },
    translateExpression: async ({ text, over, columns, ...around }) => {
      const carried = await carry({ ...around, text: `${beforeExpression}${text}\n) as "value" from ${over}` }, analyzer);
      if ("refused" in carried) return { refused: carried.refused.map(withinExpression) };
      const { node, carry: found } = carried;
      const [item, ...others] = (node as SelectNode).select_list;
      if (item === undefined || others.length > 0) return refusal("this expression", null, "write one expression");
      const between = found.fragments.placeholder(`${edge}$1${edge}`, [item]);
      const whole = await written(carried, { ...node, select_list: [{ ...between, alias: "value" }] } as QueryNode, analyzer, transpiler);
      if (whole === null) return unprintable;
      const spelling = new Map(columns.map((name) => [lowerName(name), name]));
      const expression = unmarkedNames(whole.slice(whole.indexOf(edge) + edge.length, whole.lastIndexOf(edge)), spelling);
      return { text: expression, constructs: [...found.constructs].sort() };
    },
    pattern: (pattern) => {
      const portable = portableMatch(pattern);
      return "fix" in portable ? { construct: `the pattern ${pattern}`, offset: null, fix: portable.fix } : { text: portable.text };
    },
    named: async (text, names) => namedText(text, await transpiler.postgresTokens(text), names),
  };
}

const beforeExpression = "select (";

/** Stands before and after an expression in the text of a query. */
const edge = `${nameMark}edge${nameMark}`;

/** Rows of VALUES that are carried over: each is bound on its own. */
const longestValues = 100;

interface Carried {
  readonly node: QueryNode;
  readonly tree: SyntaxTree;
  readonly carry: Carry;
}

/** The query's tree in the target's terms. */
async function carry(query: DialectQuery, analyzer: SqlAnalyzer): Promise<Carried | { readonly refused: readonly NotPortable[] }> {
  const { text, params, given = [] } = query;
  const [parsed] = await analyzer.parse([text]);
  if (parsed === undefined || "failure" in parsed) return refusal("this text", null, parsed?.failure.message ?? "it does not parse");
  if (text.includes(nameMark)) return refusal("the character U+E0A5", null, "leave it out");
  if (text.includes(quoteMark)) return refusal("the character U+E0A6", null, "leave it out");
  if (/__assay_\d/i.test(text)) return refusal("the word __assay_ with a number", null, "leave it out: it marks what is replaced");
  const tree = exactTree(parsed.identity);
  const found = createCarry(query);
  const plain = await plainQuery(withPlaces(tree.node, parsed.tree.node), analyzer);
  if (plain.values > longestValues) return refusal(`VALUES of ${plain.values} rows`, null, "load them as a bronze table");
  if (plain.values > 0) found.used("VALUES");
  const scope = outermostScope(analyzer, tree, params).withCtes(await emptyRelations(given, analyzer));
  const node = await carriedQuery(plain.node, found, scope);
  return found.refused.length > 0 ? { refused: distinct(found.refused) } : { node, tree, carry: found };
}

/** The target's text, names still marked; null: DuckDB cannot print it. */
async function written(
  { tree, carry: found }: Carried,
  node: QueryNode,
  analyzer: SqlAnalyzer,
  transpiler: Transpiler,
): Promise<string | null> {
  const [printed] = await printExactly(analyzer, [withMarkedNames(printable(node)) as QueryNode], tree);
  return printed === null || printed === undefined ? null : found.fragments.filled(await transpiler.toPostgres(printed));
}

/** WITH entries of relations that the binder does not know otherwise. */
async function emptyRelations(given: readonly GivenRelation[], analyzer: SqlAnalyzer): Promise<readonly CteEntry[]> {
  if (given.length === 0) return [];
  const texts = given.map(({ name, columns }) => {
    const items = columns.map((column) => `cast(null as ${column.type}) as ${quoteIdentifier(column.name)}`);
    return `${quoteIdentifier(name)} as (select ${items.join(", ")} where false)`;
  });
  const [parsed] = await analyzer.parse([`with ${texts.join(", ")} select 1`]);
  if (parsed === undefined || "failure" in parsed) throw new Error(`relations that do not parse: ${parsed?.failure.message}`);
  return exactTree(parsed.identity).node.cte_map.map;
}

function refusal(construct: string, offset: number | null, fix: string): { readonly refused: readonly NotPortable[] } {
  return { refused: [{ construct, offset, fix }] };
}

const unprintable: TranslateOutcome = refusal("this query", null, "write it in simpler steps: DuckDB cannot print it exactly");

/** Places count from where the author's text starts. */
function withinExpression(item: NotPortable): NotPortable {
  return { ...item, offset: item.offset === null ? null : Math.max(0, item.offset - beforeExpression.length) };
}

function distinct(refused: readonly NotPortable[]): readonly NotPortable[] {
  return [...new Map(refused.map((item) => [JSON.stringify(item), item])).values()];
}
