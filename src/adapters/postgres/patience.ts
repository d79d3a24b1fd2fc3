/** How long a load waits, in milliseconds. */
export interface Patience {
  /** For a connection. */
  readonly connect: number;
  /** For another load of the same table, or a lock on the staging table. */
  readonly turn: number;
  /** For readers to leave the table, in all. */
  readonly swap: number;
  /** Between two signs of life. */
  readonly heartbeat: number;
  /** For a sign of life. */
  readonly silence: number;
}

export const patient: Patience = { connect: 10_000, turn: 300_000, swap: 60_000, heartbeat: 5_000, silence: 10_000 };
