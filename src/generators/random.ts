/**
 * Reproducible randomness: the same seed gives the same values on every machine. Only integer operations and the basic arithmetic that IEEE 754
 * rounds exactly; `Math.exp`, `Math.log` and the like may differ between machines and are not used.
 */

/** Gives the next unsigned 32-bit integer. */
export type Random = () => number;

/** MurmurHash3's finalizer: a bijection of the 32-bit integers that spreads neighbours apart. */
function scramble(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function streamKey(seed: number, stream: number, part: number): number {
  const high = Math.floor(seed / 2 ** 32) >>> 0;
  return scramble(scramble(scramble((seed >>> 0) ^ Math.imul(part, 0x9e3779b9)) ^ high) + Math.imul(stream, 0x85ebca77));
}

/**
 * Random values that belong to the nth thing of a kind, independent of every other thing: any of them can be made again from its number,
 * so that nothing has to be kept in memory. `seed` is a safe integer, `stream` a number of the kind. The generator is sfc32.
 */
export function randomStream(seed: number, stream: number): (index: number) => Random {
  const [keyA, keyB, keyC] = [streamKey(seed, stream, 1), streamKey(seed, stream, 2), streamKey(seed, stream, 3)];
  return (index) => {
    let a = scramble(index ^ keyA);
    let b = scramble(a ^ keyB);
    let c = scramble(b ^ keyC);
    let counter = 1;
    const next = (): number => {
      const sum = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = ((c << 21) | (c >>> 11)) + sum;
      return sum >>> 0;
    };
    for (let round = 0; round < 8; round++) next();
    return next;
  };
}

/** Identifiers of 32 hex characters for the nth thing of a kind; never two alike within a kind, for n below 2^32. */
export function idStream(seed: number, stream: number): (index: number) => string {
  const [keyA, keyB, keyC, keyD] = [1, 2, 3, 4].map((part) => streamKey(seed, stream, part)) as [number, number, number, number];
  const bytes = Buffer.alloc(16);
  return (index) => {
    const first = scramble((index + keyA) >>> 0);
    bytes.writeUInt32BE(first, 0);
    bytes.writeUInt32BE(scramble(first ^ keyB), 4);
    bytes.writeUInt32BE(scramble(first ^ keyC), 8);
    bytes.writeUInt32BE(scramble(first ^ keyD), 12);
    return bytes.toString("hex");
  };
}

/** A share of 1, in [0, 1). */
export function fraction(random: Random): number {
  return random() / 2 ** 32;
}

/** An integer in 0 … limit - 1, for a limit up to 2^31. */
export function below(random: Random, limit: number): number {
  return Math.floor(fraction(random) * limit);
}

/** An integer in 0 … limit - 1 that prefers low ones: the first comes up about 1 / sqrt(limit) of the time. */
export function skewedBelow(random: Random, limit: number): number {
  const share = fraction(random);
  return Math.floor(share * share * limit);
}

/** True for that share (0 to 1) of the calls. */
export function chance(random: Random, share: number): boolean {
  return fraction(random) < share;
}

export function pick<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[below(random, list.length)] ?? list[0];
}

/** Gives 0 … weights.length - 1, each as often as its weight says; put heavy ones first, they are looked for from the front. */
export function weightedIndex(weights: readonly number[]): (random: Random) => number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return (random) => {
    let point = fraction(random) * total;
    for (let index = 0; index < weights.length; index++) {
      const weight = weights[index] ?? 0;
      if (point < weight) return index;
      point -= weight;
    }
    return 0;
  };
}

/** Gives one of the values, each as often as the weight at its place says. */
export function weightedChoice<T>(values: readonly [T, ...T[]], weights: readonly number[]): (random: Random) => T {
  const index = weightedIndex(weights);
  return (random) => {
    const value = values[index(random)];
    return value === undefined ? values[0] : value;
  };
}

/** A distribution given by its quantiles, e.g. `quantiles([0, 0.5, 1], [0, 21, 900])`, linear between them; gives integers, rounded down. */
export function quantiles(shares: readonly number[], values: readonly number[]): (random: Random) => number {
  return (random) => {
    const share = fraction(random);
    let above = 1;
    while (above < shares.length - 1 && share >= (shares[above] ?? 1)) above += 1;
    const [fromShare, toShare] = [shares[above - 1] ?? 0, shares[above] ?? 1];
    const [from, to] = [values[above - 1] ?? 0, values[above] ?? 0];
    return Math.floor(from + ((to - from) * (share - fromShare)) / (toShare - fromShare));
  };
}
