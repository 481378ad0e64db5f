/**
 * The keyspace: all databases by index, and what they share - the time of the current command, the
 * count of changes, statistics, and the observer to whom changes are told.
 */

import type { HashSeed } from "../memory/hash.ts";
import type { Random } from "../platform/random.ts";
import { Database } from "./database.ts";
import type { KeyEvent } from "./events.ts";

/** Is told of what happens to keys; the server's side of the keyspace. */
export interface KeyspaceObserver {
  /** A key has expired and is gone: it is logged as DEL. */
  expired(db: Database, key: Uint8Array): void;
  /** An event in one of the classes that {@linkcode Keyspace.notifyClasses} asks for. */
  notify(db: Database, event: KeyEvent, key: Uint8Array): void;
}

/** Notices changes of a key for one transaction (WATCH). */
export interface Watcher {
  /** Set when a watched key has changed. */
  dirty: boolean;
}

/** Keys found and not found by reading commands, and keys gone by themselves. */
export interface KeyspaceStats {
  hits: number;
  misses: number;
  expired: number;
  evicted: number;
}

/** Seconds since the epoch in 24 bits: the clock that OBJECT IDLETIME reads. */
export const LRU_CLOCK_MAX = 0xffffff;

/** All databases. */
export class Keyspace {
  /** Time of the current command in ms since the epoch; the dispatcher moves it on. */
  now_ms: number;
  /** Changes ever made: a command that raises it has written. */
  dirty = 0;
  /** While the log is replayed nothing expires: what had expired is in the log as DEL. */
  loading = false;
  /** Event classes somebody wants to hear of. */
  notifyClasses = 0;
  /** What a record's 24 bits of meta hold: seconds of last use, or (LFU) minutes and a counter. */
  lfu = false;
  readonly stats: KeyspaceStats = { hits: 0, misses: 0, expired: 0, evicted: 0 };
  /** Set by the server once it is composed. */
  observer: KeyspaceObserver = { expired() {}, notify() {} };

  readonly #databases = new Map<number, Database>();

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
    for (let index = 0; index < count; index++) {
      this.#databases.set(index, new Database(this, index));
    }
  }

  /** The database with this index, which must be below {@linkcode Keyspace.count}. */
  database(index: number): Database {
    return this.#databases.get(index)!;
  }

  /** All databases in the order of their indexes. */
  databases(): IterableIterator<Database> {
    return this.#databases.values();
  }

  /** Swaps the contents of two databases; who watches a key of either is told. */
  swap(first: number, second: number): void {
    this.database(first).swapWith(this.database(second));
  }

  /** Bytes that all keys and values take, with their indexes. */
  get usedBytes(): number {
    let sum = 0;
    for (const db of this.#databases.values()) sum += db.usedBytes;
    return sum;
  }

  /** The value of a new or just used record's meta bits. */
  get accessMeta(): number {
    if (this.lfu) return ((Math.floor(this.now_ms / 60_000) & 0xffff) << 8) | LFU_INIT;
    return Math.floor(this.now_ms / 1000) & LRU_CLOCK_MAX;
  }
}

/** Counter of a new key under LFU (LFU_INIT_VAL). */
export const LFU_INIT = 5;
