import { expect } from "vitest";
import { asOf } from "../../src/define/as-of.ts";
import { type BronzeDefinition, bronze } from "../../src/define/bronze.ts";
import { append, openEnd, openStart, snapshot } from "../../src/define/materialization.ts";
import { model, type TypedModel } from "../../src/define/model.ts";
import { csv } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import { type Columns, t } from "../../src/define/types.ts";
import { counted, expectIdle, stepFor, succeed } from "./expectations.ts";
import type { Suite } from "./suite.ts";
import type { World } from "./world.ts";

const n = { nullable: true } as const;

const events = bronze("events", {
  from: csv("events-*.csv"),
  columns: { event_id: t.integer(), kind: t.varchar() },
  load: "append",
});
const kinds = bronze("kinds", { from: csv("kinds.csv"), columns: { kind: t.varchar(), title: t.varchar() }, key: ["kind"] });
const log = model("silver.log", {
  grain: ["event_id"],
  columns: { event_id: t.integer(), title: t.varchar() },
  materialize: append(),
  sql: sql`select e.event_id, k.title from ${events} as e join ${kinds} as k on k.kind = e.kind`,
});

const people: BronzeDefinition = bronze("people", {
  from: csv("people-*.csv"),
  columns: { id: t.varchar(), city: t.varchar(n), phone: t.varchar(n), status: t.varchar(), seen: t.varchar(n) },
  load: "append",
});
const history = (materialize: ReturnType<typeof snapshot>): TypedModel<Columns> =>
  model("silver.history", {
    grain: ["id"],
    columns: { id: t.varchar(), city: t.varchar(n), phone: t.varchar(n), status: t.varchar(), seen: t.timestamp() },
    materialize,
    sql: sql`select id, city, phone, status, try_cast(seen as timestamp) as seen from ${people}`,
  });

const tell = (world: World, name: string, ...rows: readonly string[]): Promise<void> =>
  world.send(`data/people-${name}.csv`, "id,city,phone,status,seen", rows);

/** `key city phone from → to`, the open ends as `…`. */
async function versions(world: World): Promise<readonly string[]> {
  const rows = await world.look((session) =>
    session.query({ text: `select id, city, phone, valid_from, valid_to, is_current from ${session.sql.table("silver.history")}` }),
  );
  return rows
    .toSorted((a, b) => `${a.id} ${a.valid_from}`.localeCompare(`${b.id} ${b.valid_from}`))
    .map((row) => {
      const from = row.valid_from === openStart ? "…" : String(row.valid_from).slice(0, 16);
      const to = row.valid_to === openEnd ? "…" : String(row.valid_to).slice(0, 16);
      return `${row.id} ${row.city} ${row.phone} ${from} → ${to}${row.is_current === true ? " now" : ""}`;
    });
}

const location = { file: "models/kept.sql", line: 1 };

/** Runs the statements that a hint gives. */
const byHand = (world: World, hint: string | null | undefined): Promise<void> =>
  world.look((session) => session.execute({ text: /run: (.*;) then run again/.exec(hint ?? "")?.[1] ?? `no statement in: ${hint}` }));

