import { at } from "./values.ts";

const size = 624;

/** A seeded source of 32-bit integers and permutations, equal to `numpy.random.RandomState(seed)` bit by bit. */
export interface MersenneTwister {
  uint32(): number;
  /** One of 0 … max, as `randint(0, max + 1)` draws it. */
  upTo(max: number): number;
  /** 0 … n−1 in drawn order (Fisher–Yates from the end, as numpy does it). */
  permutation(n: number): number[];
  /** A drawn copy of a list. */
  permuted<T>(list: readonly T[]): T[];
}

/**
 * MT19937 seeded by one 32-bit integer.
 * @see Matsumoto and Nishimura 1998; numpy's legacy seeding and masked rejection.
 */
export function mersenneTwister(seed: number): MersenneTwister {
  const state = seeded(seed);
  let next = size;
  const uint32 = (): number => {
    if (next === size) next = twist(state);
    return tempered(at(state, next++));
  };
  const upTo = (max: number): number => {
    const mask = max === 0 ? 0 : 0xffffffff >>> Math.clz32(max);
    let drawn = max === 0 ? 0 : uint32() & mask;
    while (drawn >>> 0 > max) drawn = uint32() & mask;
    return drawn >>> 0;
  };
  const permuted = <T>(list: readonly T[]): T[] => {
    const drawn = [...list];
    for (let last = drawn.length - 1; last >= 1; last -= 1) {
      const other = upTo(last);
      [drawn[last], drawn[other]] = [at(drawn, other), at(drawn, last)];
    }
    return drawn;
  };
  return {
    uint32,
    upTo,
    permuted,
    permutation: (n) => permuted(Array.from({ length: n }, (_, index) => index)),
  };
}

function seeded(seed: number): Uint32Array {
  const state = new Uint32Array(size);
  state[0] = seed >>> 0;
  for (let index = 1; index < size; index += 1) {
    const before = at(state, index - 1);
    state[index] = Math.imul(1812433253, before ^ (before >>> 30)) + index;
  }
  return state;
}

function twist(state: Uint32Array): number {
  for (let index = 0; index < size; index += 1) {
    const joined = (at(state, index) & 0x80000000) | (at(state, (index + 1) % size) & 0x7fffffff);
    state[index] = at(state, (index + 397) % size) ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
  }
  return 0;
}

function tempered(drawn: number): number {
  let bits = drawn;
  bits ^= bits >>> 11;
  bits ^= (bits << 7) & 0x9d2c5680;
  bits ^= (bits << 15) & 0xefc60000;
  bits ^= bits >>> 18;
  return bits >>> 0;
}
