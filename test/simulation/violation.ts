/** A promise that was broken. */
export class Violation extends Error {
  override readonly name = "Violation";
  /** Which promise, without the particulars: shrinking keeps to it. */
  readonly promise: string;
  constructor(promise: string, particulars: string) {
    super(`${promise}: ${particulars}`);
    this.promise = promise;
  }
}
