/**
 * The statements of models and nothing else: CREATE TABLE AS, one after the other, in a database file laid out as Assay's.
 *
 * node bench/overhead/create-tables.ts DATABASE STATEMENTS.json ROW_GROUP_SIZE → one line of JSON: { seconds, tables: { name: seconds } }
 */
import { readFileSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";

const [database = "", statements = "", rowGroupSize = ""] = process.argv.slice(2);
const models = JSON.parse(readFileSync(statements, "utf8")) as readonly { readonly name: string; readonly select: string }[];
const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
await connection.run(`attach '${database}' as warehouse (row_group_size ${rowGroupSize}); use warehouse`);
await connection.run("create schema if not exists silver; create schema if not exists gold");
const tables: Record<string, number> = {};
const begun = performance.now();
for (const { name, select } of models) {
  const started = performance.now();
  await connection.run(`create or replace table ${name} as ${select}`);
  tables[name] = (performance.now() - started) / 1000;
}
console.log(JSON.stringify({ seconds: (performance.now() - begun) / 1000, tables }));
connection.closeSync();
instance.closeSync();
