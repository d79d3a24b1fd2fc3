import type { Session, Statement } from "../ports/engine.ts";

/** Makes a temporary table of a query's rows, in place of one of the (quoted) name. */
export async function createTemporary(session: Session, name: string, select: Statement): Promise<void> {
  const { first, create } = session.sql.replaceTemporary(name);
  if (first !== null) await session.execute({ text: first });
  await session.execute({ ...select, text: `${create} as ${select.text}` });
}

/** Drops a temporary table of the (quoted) name, if there is one. */
export function dropTemporary(session: Session, name: string): Promise<void> {
  return session.execute({ text: `drop table if exists ${session.sql.temporary(name)}` });
}
