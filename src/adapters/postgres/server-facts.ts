import type { Server } from "./engine-errors.ts";

/** What a session is told of its server. */
export interface ServerFacts {
  /** Id of the server's process that works for it. */
  readonly pid: number;
  /** As `server_version_num`: 150018 is 15.18. */
  readonly version: number;
  /** Of the database. */
  readonly encoding: string;
}

const oldestVersion = 15;

/** Why Assay cannot work with a server, and what to do; null: it can. */
export function unfitServer(
  { version, encoding }: Omit<ServerFacts, "pid">,
  { host, port, database }: Omit<Server, "user">,
): { readonly message: string; readonly hint: string } | null {
  const at = `PostgreSQL at ${host}:${port}`;
  const major = Math.floor(version / 10_000);
  if (major < oldestVersion) return { message: `${at} is version ${major}`, hint: `use PostgreSQL ${oldestVersion} or newer` };
  if (encoding === "UTF8") return null;
  return {
    message: `${at}: the database "${database}" is encoded in ${encoding}`,
    hint: "use a database with encoding UTF8; others cannot hold every text",
  };
}
