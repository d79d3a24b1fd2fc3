import type pg from "pg";
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
  return {
    server,
    drop: ({ database }) => server.dropDatabase(database),
    open: async (files = {}, folder) => {
      const database = await server.createDatabase("shop", folder);
      const role = `runner_of_${database.name}`;
      await server.sql(`create role ${role} login password 'word'`);
      await server.sql(`grant connect, create, temporary on database ${database.name} to ${role}`);
      const url = database.urlOf(role, "word");
      const project = await makeProject({ ...shopFiles, "assay.config.ts": config, ...files }, { env: { URL: url } });
      const clients: pg.Client[] = [];
      return {
        project,
        database: database.name,
        url,
        connect: async () => {
          const client = await database.connect();
          clients.push(client);
          return client;
        },
        run: async (other = url) => failuresOf(await project.json<RunDocument>(["run"], { env: { URL: other } })),
        revenue: async () => {
          const rows = await database.sql<{ total: string }>("select sum(revenue)::text as total from gold.by_day");
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
