import type { Engine, Session } from "../ports/engine.ts";

/** Runs `work` on a session of its own: one that is left open would keep the process from ending. */
export async function withSession<T>(engine: Pick<Engine, "session">, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await engine.session();
  try {
    return await work(session);
  } finally {
    session.close();
  }
}
