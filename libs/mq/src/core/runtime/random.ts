/** The only source of jitter: a number in [0, 1). */
export type Random = () => number;

/** Jitter needs no secrecy, so the fast generator will do; tokens and ids use `node:crypto`. */
export const systemRandom: Random = Math.random;
