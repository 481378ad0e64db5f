/**
 * What all databases share: the time of the current command, the count of changes, statistics, and
 * the observer to whom changes are told.
 */

import type { HashSeed } from "../memory/hash.ts";
import type { Random } from "../platform/random.ts";
import type { KeyEvent } from "./events.ts";
import { Retired } from "./retired.ts";
import { LFU_INIT, lfuMeta, lruMeta } from "./access.ts";

/** As much of a database as its observer needs. */
export interface NumberedDatabase {
  readonly index: number;
  readonly keyspace: KeyspaceState;
}

/** Is told of what happens to keys; the server's side of the keyspace. */
export interface KeyspaceObserver {
  /** A key has expired and is gone: it is logged as DEL. */
  expired(db: NumberedDatabase, key: Uint8Array): void;
  /**
   * Fields of a hash have expired and are gone: they are logged as HDEL. No fields: it was all of
   * them, and the key is gone: it is logged as DEL.
   */
  fieldsExpired?(db: NumberedDatabase, key: Uint8Array, fields: readonly Uint8Array[]): void;
  /** An event in one of the classes that {@linkcode KeyspaceState.notifyClasses} asks for. */
  notify(db: NumberedDatabase, event: KeyEvent, key: Uint8Array): void;
}

/** Keeps records as they were at one moment; it is told before anything changes. */
export interface Preserver {
  /** The record `ref` of `db`, which is old, is about to change or to go. */
  preserve(db: NumberedDatabase, ref: number): void;
  /** All of `db` is about to go. */
  clearing(db: NumberedDatabase): void;
  /** Two databases have swapped their contents. */
  swapped(first: NumberedDatabase, second: NumberedDatabase): void;
  /** A mistake: an old record of `db` has changed, and was not preserved. */
  missed(db: NumberedDatabase, key: Uint8Array): void;
}

/** Notices changes of a key for one transaction (WATCH). */
export interface Watcher {
  /** Set when a watched key has changed. */
  dirty: boolean;
}

/** Is told of changes of keys that clients of one database wait for. */
export interface KeyWaiters {
  /**
   * Most keys are waited for by nobody: a key can be one of those waited for only if bit
   * `(its length + its last byte) % 32` is set here.
   */
  readonly filter: number;
  /** This key (latin1) has changed. */
  touched(key: string): void;
  /** Every key may have changed. */
  touchedAll(): void;
}

/** Keys found and not found by reading commands, and keys gone by themselves. */
export interface KeyspaceStats {
  hits: number;
  misses: number;
  expired: number;
  evicted: number;
  /** Values that a client wanted freed in the background; see `commands/lazy_free.ts`. */
  lazyFreed: number;
  /** Of the keys that the expiry cycle looks at, the part that has expired: a running mean. */
  expiredShare: number;
  /** Slices of the expiry cycle that ended for want of time. */
  expireSlicesCut: number;
  /** Time that it took in all, in ms. */
  expireCycle_ms: number;
}

/** Nothing counted yet. */
export function noKeyspaceStats(): KeyspaceStats {
  return {
    ...{ hits: 0, misses: 0, expired: 0, evicted: 0, lazyFreed: 0 },
    ...{ expiredShare: 0, expireSlicesCut: 0, expireCycle_ms: 0 },
  };
}

/** The shared state. */
export class KeyspaceState {
  /** Time of the current command in ms since the epoch; the dispatcher moves it on. */
  now_ms: number;
  /** Changes ever made: a command that raises it has written. */
  dirty = 0;
  /** While the log is replayed nothing expires: what had expired is in the log as DEL. */
  loading = false;
  /** During CLIENT PAUSE the data stays as it is: expired keys are not seen, and not removed. */
  keepsExpired = false;
  /** Event classes somebody wants to hear of. */
  notifyClasses = 0;
  /** What a record's 24 bits of meta hold: seconds of last use, or (LFU) minutes and a counter. */
  lfu = false;
  readonly stats = noKeyspaceStats();
  /** While a snapshot is taken: who writes it. */
  preserver: Preserver | undefined;
  /** What emptied databases have held. */
  readonly retired = new Retired();
  /** Set by the server once it is composed. */
  observer: KeyspaceObserver = { expired() {}, notify() {} };

  /** The clock of OBJECT IDLETIME, and the time it was worked out for: every access reads it. */
  #clock = 0;
  #clockAt_ms = -1;

  /**
   * @param count how many databases there are. @param seed of the hash tables. @param random for
   * RANDOMKEY and the like. @param now_ms the time to begin with.
   */
  constructor(
    readonly count: number,
    readonly seed: HashSeed,
    readonly random: Random,
    now_ms: number,
  ) {
    this.now_ms = now_ms;
  }

  /** The value of a new or just used record's meta bits. */
  get accessMeta(): number {
    if (this.lfu) return lfuMeta(LFU_INIT, this.now_ms);
    if (this.now_ms !== this.#clockAt_ms) {
      this.#clockAt_ms = this.now_ms;
      this.#clock = lruMeta(0, this.now_ms);
    }
    return this.#clock;
  }
}
