/** A keyspace for tests, with a clock that is driven by hand and an observer that remembers. */

import { type Database, NONE } from "../../lib/keyspace/database.ts";
import { Keyspace } from "../../lib/keyspace/keyspace.ts";
import { stringEncoding } from "../../lib/keyspace/value.ts";
import { drawHashSeed } from "../../lib/memory/hash.ts";
import type { Clock } from "../../lib/platform/clock.ts";
import { SeededRandom } from "../../lib/platform/random.ts";
import { Args } from "../../lib/resp/args.ts";

/** When these tests begin, in ms since the epoch. */
export const START_MS = 1_700_000_000_000;

/** A clock that moves when told; reading its monotonic time takes `reading_ms`. */
export class ManualClock implements Clock {
  time_ms = START_MS;
  monotonic = 0;
  /** How many times the monotonic time was read. */
  readings = 0;

  /** @param reading_ms by how much each reading moves the monotonic time. */
  constructor(public reading_ms = 0) {}

  now_ms(): number {
    return this.time_ms;
  }
  now_us(): number {
    return this.time_ms * 1000;
  }
  monotonic_ms(): number {
    this.readings++;
    this.monotonic += this.reading_ms;
    return this.monotonic;
  }
  every(): () => void {
    throw new Error("no timers here");
  }
  after(): () => void {
    throw new Error("no timers here");
  }
  block(): void {
    throw new Error("nothing blocks here");
  }
}

/** A keyspace and what its observer was told: `index key` of each expired key. */
export interface Room {
  readonly keyspace: Keyspace;
  readonly clock: ManualClock;
  readonly expired: string[];
}

/** A fresh keyspace of `count` databases. */
export function makeRoom(seed: number, count = 16, reading_ms = 0): Room {
  const random = new SeededRandom(seed);
  const clock = new ManualClock(reading_ms);
  const keyspace = new Keyspace(count, drawHashSeed(random), random, START_MS);
  const expired: string[] = [];
  keyspace.observer = {
    expired: (db, key) => expired.push(`${db.index} ${new TextDecoder("latin1").decode(key)}`),
    notify() {},
  };
  return { keyspace, clock, expired };
}

/** Stores a string, which expires at `at_ms` if that is given. */
export function put(db: Database, key: string, value: string, at_ms?: number): void {
  const args = Args.of(key, value);
  const ref = db.peek(args, 0);
  const from = args.start(1);
  const to = args.end(1);
  const stored = db.store(ref, args, 0, stringEncoding(args.buf, from, to), args.buf, from, to);
  if (at_ms !== undefined) db.setExpiry(stored, at_ms);
}

/** The value of a key, or undefined. */
export function get(db: Database, key: string): string | undefined {
  const ref = db.peek(Args.of(key), 0);
  if (ref === NONE) return undefined;
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  return bytes.toString("latin1", valueStart, valueEnd);
}

/** Takes a key out, if it is there. */
export function remove(db: Database, key: string): void {
  const ref = db.peek(Args.of(key), 0);
  if (ref !== NONE) db.remove(ref);
}
