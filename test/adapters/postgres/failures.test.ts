import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { postgresSink } from "../../../src/adapters/postgres/index.ts";
import { t } from "../../../src/define/types.ts";
import type { SinkTable } from "../../../src/ports/sink.ts";
import { tcpProxy } from "./tcp-proxy.ts";
import { openWarehouse, refusal, tableOf, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse.close());

const large: SinkTable = tableOf(
  "large",
  { id: t.integer(), text: t.varchar() },
  { primaryKey: ["id"], indexes: { large_text: ["text"] } },
);
const largeRows = "(select i::integer as id, repeat('text ', 20) || i as text from range(1000000) r(i))";
const small = "(select 7::integer as id, 'seven' as text)";
const one = "(select 1::integer as id)";
const idOnly = (name: string) => tableOf(name, { id: t.integer() }, { primaryKey: ["id"] });
const address = (change: (url: URL) => void) => {
  const url = new URL(warehouse.server.url);
  change(url);
  return url.href;
};

beforeEach(async () => {
  await warehouse.load(large, small);
});

async function tableStands(): Promise<void> {
  expect(await warehouse.sql("select id, text from gold.large")).toEqual([{ id: 7, text: "seven" }]);
}

/** Process ids of COPY statements under way, once there are some and rows have come in. */
async function copying(): Promise<readonly number[]> {
  for (;;) {
    const found = await warehouse.sql("select pid from pg_stat_progress_copy where tuples_processed > 1000");
    if (found.length > 0) return found.map(({ pid }) => Number(pid));
    await setTimeout(5);
  }
}

test("nothing listens there", async () => {
  const error = await refusal(warehouse.load(large, small, { url: "postgres://user:s3cret@127.0.0.1:1/db" }));
  expect(error).toMatchObject({ code: "SINK_UNREACHABLE", retryable: true });
  expect(error.message).toBe("PostgreSQL at 127.0.0.1:1 cannot be reached: connection refused");
  expect(error.hint).toBe("start the server or correct host and port, then run again");
});

test("localhost with several addresses", async () => {
  const { message } = await refusal(warehouse.load(large, small, { url: "postgres://user:s3cret@localhost:1/db" }));
  expect(message).toBe("PostgreSQL at localhost:1 cannot be reached: connection refused");
});

test("no such host", async () => {
  const { code, message } = await refusal(warehouse.load(large, small, { url: "postgres://user:s3cret@nowhere.invalid:5432/db" }));
  expect(code).toBe("SINK_UNREACHABLE");
  expect(message).toMatch(/^PostgreSQL at nowhere\.invalid:5432 cannot be reached: no such host \((ENOTFOUND|EAI_AGAIN)\)$/);
});

test("a server that takes the connection and says nothing", async () => {
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const bound = silent.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  const error = await refusal(
    warehouse.load(large, small, { url: `postgres://u:s3cret@127.0.0.1:${bound.port}/db`, patience: { connect: 300 } }),
  );
  expect(error.code).toBe("SINK_UNREACHABLE");
  expect(error.message).toBe(`PostgreSQL at 127.0.0.1:${bound.port} cannot be reached: no answer in time`);
  silent.close();
});

test("wrong password", async () => {
  const error = await refusal(warehouse.load(large, small, { url: address((url) => (url.password = "wrong-s3cret")) }));
  expect(error).toMatchObject({ code: "SINK_DENIED", retryable: false });
  expect(error.message).toContain('refused user "assay": password authentication failed for user "assay"');
  expect(JSON.stringify(error.report())).not.toContain("s3cret");
});

test("no password", async () => {
  const { code, message } = await refusal(warehouse.load(large, small, { url: address((url) => (url.password = "")) }));
  expect(code).toBe("SINK_DENIED");
  expect(message).toContain('asks user "assay" for a password');
});

test("unknown database", async () => {
  const { code, message, hint } = await refusal(warehouse.load(large, small, { url: address((url) => (url.pathname = "/nope")) }));
  expect(code).toBe("SINK_DENIED");
  expect(message).toBe(`PostgreSQL at 127.0.0.1:${warehouse.server.port} has no database "nope"`);
  expect(hint).toBe("create it (CREATE DATABASE) or correct the connection address");
});

