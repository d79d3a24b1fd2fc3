/** Marks in docs/reference/sql.md between which the tables stand. */
const opening = "<!-- constructs: written by test/dialects, do not edit -->";
const closing = "<!-- /constructs -->";

const titles: Readonly<Record<string, string>> = {
  function: "Functions",
  operator: "Operators",
  aggregate: "Aggregates",
  window: "Window functions",
  cast: "Casts",
  try_cast: "Casts",
};

/** The page with its tables made of the constructs that the suite has executed, each with the first query that uses it. */
export function pageWith(page: string, examples: ReadonlyMap<string, string>): string {
  const [start, end] = [page.indexOf(opening), page.indexOf(closing)];
  if (start < 0 || end < 0) throw new Error("docs/reference/sql.md has lost its marks");
  return `${page.slice(0, start)}${opening}\n\n${tablesOf(examples)}\n\n${page.slice(end)}`;
}

function tablesOf(examples: ReadonlyMap<string, string>): string {
  const sections = new Map<string, string[]>([["Queries and conditions", []]]);
  for (const [construct, sql] of [...examples].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [kind = "", ...rest] = construct.split(" ");
    const title = construct.endsWith(" in FROM") ? undefined : Object.hasOwn(titles, kind) ? titles[kind] : undefined;
    const name = title === undefined || title === "Casts" ? construct : rest.join(" ");
    const lines = sections.get(title ?? "Queries and conditions") ?? [];
    lines.push(`| ${cell(name)} | ${cell(shortened(sql))} |`);
    sections.set(title ?? "Queries and conditions", lines);
  }
  return [...sections]
    .map(([title, lines]) => `### ${title}\n\n| construct | for example |\n| --- | --- |\n${lines.join("\n")}`)
    .join("\n\n");
}

/** The expression alone where the query is a frame around it. */
function shortened(sql: string): string {
  const expression = /^select (?:id, |product, )?(.*) as x from silver\.\w+(?: group by product)?$/s.exec(sql)?.[1];
  return (expression ?? sql).replace(/\s+/g, " ");
}

const cell = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``;

/** As a Markdown formatter lays tables out or not: only the words count. */
export const words = (page: string): string => page.replace(/-{3,}/g, "---").replace(/[ \t]+/g, " ");
