import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * What is lost of a COMMIT, and with it the connection. `answer`: it reaches the server, which answers, and nobody hears of it. `commit`: it
 * does not reach the server. `silence`: it does not reach the server, which hears of no end of the connection either.
 */
export type Loss = "answer" | "commit" | "silence";

/** A hop between a client and PostgreSQL that loses COMMITs. */
export interface LossyProxy {
  readonly port: number;
  /** Loses the COMMITs whose number, counted from 1 from now on over all connections, is wanted. */
  lose(loss: Loss, wanted?: (commit: number) => boolean): void;
  /** COMMITs lost since then. */
  readonly lost: number;
  /** From the next loss on nobody gets through any more. */
  thenRefuse(): void;
  /** Lets everybody through again, and loses nothing. */
  heal(): void;
  close(): Promise<void>;
}

/** The message of the protocol, in plain text as in tests. */
const commitMessage = Buffer.from("Q\0\0\0\x0bcommit\0", "latin1");

export async function lossyProxy(target: number): Promise<LossyProxy> {
  let loss: Loss = "answer";
  let wanted = (_: number): boolean => false;
  let [commits, lost] = [0, 0];
  let [refusing, refuseNext] = [false, false];
  const ends = new Set<() => void>();
  const server = createServer((incoming) => {
    if (refusing) return void incoming.resetAndDestroy();
    const outgoing = connect(target, "127.0.0.1");
    let deaf = false;
    const end = (): void => {
      incoming.destroy();
      outgoing.destroy();
    };
    ends.add(end);
    const lose = (): void => {
      lost += 1;
      refusing = refuseNext;
      if (loss === "silence") incoming.destroy();
      else end();
    };
    incoming.on("data", (chunk) => {
      const isLost = chunk.includes(commitMessage) && wanted(++commits);
      if (!isLost || loss === "answer") outgoing.write(chunk);
      if (isLost && loss === "answer") deaf = true;
      else if (isLost) lose();
    });
    outgoing.on("data", (chunk) => (deaf ? lose() : incoming.write(chunk)));
    for (const socket of [incoming, outgoing]) socket.on("error", () => undefined);
    incoming.on("close", () => loss === "silence" || outgoing.destroy());
    outgoing.on("close", () => incoming.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    lose: (next, which = () => true) => {
      [loss, wanted, commits, lost] = [next, which, 0, 0];
    },
    get lost() {
      return lost;
    },
    thenRefuse: () => {
      refuseNext = true;
    },
    heal: () => {
      [refusing, refuseNext, wanted] = [false, false, () => false];
    },
    close: async () => {
      for (const end of ends) end();
      server.close();
      await once(server, "close");
    },
  };
}