test("no permission", async () => {
  await warehouse.sql("create role poor login password 'poor'");
  const url = address((parts) => {
    parts.username = "poor";
    parts.password = "poor";
  });
  const schema = await refusal(warehouse.load({ ...large, schema: "not_mine" }, small, { url }));
  expect(schema.code).toBe("SINK_DENIED");
  expect(schema.message).toMatch(
    /^not_mine\.large: user "poor" may not do this while creating the schema: permission denied for database warehouse$/,
  );
  expect((await refusal(warehouse.load(large, small, { url }))).message).toContain("permission denied for schema gold");
  await warehouse.sql("grant usage, create on schema gold to poor");
  expect((await refusal(warehouse.load(large, small, { url }))).message).toContain("must be owner of table large");
  await tableStands();
  expect(await warehouse.leftovers()).toEqual([]);
});

test("encryption the server does not offer", async () => {
  const { code, hint } = await refusal(warehouse.load(large, small, { url: `${warehouse.server.url}?sslmode=verify-full` }));
  expect([code, hint]).toEqual(["SINK_DENIED", "correct sslmode in the connection address"]);
});

test.each(["nonsense", "postgres://u:p@h:port/db", "mysql://u:s3cret@h/db"])("an address that is none: %s", (url) => {
  expect(() => postgresSink(url)).toThrow(/^the connection address of the PostgreSQL sink cannot be read$/);
});

test("a backend ended in mid-COPY: the table stands, nothing is left, the next load succeeds", async () => {
  const loading = refusal(warehouse.load(large, largeRows));
  const [pid] = await copying();
  await warehouse.sql(`select pg_terminate_backend(${pid})`);
  const error = await loading;
  expect(error).toMatchObject({ code: "SINK_UNREACHABLE", retryable: true });
  expect(error.message).toMatch(/(ended|closed) the connection while sending rows/);
  await tableStands();
  expect(await warehouse.leftovers()).toEqual([]);
  expect((await warehouse.load(large, small)).fingerprint.rows).toBe(1);
});

test("the network cut in mid-COPY: what is left behind goes with the next load", async () => {
  const proxy = await tcpProxy(warehouse.server.port);
  const loading = refusal(warehouse.load(large, largeRows, { url: address((url) => (url.port = String(proxy.port))) }));
  await copying();
  proxy.cut();
  const error = await loading;
  expect(error.code).toBe("SINK_UNREACHABLE");
  expect(error.message).toMatch(/closed the connection while sending rows/);
  await tableStands();
  await warehouse.load(large, "(select 8::integer as id, 'eight' as text)");
  expect(await warehouse.leftovers()).toEqual([]);
  expect(await warehouse.sql("select id from gold.large")).toEqual([{ id: 8 }]);
  await proxy.close();
});

test("a network that falls silent in mid-COPY is noticed", async () => {
  const proxy = await tcpProxy(warehouse.server.port);
  const patience = { heartbeat: 100, silence: 400 };
  const loading = refusal(warehouse.load(large, largeRows, { url: address((url) => (url.port = String(proxy.port))), patience }));
  await copying();
  proxy.freeze();
  const error = await loading;
  expect(error.code).toBe("SINK_UNREACHABLE");
  expect(error.message).toBe(`PostgreSQL at 127.0.0.1:${proxy.port} gave no sign of life for 0.4 s while loading`);
  await proxy.close();
  await warehouse.load(large, small);
  await tableStands();
  expect(await warehouse.leftovers()).toEqual([]);
});

test("a heartbeat during a healthy load disturbs nothing", async () => {
  const load = await warehouse.load(large, `(select * from ${largeRows} where id < 200000)`, {
    patience: { heartbeat: 20, silence: 10_000 },
  });
  expect(load.fingerprint.rows).toBe(200_000);
});

test("rows that arrive otherwise than sent", async () => {
  const rows = warehouse.rows(small, large.columns);
  const lying = { ...rows, fingerprint: async () => ({ rows: 2, checksum: "42" }) };
  const error = await refusal(warehouse.load(large, small, { rows: lying }));
  expect(error.code).toBe("SINK_MISMATCH");
  expect(error.message).toMatch(/^gold\.large: sent 2 rows with checksum 42, PostgreSQL holds 1 rows with checksum \d+$/);
  await tableStands();
  expect(await warehouse.leftovers()).toEqual([]);
});

test("an engine that fails while it sends keeps its own error", async () => {
  const rows = { ...warehouse.rows(small, large.columns), fingerprint: () => Promise.reject(new Error("engine trouble")) };
  await expect(warehouse.load(large, small, { rows })).rejects.toThrow("engine trouble");
  expect(await warehouse.leftovers()).toEqual([]);
});

