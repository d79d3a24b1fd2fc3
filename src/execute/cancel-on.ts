import type { Session } from "../ports/engine.ts";

/** Cancels a session's work when a signal is aborted, until the function it returns is called. */
export function cancelOn(signal: AbortSignal | undefined, session: Session): () => void {
  // What is under way fails by itself, and says so.
  const cancel = (): void => void session.cancel().catch(() => undefined);
  if (signal?.aborted === true) cancel();
  else signal?.addEventListener("abort", cancel, { once: true });
  return () => signal?.removeEventListener("abort", cancel);
}
