import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** A function that sends SQL through `assay query --json` and returns `{ columns, rows }`; a query that fails throws what it printed. */
export function queryWith({ node, root, project, options }) {
  return (sql) => {
    const args = [join("bin", "assay.js"), "query", sql, "--project", project, ...options, "--json"];
    const { status, stdout, stderr, error } = spawnSync(node, args, { cwd: root, encoding: "utf8" });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`${stderr}${stdout}`.trim());
    return JSON.parse(stdout);
  };
}

const grouped = (cell) => (/^-?\d+(\.\d+)?$/.test(cell) ? cell.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",") : cell);

const isNumber = (cell) => /^-?[\d,]+(\.\d+)?$/.test(cell);

/** Columns side by side, numbers to the right, thousands separated. */
function layOut({ columns, rows }) {
  const cells = rows.map((row) => row.map((cell) => (cell === null ? "–" : grouped(String(cell)))));
  const widths = columns.map((column, at) => Math.max(column.length, ...cells.map((row) => row[at].length)));
  const right = columns.map(
    (_, at) => cells.some((row) => isNumber(row[at])) && cells.every((row) => isNumber(row[at]) || row[at] === "–"),
  );
  const line = (row) =>
    `  ${row.map((cell, at) => (right[at] ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join("   ")}`.trimEnd();
  return [line(columns), line(widths.map((width) => "─".repeat(width))), ...cells.map(line)].join("\n");
}

const quoteIdentifier = (name) => `"${name.replaceAll('"', '""')}"`;
const quoteText = (text) => `'${text.replaceAll("'", "''")}'`;

function rowCounts(query) {
  const { rows } = query("select table_name from information_schema.tables where table_schema = 'gold' order by table_name");
  const counts = rows.map(
    ([name]) => `select ${quoteText(`gold.${name}`)} as "table", count(*) as "rows" from gold.${quoteIdentifier(name)}`,
  );
  return counts.length === 0 ? { columns: ["table", "rows"], rows: [] } : query(`${counts.join(" union all ")} order by 1`);
}

const attempt = (what, work) => {
  try {
    return work();
  } catch (error) {
    return `  ${what} cannot be shown: ${error instanceof Error ? error.message : error}`;
  }
};

const next = (data) => `What to try next
  npx assay runs list --project examples/nova-retail             every run; \`assay runs show <run>\` has its steps, checks and row ledger
  npx assay quarantine list --project examples/nova-retail       the rows refused at the door, with reasons
  npx assay query "select * from gold.sales_summary order by total_revenue desc limit 10" --project examples/nova-retail
  change a line in ${data}/olist_sellers_dataset.csv and run \`npm start\` again: only what depends on it is rebuilt
  OLIST_DIR=<folder of the real Olist files> npm start           the same on the real data
  WAREHOUSE_URL=postgres://user:password@host:5432/db npm start  and publish the gold tables to PostgreSQL`;

/** The closing words of `npm start`: what was built, that it balances, what to try next. */
export function report({ query, succeeded, data }) {
  if (!succeeded) return `\nThe run did not succeed; the reason is above. Every run: npx assay runs list --project examples/nova-retail`;
  return [
    "",
    "What was built: the gold tables",
    attempt("the gold tables", () => layOut(rowCounts(query))),
    "",
    "That it balances: revenue at the source, in the original (faithful) fact, and at the right grain",
    attempt("the reconciliation", () => layOut(query("select * from gold.revenue_reconciliation"))),
    "",
    next(data),
  ].join("\n");
}