test.each<readonly [string, SinkTable, string, RegExp, RegExp]>([
  [
    "the NUL character",
    large,
    "(select 1::integer as id, 'a' || chr(0) as text)",
    /invalid byte sequence for encoding "UTF8": 0x00/,
    /NUL character/,
  ],
  [
    "a duplicate key",
    large,
    "(select 1::integer as id, 'a' as text from range(2))",
    /building the index large_pkey: could not create unique index .*gold\.large.*Key \(id\)=\(1\) is duplicated/,
    /grain/,
  ],
  [
    "a null against the contract",
    large,
    "(select 1::integer as id, null::varchar as text)",
    /null value in column "text" of relation "gold\.large" violates not-null/,
    /not touched/,
  ],
  [
    "a date PostgreSQL cannot hold",
    tableOf("eras", { d: t.date() }),
    "(select date '5877642-06-25 (BC)' as d)",
    /date out of range: "5877642-06-25 \(BC\)" in column d$/,
    /not touched/,
  ],
])("%s", async (_, table, relation, message, hint) => {
  const error = await refusal(warehouse.load(table, relation));
  expect(error.code).toBe("SINK_FAILED");
  expect(error.message).toMatch(message);
  expect(error.hint).toMatch(hint);
  await tableStands();
  expect(await warehouse.leftovers()).toEqual([]);
});

test("no value of a table with a sensitive column appears in a message", async () => {
  const table = tableOf("private", { id: t.varchar({ sensitive: true }), d: t.date({ sensitive: true }) }, { primaryKey: ["id"] });
  const twice = await refusal(warehouse.load(table, "(select 'hidden' as id, date '2020-01-01' as d from range(2))"));
  const era = await refusal(warehouse.load(table, "(select 'hidden' as id, date '5877642-06-25 (BC)' as d)"));
  expect(twice.message).not.toContain("hidden");
  expect(era.message).toMatch(/date out of range in column d$/);
});

test("names PostgreSQL would cut", async () => {
  const long = "n".repeat(64);
  const { code, message, hint } = await refusal(warehouse.load(idOnly(long), one));
  expect([code, message, hint]).toEqual([
    "NAME_INVALID",
    `gold.${long}: the table name "${long}" is 64 bytes long; PostgreSQL takes 63`,
    "shorten the table's name",
  ]);
  const key = await refusal(warehouse.load(idOnly("n".repeat(60)), one));
  expect(key.message).toContain(`the primary key name "${"n".repeat(60)}_pkey" is 65 bytes long`);
  expect((await refusal(warehouse.load({ ...idOnly("a"), indexes: { a_pkey: ["id"] } }, one))).code).toBe("NAME_DUPLICATE");
  await warehouse.load(idOnly("ü".repeat(29)), one);
});

test("an index name another table has", async () => {
  await warehouse.load({ ...idOnly("first"), indexes: { taken: ["id"] } }, one);
  const error = await refusal(warehouse.load({ ...idOnly("second"), indexes: { taken: ["id"] } }, one));
  expect(error.message).toBe('gold.second: "taken" exists already in the schema');
});

test("a view where the table should go", async () => {
  await warehouse.sql("create view gold.a_view as select 1 as id");
  expect((await refusal(warehouse.load(idOnly("a_view"), one))).message).toBe("gold.a_view exists and is no ordinary table");
});

test("a reader that never leaves: it is named, other readers are not locked out for long", async () => {
  await warehouse.sql("begin; select * from gold.large");
  const error = await refusal(warehouse.load(large, "(select 9::integer as id, 'nine' as text)", { patience: { swap: 1_000 } }));
  expect(error.code).toBe("SINK_FAILED");
  expect(error.message).toMatch(/^gold\.large was in use for 1 s without a pause; now by process \d+/);
  await warehouse.sql("commit");
  await tableStands();
  expect(await warehouse.leftovers()).toEqual([]);
});

test("another load that takes too long", async () => {
  const slow = warehouse.rows(small, large.columns);
  const started = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const exportCsv: typeof slow.exportCsv = async (folder, parts) => {
    started.resolve();
    await held.promise;
    return slow.exportCsv(folder, parts);
  };
  const first = warehouse.load(large, small, { rows: { ...slow, exportCsv } });
  await started.promise;
  const error = await refusal(warehouse.load(large, small, { patience: { turn: 100 } }));
  expect(error.message).toBe("gold.large has been loaded by another run for 0.1 s");
  held.resolve();
  await first;
});

test("a server that crashes in mid-COPY comes back with the old table", async () => {
  await warehouse.sql("checkpoint");
  const loading = refusal(warehouse.load(large, largeRows));
  await copying();
  const crashed = warehouse.server.crash();
  expect((await loading).code).toBe("SINK_UNREACHABLE");
  await crashed;
  await warehouse.reconnect();
  await tableStands();
  await warehouse.load(large, small);
  expect(await warehouse.leftovers()).toEqual([]);
});
