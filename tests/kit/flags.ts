/**
 * The two knobs of every random or long test: `REDENO_SEED` picks the run, `REDENO_SIZE` its length.
 * Promise: a run can be repeated from what it printed.
 */

import { SeededRandom } from "../../lib/platform/random.ts";

/** What the environment asked of a random test. */
export interface Flags {
  /** The seed of the run: an unsigned 32-bit integer. */
  readonly seed: number;
  /** How many steps to take. */
  readonly size: number;
}

/** The seed used where the environment names none: ordinary runs are repeatable. */
const DEFAULT_SEED = 20_260_101;

/**
 * Reads seed and size for one test and prints the seed.
 *
 * @param defaultSize - the size where `REDENO_SIZE` is not set: keep it small.
 * @throws {Error} where a variable is set to something that is not a non-negative integer.
 */
export function flags(defaultSize: number): Flags {
  const seed = integerFromEnv("REDENO_SEED") ?? DEFAULT_SEED;
  const size = integerFromEnv("REDENO_SIZE") ?? defaultSize;
  console.log(`REDENO_SEED=${seed} REDENO_SIZE=${size}`);
  return { seed: seed >>> 0, size };
}

function integerFromEnv(name: string): number | undefined {
  const text = Deno.env.get(name);
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Error(`${name}=${text}: must be a non-negative integer`);
  }
  return value;
}

/** A seeded source of chance with the few draws that generators of tests need. */
export class Seeded extends SeededRandom {
  /** An integer in `low <= x <= high`. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uint32() < probability * 0x1_0000_0000;
  }

  /** One of the items, each as likely as the others. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}
