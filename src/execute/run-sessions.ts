import type { Engine, Session } from "../ports/engine.ts";
import type { Sessions } from "./run-attempt.ts";

/** Sessions that are used again, opened as they are needed. */
export function sessionsOf(engine: Pick<Engine, "session">): Sessions {
  const free: Session[] = [];
  return {
    take: async () => free.pop() ?? engine.session(),
    giveBack: (session) => void free.push(session),
    dropIdle: () => {
      for (const session of free.splice(0)) session.close();
    },
  };
}
