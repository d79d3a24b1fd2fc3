import type { Engine, Session } from "../ports/engine.ts";

/** Sessions that are used again, opened as they are needed. */
export interface Sessions {
  /** Runs `work` on one that nobody else has meanwhile; where it fails, the session is not used again. */
  readonly use: <T>(work: (session: Session) => Promise<T>) => Promise<T>;
  /** Closes those that are not in use. */
  readonly dropIdle: () => void;
}

export function sessionsOf(engine: Pick<Engine, "session">): Sessions {
  const free: Session[] = [];
  return {
    use: async (work) => {
      const session = free.pop() ?? (await engine.session());
      try {
        const made = await work(session);
        free.push(session);
        return made;
      } catch (error) {
        session.close();
        throw error;
      }
    },
    dropIdle: () => {
      for (const session of free.splice(0)) session.close();
    },
  };
}
