import pg from "pg";

/** A database of a test's server. */
export interface PostgresDatabase {
  readonly name: string;
  /** Address of the superuser. */
  readonly url: string;
  /** Address of another role. */
  urlOf(role: string, password: string): string;
  /** A connection of the superuser. Its end is told by what uses it. */
  connect(): Promise<pg.Client>;
  /** Runs statements as the superuser, or at another role's address, on a connection of their own. */
  sql<Row = Readonly<Record<string, unknown>>>(text: string, url?: string): Promise<readonly Row[]>;
}

/** The database of a superuser's address. */
export function postgresDatabase(url: string): PostgresDatabase {
  const connect = async (at = url): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: at });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };
  return {
    name: new URL(url).pathname.slice(1),
    url,
    urlOf: (role, password) =>
      Object.assign(new URL(url), { username: encodeURIComponent(role), password: encodeURIComponent(password) }).href,
    connect: () => connect(),
    sql: async <Row>(text: string, at = url) => {
      const client = await connect(at);
      try {
        return (await client.query(text)).rows as readonly Row[];
      } finally {
        await client.end();
      }
    },
  };
}
