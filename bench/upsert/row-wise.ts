/**
 * node row-wise.ts URL FILE
 *
 * Brings a CSV file of transactions into shop.transactions as glue scripts do: the text of one MERGE per row, ten rows to a message, one transaction.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import pg from "pg";

const rowsOfMessage = 10;
const [url = "", file = ""] = process.argv.slice(2);
const client = new pg.Client({ connectionString: url });
await client.connect();
await client.query("begin");
let texts: string[] = [];
let isHeader = true;
for await (const line of createInterface({ input: createReadStream(file) })) {
  if (!isHeader) texts.push(mergeOf(line.split(",")));
  isHeader = false;
  if (texts.length < rowsOfMessage) continue;
  await client.query(texts.join(";"));
  texts = [];
}
if (texts.length > 0) await client.query(texts.join(";"));
await client.query("commit");
await client.end();

function mergeOf([id = "", customer = "", day = "", amount = ""]: readonly string[]): string {
  return `merge into shop.transactions as t
using (select ${id} as transaction_id, '${customer.replaceAll("'", "''")}' as customer, date '${day}' as happened_on, ${amount} as amount) as s
on t.transaction_id = s.transaction_id
when matched then update set customer = s.customer, happened_on = s.happened_on, amount = s.amount
when not matched then insert values (s.transaction_id, s.customer, s.happened_on, s.amount)`;
}
