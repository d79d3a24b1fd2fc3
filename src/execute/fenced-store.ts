import type { Session } from "../ports/engine.ts";
import type { RunStore } from "../ports/state-store.ts";

/** A step goes on record, and with it becomes visible, only when `hold`, which is part of its transaction, throws nothing. */
export function fencedStore(store: RunStore, hold: (session: Session) => Promise<void>): RunStore {
  return {
    ...store,
    recordStep: async (session, record) => {
      await hold(session);
      await store.recordStep(session, record);
    },
  };
}
