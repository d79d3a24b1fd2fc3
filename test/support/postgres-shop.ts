import { chownSync, statSync } from "node:fs";
import pg from "pg";
import type { RunResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import { makeProject, type TestProject } from "./project.ts";
import { shopFiles } from "./shop-project.ts";

/** The shop with an environment on PostgreSQL, in a database of its own, run by a role without rights on anything else. */
export interface PostgresShop {
  readonly project: TestProject;
  readonly database: string;
  /** Address of the role that runs it. */
  readonly url: string;
  /** A connection of the superuser, closed with the shop. */
  readonly connect: () => Promise<pg.Client>;
  /** What went wrong in a run: failed attempts and steps, or the one fault of the run as a whole; nothing when all went well at once. */
  readonly run: (url?: string) => Promise<readonly ShopFailure[]>;
  /** The rows of gold.by_day, all prices added up. */
  readonly revenue: () => Promise<string>;
  readonly remove: () => Promise<void>;
}

export interface ShopFailure {
  /** Null: the run itself. */
  readonly step: string | null;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

export interface PostgresShops {
  readonly server: PostgresServer;
  /** `folder`: where its tables are; an empty one. */
  readonly open: (files?: Readonly<Record<string, string>>, folder?: string) => Promise<PostgresShop>;
  /** Drops its database, and the folder's tablespace. */
  readonly drop: (shop: PostgresShop) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Prices that make a revenue of 9.00. */
export const dearItems = { "data/items.csv": "order_id,product,price\n1,apple,9.00\n" };

const config = `import { defineProject, env, postgres } from "assay";
export default defineProject({ name: "shop", environments: { pro: { engine: postgres(env("URL")) } } });
`;

/** A server for shops. Its data is written as on any server: it is there to fail. */
export async function startPostgresShops(settings: Readonly<Record<string, string>> = {}): Promise<PostgresShops> {
  const server = await startPostgres({ settings });
  let shops = 0;
  const connectTo = async (database: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: server.url.replace(/warehouse$/, database) });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  return {
    server,
    drop: async ({ database }) => {
      const admin = await connectTo("warehouse");
      await admin.query(`drop database ${database} with (force)`);
      await admin.query(`drop tablespace if exists ${database}`);
      await admin.end();
    },
    open: async (files = {}, folder) => {
      shops += 1;
      const [database, role] = [`shop_${shops}`, `runner_${shops}`];
      const admin = await connectTo("warehouse");
      await admin.query(`create role ${role} login password 'word'`);
      if (folder !== undefined) {
        const { uid, gid } = statSync(`/proc/${server.pid}`);
        chownSync(folder, uid, gid);
        await admin.query(`create tablespace ${database} location '${folder}'`);
      }
      await admin.query(`create database ${database}${folder === undefined ? "" : ` tablespace ${database}`}`);
      await admin.query(`grant connect, create, temporary on database ${database} to ${role}`);
      await admin.end();
      const url = Object.assign(new URL(server.url), { username: role, password: "word", pathname: `/${database}` }).toString();
      const project = await makeProject({ ...shopFiles, "assay.config.ts": config, ...files }, { env: { URL: url } });
      const clients: pg.Client[] = [];
      return {
        project,
        database,
        url,
        connect: async () => {
          const client = await connectTo(database);
          clients.push(client);
          return client;
        },
        run: async (other = url) => failuresOf(await project.json<RunDocument>(["run"], { env: { URL: other } })),
        revenue: async () => {
          const client = await connectTo(database);
          const { rows } = await client.query<{ total: string }>("select sum(revenue)::text as total from gold.by_day");
          await client.end();
          return rows[0]?.total ?? "";
        },
        remove: async () => {
          await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
          await project.remove();
        },
      };
    },
    stop: () => server.stop(),
  };
}

type RunDocument = Partial<RunResult> & { readonly error?: Omit<ShopFailure, "step"> };

function failuresOf({ error, steps = [] }: RunDocument): readonly ShopFailure[] {
  const ofSteps = steps.flatMap((step) => {
    const tried = (step.attempts ?? []).flatMap((attempt) => (attempt.retry_in_ms === null ? [] : (attempt.error ?? [])));
    return [...tried, step.error ?? []].flat().map((fault) => ({ step: step.step, ...fault }));
  });
  return error === undefined ? ofSteps : [{ step: null, ...error }];
}
