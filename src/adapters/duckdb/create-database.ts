import { existsSync } from "node:fs";
import { link, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { quoteText } from "../../define/quote.ts";
import type { Session } from "../../ports/engine.ts";

/**
 * Creates an empty database file unless there is one. The file appears whole: DuckDB writes a new file's headers one by one, and a process
 * killed in between would leave a file that nobody can open again.
 */
export async function createDatabase(session: Session, path: string): Promise<void> {
  // Also beside a database that is there: its maker may have been killed between placing it and tidying up.
  await removeAbandonedDrafts(path);
  if (existsSync(path)) return;
  const draft = `${path}.new-${process.pid}`;
  try {
    await mkdir(draft);
    await session.execute({ text: `attach ${quoteText(join(draft, "database"))} as draft; detach draft` });
    await placeUnlessThere(join(draft, "database"), path);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Another process may have been faster: its file stays. */
async function placeUnlessThere(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    // A file system without hard links.
    if (!existsSync(to)) await rename(from, to);
  }
}

async function removeAbandonedDrafts(path: string): Promise<void> {
  const prefix = `${basename(path)}.new-`;
  for (const name of await readdir(dirname(path))) {
    const processId = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    if (processId > 0 && (processId === process.pid || !isAlive(processId)))
      await rm(join(dirname(path), name), { recursive: true, force: true });
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
