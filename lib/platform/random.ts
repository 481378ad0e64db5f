/**
 * Chance. Everything random in redeno comes from a {@linkcode Random}; a seeded one makes a run
 * repeatable.
 */

/** A source of random numbers. */
export interface Random {
  /** A whole number, uniform in 0 .. 2^32 - 1. */
  uint32(): number;
  /** A whole number, uniform in 0 .. bound - 1; `bound` is at most 2^53. */
  below(bound: number): number;
  /** `count` hexadecimal digits. */
  hex(count: number): string;
}

/** A small fast generator (xoshiro128**, Blackman and Vigna) that one seed reproduces. */
export class SeededRandom implements Random {
  readonly #state: Uint32Array;

  /** @param seed any number; its low 32 bits count. */
  constructor(seed: number) {
    this.#state = new Uint32Array(4);
    let word = seed >>> 0;
    for (let i = 0; i < 4; i++) { // splitmix32 spreads the seed over the state
      word = (word + 0x9e3779b9) >>> 0;
      let mixed = word ^ (word >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      this.#state[i] = mixed ^ (mixed >>> 15);
    }
  }

  uint32(): number {
    const s = this.#state;
    const scaled = Math.imul(s[1], 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  below(bound: number): number {
    if (bound <= 0x1_0000_0000) {
      return Math.floor((this.uint32() * bound) / 0x1_0000_0000);
    }
    const fraction = ((this.uint32() >>> 11) * 0x1_0000_0000 + this.uint32()) / 2 ** 53;
    return Math.floor(fraction * bound);
  }

  hex(count: number): string {
    let text = "";
    while (text.length < count) text += this.uint32().toString(16).padStart(8, "0");
    return text.slice(0, count);
  }
}

/** A generator seeded by the operating system. */
export function systemRandom(): Random {
  return new SeededRandom(crypto.getRandomValues(new Uint32Array(1))[0]);
}
