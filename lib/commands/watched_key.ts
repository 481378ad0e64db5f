/**
 * A key under WATCH.
 *
 * Promise, as in Redis: EXEC fails if the key has changed, or its time has run out, since WATCH. For a
 * key whose time was over already, though nobody had noticed, it is no change to go - nor for one that
 * was not there to be put in the place of such a key (SWAPDB).
 */

import { Buffer } from "node:buffer";
import { type Database, NONE } from "../keyspace/database.ts";
import type { Watcher } from "../keyspace/keyspace.ts";

/** Whose EXEC is to fail. */
export interface Watching {
  /** A watched key has changed. */
  dirty: boolean;
}

/** `over`: the key is there although its time is over, since nobody has noticed. */
type State = "absent" | "over" | "alive";

/** One key that one client watches. */
export class WatchedKey implements Watcher {
  readonly #client: Watching;
  readonly #db: Database;
  readonly #key: Buffer;
  #state: State;

  /** @param client is marked when the key (latin1) in `db` changes. */
  constructor(client: Watching, db: Database, key: string) {
    this.#client = client;
    this.#db = db;
    this.#key = Buffer.from(key, "latin1");
    this.#state = this.#look();
    db.watch(key, this);
  }

  /** Tells keys of all databases apart. */
  static id(db: Database, key: string): string {
    return `${db.index}:${key}`;
  }

  get dirty(): boolean {
    return this.#client.dirty;
  }

  /** Set by the database when the key has changed. */
  set dirty(_changed: boolean) {
    const before = this.#state;
    const now = this.#look();
    if ((now === "over" && before !== "alive") || (now === "absent" && before === "over")) {
      this.#state = now;
    } else {
      this.#client.dirty = true;
    }
  }

  /** EXEC is to decide: a key whose time has run out since WATCH counts as changed. */
  check(): void {
    const now = this.#look();
    if (now === "over" && this.#state === "alive") this.#client.dirty = true;
    // Of a hash some fields may have expired.
    if (now === "alive") this.#db.expireIfDue(this.#key.toString("latin1"));
  }

  /** Ends WATCH. */
  end(): void {
    this.#db.unwatch(this.#key.toString("latin1"), this);
  }

  #look(): State {
    const ref = this.#db.table.findAside(this.#key, 0, this.#key.length);
    if (ref === NONE) return "absent";
    return this.#db.isExpired(ref) ? "over" : "alive";
  }
}
