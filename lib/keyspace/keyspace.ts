/** The keyspace: all databases by index. */

import type { HashSeed } from "../memory/hash.ts";
import type { Random } from "../platform/random.ts";
import { Database } from "./database.ts";
import { KeyspaceState } from "./shared.ts";

export { LRU_CLOCK_MAX } from "./access.ts";
export { KeyspaceState } from "./shared.ts";
export type {
  KeyspaceObserver,
  KeyspaceStats,
  KeyWaiters,
  NumberedDatabase,
  Watcher,
} from "./shared.ts";

/** All databases. */
export class Keyspace extends KeyspaceState {
  readonly #databases = new Map<number, Database>();

  /** Parameters as of {@linkcode KeyspaceState}. */
  constructor(count: number, seed: HashSeed, random: Random, now_ms: number) {
    super(count, seed, random, now_ms);
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

  /** Bytes that all keys and values take, with their indexes; see object_slots.ts. */
  measureBytes(): number {
    let sum = 0;
    for (const db of this.#databases.values()) sum += db.measureBytes();
    return sum;
  }
}
