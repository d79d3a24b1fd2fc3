import { AssayError } from "../../errors.ts";
import type { Row, Session, Statement } from "../../ports/engine.ts";

/** A connection beside an engine's sessions. A transaction sees the catalog as it was when it began; this one what is committed by now. */
export interface CatalogSession {
  /** The session, until whose end this connection may be used. */
  beside(session: Session): Session;
  /** May be called by several at once. */
  query(statement: Statement): Promise<readonly Row[]>;
}

/** Opened when it is first needed; it ends with the last session beside it. */
export function catalogSession(open: () => Promise<Session>): CatalogSession {
  let sessions = 0;
  let opened: Promise<Session> | null = null;
  const end = (): void => {
    opened?.then(
      (session) => session.close(),
      () => undefined,
    );
    opened = null;
  };
  const query = async (statement: Statement): Promise<readonly Row[]> => {
    const isNew = opened === null;
    const used = opened ?? open();
    opened = used;
    try {
      return await (await used).query(statement);
    } catch (error) {
      const isLost = error instanceof AssayError && error.code === "ENGINE_UNREACHABLE";
      if (opened === used && (isLost || isNew)) end();
      if (isNew || !isLost) throw error;
      // One that has been idle may have been ended.
      return query(statement);
    }
  };
  return {
    query,
    beside: (session) => {
      sessions += 1;
      let open = true;
      const close = (): void => {
        session.close();
        if (!open) return;
        open = false;
        sessions -= 1;
        if (sessions === 0) end();
      };
      return { ...session, close };
    },
  };
}
