/** Reading a whole hash, for whoever wants all of it: dumps, digests, the snapshot of the log. */

import type { Database, Ref } from "../../keyspace/database.ts";
import { Args } from "../../resp/args.ts";
import { type FieldVisitor, Hash } from "./hash.ts";

export type { FieldVisitor };

/** A hash, to be read: fields that have expired are not there. Valid until the next change. */
export class HashView {
  readonly #hash = new Hash();
  readonly #clock_ms: number;

  /** Use {@linkcode hashAt}. */
  constructor(db: Database, ref: Ref) {
    this.#hash.open(db, NO_ARGS, 0, ref);
    this.#clock_ms = db.keyspace.loading ? -Infinity : db.keyspace.now_ms;
  }

  /** How many fields it has. O(N). */
  get size(): number {
    let size = 0;
    this.forEach(() => void size++);
    return size;
  }

  /** Visits all of them; `visit` must change nothing. */
  forEach(visit: FieldVisitor): void {
    this.#hash.forEach((field, fs, fe, value, vs, ve, expiry) => {
      // A small hash may still hold what has expired, until somebody looks its key up.
      if (expiry === undefined || expiry > this.#clock_ms) {
        visit(field, fs, fe, value, vs, ve, expiry);
      }
    });
  }
}

const NO_ARGS = new Args();

/** The hash that a record holds. */
export function hashAt(db: Database, ref: Ref): HashView {
  return new HashView(db, ref);
}
