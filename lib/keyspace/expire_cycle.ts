/**
 * The active expiry cycle: removes keys whose time is over although nobody asks for them.
 *
 * It walks through the index of expiring keys of each database in slices. Promises: a slice takes no
 * longer than its budget (plus one step: some 250 keys looked at and 64 of them removed); databases
 * take turns, one step each, and the next slice goes on where this one ended, so that none waits for
 * another; a walk passes every key that stays, whatever comes and goes.
 */

import type { Clock } from "../platform/clock.ts";
import { type Database, NONE, type Ref } from "./database.ts";
import type { Keyspace } from "./keyspace.ts";

/** How long a slice may take, in ms, where nothing else is said. */
const BUDGET_MS = 1;
/** Buckets in one step; a bucket holds about eight keys. */
const STEP_BUCKETS = 32;
/** Keys removed in one step before the clock is looked at again. */
const STEP_REMOVED_MAX = 64;
/** What the last slice found weighs so much in the mean that INFO shows, as in Redis. */
const SHARE_WEIGHT = 0.05;
/** A slice goes on for another round while more than this part of the keys seen had expired. */
const WORTHWHILE = 0.1;

/** The walk through one database. */
interface Walk {
  cursor: number;
}

/** See above. Driven by a timer, `hz` times a second, and sooner when a slice asks for it. */
export class ExpireCycle {
  readonly #keyspace: Keyspace;
  readonly #clock: Clock;
  readonly #budget_ms: number;
  readonly #walks: Walk[];
  /** The database whose turn it is. */
  #turn = 0;
  #seen = 0;
  #removed = 0;

  /** @param budget_ms how long a slice may take; 1 where not given. */
  constructor(keyspace: Keyspace, clock: Clock, budget_ms = BUDGET_MS) {
    this.#keyspace = keyspace;
    this.#clock = clock;
    this.#budget_ms = budget_ms;
    this.#walks = Array.from({ length: keyspace.count }, () => ({ cursor: 0 }));
  }

  /**
   * One slice. True: time ran out while much was found to have expired, so that the next slice
   * should follow soon. Must not be called while anybody holds a ref.
   */
  run(): boolean {
    const keyspace = this.#keyspace;
    if (keyspace.loading || keyspace.keepsExpired) return false;
    keyspace.now_ms = this.#clock.now_ms();
    const began_ms = this.#clock.monotonic_ms();
    const wasCut = this.#rounds(began_ms + this.#budget_ms);
    const { stats } = keyspace;
    const share = this.#seen === 0 ? 0 : this.#removed / this.#seen;
    stats.expiredShare += (share - stats.expiredShare) * SHARE_WEIGHT;
    stats.expireCycle_ms += this.#clock.monotonic_ms() - began_ms;
    if (wasCut) stats.expireSlicesCut++;
    return wasCut && this.#isWorthwhile();
  }

  /** Rounds through all databases, as long as they pay; true: time ran out. */
  #rounds(deadline_ms: number): boolean {
    const keyspace = this.#keyspace;
    for (;;) {
      this.#seen = 0;
      this.#removed = 0;
      for (let steps = 0; steps < keyspace.count; steps++) {
        const index = this.#turn;
        this.#turn = (index + 1) % keyspace.count;
        const db = keyspace.database(index);
        const hashes = db.expireFields();
        this.#seen += hashes;
        this.#removed += hashes;
        if (db.expiringSize > 0) this.#step(db, this.#walks[index]);
        else if (hashes === 0) continue;
        if (this.#clock.monotonic_ms() >= deadline_ms) return true;
      }
      if (!this.#isWorthwhile()) return false;
    }
  }

  #isWorthwhile(): boolean {
    return this.#removed > this.#seen * WORTHWHILE;
  }

  /** Some buckets of one database, or fewer if many keys of theirs have expired. */
  #step(db: Database, walk: Walk): void {
    let removed = 0;
    for (let buckets = 0; buckets < STEP_BUCKETS && removed < STEP_REMOVED_MAX; buckets++) {
      const { next, gone } = this.#clearBucket(db, walk.cursor);
      removed += gone;
      walk.cursor = next;
      if (next === 0) break;
    }
    this.#removed += removed;
  }

  /**
   * Removes what has expired in the bucket at `cursor`. Refs are valid until something is removed,
   * so one is removed and the bucket looked at again: it is short, and still in the cache.
   */
  #clearBucket(db: Database, cursor: number): { next: number; gone: number } {
    for (let gone = 0;; gone++) {
      let expired: Ref = NONE;
      let size = 0;
      const next = db.table.scanExpiring(cursor, (ref) => {
        size++;
        if (expired === NONE && db.isExpired(ref)) expired = ref;
      });
      if (gone === 0) this.#seen += size;
      if (expired === NONE) return { next, gone };
      db.expire(expired);
    }
  }
}