export function keptHistory({ test }: Suite): void {
  test("append: a row for each new key; what was added is never changed or taken out", async (world) => {
    await world.define([events, kinds], [log]);
    await world.send("data/kinds.csv", "kind,title", ["view,Seen", "buy,Bought"]);
    await world.send("data/events-1.csv", "event_id,kind", ["1,view", "2,buy", "2,buy"]);
    await succeed(world);
    expect(await world.rows("silver.log")).toEqual(["1 Seen", "2 Bought"]);
    // Late, sent again as another kind, with another title by now.
    await world.send("data/events-2.csv", "event_id,kind", ["0,buy", "2,view", "3,buy", "3,buy"]);
    await world.send("data/kinds.csv", "kind,title", ["view,Seen", "buy,Paid"]);
    const second = await succeed(world);
    expect(counted(second, "silver.log")).toBe("2 0 0");
    expect(await world.rows("silver.log")).toEqual(["0 Paid", "1 Seen", "2 Bought", "3 Paid"]);
    await expectIdle(world);
    await world.send("data/kinds.csv", "kind,title", ["view,Seen"]);
    await succeed(world);
    await succeed(world, { fullRefresh: true });
    expect(await world.rows("silver.log")).toEqual(["0 Paid", "1 Seen", "2 Bought", "3 Paid"]);
  });

  test("append: another definition keeps the rows there are and makes the new ones", async (world) => {
    await world.define([events, kinds], [log]);
    await world.send("data/kinds.csv", "kind,title", ["view,Seen", "buy,Bought"]);
    await world.send("data/events-1.csv", "event_id,kind", ["1,view"]);
    await succeed(world);
    const loud = model("silver.log", {
      grain: ["event_id"],
      columns: { event_id: t.integer(), title: t.varchar(), kind: t.varchar(n) },
      materialize: append(),
      sql: sql`select e.event_id, upper(k.title) as title, e.kind from ${events} as e join ${kinds} as k on k.kind = e.kind`,
    });
    await world.define([events, kinds], [loud]);
    await world.send("data/events-2.csv", "event_id,kind", ["2,buy"]);
    const step = stepFor(await succeed(world), "silver.log");
    expect(step.notes).toContain("added column kind (VARCHAR), empty in kept rows");
    expect(await world.rows("silver.log")).toEqual(["1 Seen null", "2 BOUGHT buy"]);
  });

  test("append: a column of kept rows is widened, and neither dropped nor narrowed unless somebody does it by hand", async (world) => {
    const measured = (columns: Columns, select: string): TypedModel<Columns> =>
      model("silver.log", { grain: ["event_id"], columns, materialize: append(), sql: { kind: "sql", text: select, location } });
    const all = "select event_id, kind, cast(event_id * 0.25 as decimal(12, 3)) as share from bronze.events";
    const columns = { event_id: t.integer(), kind: t.varchar(), share: t.decimal(10, 2) };
    const share = (digits: string): string => all.replace("12, 3", digits);
    await world.send("data/events-1.csv", "event_id,kind", ["1,view"]);
    await world.define([events], [measured(columns, share("10, 2"))]);
    await succeed(world);
    await world.send("data/events-1.csv", "event_id,kind", ["2,buy"]);

    await world.define([events], [measured({ ...columns, event_id: t.bigint(), share: t.decimal(12, 3) }, all)]);
    expect(stepFor(await succeed(world), "silver.log").notes).toEqual(
      expect.arrayContaining([
        "widened column event_id from INTEGER to BIGINT",
        "widened column share from DECIMAL(10,2) to DECIMAL(12,3)",
      ]),
    );
    expect(await world.rows("silver.log")).toEqual(["1 view 0.250", "2 buy 0.500"]);

    const narrow = { event_id: t.bigint(), share: t.decimal(12, 1) };
    await world.define([events], [measured(narrow, share("12, 1").replace("kind, ", ""))]);
    const refused = stepFor(await world.run(), "silver.log").error;
    expect(refused?.code).toBe("DESTRUCTIVE_CHANGE");
    expect(refused?.message).toBe(
      "silver.log: column kind would be dropped; column share would change from DECIMAL(12,3) to DECIMAL(12,1) in rows that are kept and cannot be made again",
    );
    expect(await world.rows("silver.log", "event_id", "kind", "share")).toEqual(["1 view 0.250", "2 buy 0.500"]);
    await byHand(world, refused?.hint);
    await succeed(world);
    expect(await world.rows("silver.log")).toEqual(["1 0.3", "2 0.5"]);
  });

  test("snapshot: a column of kept versions is added, and not dropped unless somebody does it by hand", async (world) => {
    const places = (columns: Columns, select: string): TypedModel<Columns> =>
      model("silver.history", {
        grain: ["id"],
        columns,
        materialize: snapshot({ at: "seen" }),
        sql: { kind: "sql", text: select, location },
      });
    const own = { id: t.varchar(), city: t.varchar(n), seen: t.timestamp() };
    await tell(world, "1", "a,Rome,1,live,2026-01-01 00:00:00", "a,Oslo,2,live,2026-02-01 00:00:00");
    await world.define([people], [places(own, "select id, city, try_cast(seen as timestamp) as seen from bronze.people")]);
    await succeed(world);
    const more = "select id, city, phone, try_cast(seen as timestamp) as seen from bronze.people";
    await world.define([people], [places({ ...own, phone: t.varchar(n) }, more)]);
    expect(stepFor(await succeed(world), "silver.history").notes.join()).toContain("added column phone (VARCHAR)");
    const before = await versions(world);
    expect(before).toEqual(["a Rome 1 … → 2026-02-01 00:00", "a Oslo 2 2026-02-01 00:00 → … now"]);

    const without = { id: t.varchar(), phone: t.varchar(n), seen: t.timestamp() };
    await world.define([people], [places(without, more.replace("city, ", ""))]);
    const refused = stepFor(await world.run(), "silver.history").error;
    expect(refused).toMatchObject({ code: "DESTRUCTIVE_CHANGE", message: expect.stringContaining("column city would be dropped") });
    expect(await versions(world)).toEqual(before);
    await byHand(world, refused?.hint);
    await succeed(world);
    expect(await world.rows("silver.history", "id", "phone")).toEqual(["a 1", "a 2"]);
  });

  test("snapshot: the first version is open at the start, validity is half-open, the current one open at the end", async (world) => {
    await world.define([people], [history(snapshot({ at: "seen" }))]);
    await tell(world, "1", "a,Rome,1,live,2026-01-01 00:00:00", "a,Oslo,1,live,2026-02-01 00:00:00", "b,Bern,2,live,2026-01-15 00:00:00");
    await succeed(world);
    expect(await versions(world)).toEqual(["a Rome 1 … → 2026-02-01 00:00", "a Oslo 1 2026-02-01 00:00 → … now", "b Bern 2 … → … now"]);
  });

  test("snapshot: late, unchanged, deleted and re-appearing versions, in whatever batch they come", async (world) => {
    await world.define([people], [history(snapshot({ at: "seen", deleted: "status = 'deleted'" }))]);
    await tell(world, "1", "a,Rome,1,live,2026-01-01 00:00:00", "a,Rome,1,live,2026-03-01 00:00:00", "b,Bern,2,live,2026-01-01 00:00:00");
    await succeed(world);
    expect(await versions(world)).toEqual(["a Rome 1 … → … now", "b Bern 2 … → … now"]);
    // Between two equal versions: the second of them was no version until now.
    await tell(world, "2", "a,Oslo,1,live,2026-02-01 00:00:00", "b,Bern,2,deleted,2026-04-01 00:00:00");
    const late = await succeed(world);
    expect(stepFor(late, "silver.history")).toMatchObject({ touched: { values: 2 }, changes: { inserted: 2, updated: 2, deleted: 0 } });
    expect(stepFor(late, "silver.history").notes.join()).toContain("1 version is older than what was known");
    expect(await versions(world)).toEqual([
      "a Rome 1 … → 2026-02-01 00:00",
      "a Oslo 1 2026-02-01 00:00 → 2026-03-01 00:00",
      "a Rome 1 2026-03-01 00:00 → … now",
      "b Bern 2 … → 2026-04-01 00:00",
    ]);
    // A version is made by any attribute; one that is absent differs from one that is there.
    await tell(world, "3", "b,Bern,2,live,2026-05-01 00:00:00", "a,Rome,,live,2026-04-01 00:00:00", "a,Rome,1,live,2026-03-01 00:00:00");
    await succeed(world);
    const stepwise = [
      "a Rome 1 … → 2026-02-01 00:00",
      "a Oslo 1 2026-02-01 00:00 → 2026-03-01 00:00",
      "a Rome 1 2026-03-01 00:00 → 2026-04-01 00:00",
      "a Rome null 2026-04-01 00:00 → … now",
      "b Bern 2 … → 2026-04-01 00:00",
      "b Bern 2 2026-05-01 00:00 → … now",
    ];
    expect(await versions(world)).toEqual(stepwise);
    await expectIdle(world);
    await succeed(world, { fullRefresh: true });
    expect(await versions(world)).toEqual(stepwise);
  });

  test("snapshot: a version that is corrected at its own time takes its place", async (world) => {
    await world.define([people], [history(snapshot({ at: "seen" }))]);
    await tell(world, "1", "a,Rome,1,live,2026-01-01 00:00:00", "a,Oslo,1,live,2026-02-01 00:00:00");
    await succeed(world);
    await tell(world, "1", "a,Rome,1,live,2026-01-01 00:00:00", "a,Bern,1,live,2026-02-01 00:00:00");
    await succeed(world);
    expect(await versions(world)).toEqual(["a Rome 1 … → 2026-02-01 00:00", "a Bern 1 2026-02-01 00:00 → … now"]);
  });

  test("snapshot: two versions at one time, and one without a time, are refused; the old history stands", async (world) => {
    await world.define([people], [history(snapshot({ at: "seen" }))]);
    await tell(world, "1", "a,Rome,1,live,2026-01-01 00:00:00");
    await succeed(world);
    const before = await versions(world);
    await tell(world, "2", "b,Rome,1,live,2026-01-01 00:00:00", "b,Oslo,1,live,2026-01-01 00:00:00");
    expect(stepFor(await world.run(), "silver.history").error?.message).toContain("2 different versions of id = b have the same seen");
    await tell(world, "2", "b,Rome,1,live,");
    expect(stepFor(await world.run(), "silver.history").error?.message).toContain("a version of id = b has no seen");
    expect(await versions(world)).toEqual(before);
  });

  test("snapshot, missing: close: what is missing ends when the run starts, what comes back holds again", async (world) => {
    const present: BronzeDefinition = { ...people, load: "replace", key: ["id"] };
    await world.define([present], [history(snapshot({ at: "seen", missing: "close" }))]);
    const now = async (...rows: readonly string[]): Promise<readonly string[]> => {
      await tell(world, "1", ...rows);
      await succeed(world);
      return versions(world);
    };
    const [a, b] = ["a,Rome,1,live,2026-01-01 00:00:00", "b,Bern,2,live,2026-01-01 00:00:00"];
    expect(await now(a, b)).toEqual(["a Rome 1 … → … now", "b Bern 2 … → … now"]);
    expect(await now("a,Oslo,1,live,2026-02-01 00:00:00")).toEqual([
      "a Rome 1 … → 2026-02-01 00:00",
      "a Oslo 1 2026-02-01 00:00 → … now",
      "b Bern 2 … → 2030-01-01 00:02",
    ]);
    expect((await now("a,Oslo,1,live,2026-02-01 00:00:00", b)).slice(2)).toEqual([
      "b Bern 2 … → 2030-01-01 00:02",
      "b Bern 2 2030-01-01 00:03 → … now",
    ]);
    await expectIdle(world);
  });

  test("snapshot: a point-in-time join meets one version, at the moment in which it begins too", async (world) => {
    const moments = bronze("moments", {
      from: csv("moments.csv"),
      columns: { id: t.varchar(), moment: t.timestamp() },
      key: ["id", "moment"],
    });
    const past = history(snapshot({ at: "seen" }));
    const met = model("gold.met", {
      grain: ["id", "moment"],
      columns: { id: t.varchar(), moment: t.timestamp(), city: t.varchar(n) },
      sql: sql`select m.id, m.moment, h.city from ${moments} as m left join ${past} as h on h.id = m.id and ${asOf("h", "m.moment")}`,
    });
    await world.define([people, moments], [past, met]);
    await tell(world, "1", "a,Rome,1,live,2026-01-01 00:00:00", "a,Oslo,1,live,2026-02-01 00:00:00");
    await world.send("data/moments.csv", "id,moment", [
      "a,1999-01-01 00:00:00",
      "a,2026-01-31 23:59:59",
      "a,2026-02-01 00:00:00",
      "b,2026-01-01 00:00:00",
    ]);
    await succeed(world);
    expect(await world.rows("gold.met", "moment", "city")).toEqual([
      "1999-01-01 00:00:00 Rome",
      "2026-01-01 00:00:00 null",
      "2026-01-31 23:59:59 Rome",
      "2026-02-01 00:00:00 Oslo",
    ]);
  });
}
