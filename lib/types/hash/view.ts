/** Reading a whole hash, for whoever wants all of it: dumps, digests, the snapshot of the log. */

import type { Database, Ref } from "../../keyspace/database.ts";
import { Args } from "../../resp/args.ts";
import { type FieldVisitor, Hash } from "./hash.ts";

export type { FieldVisitor };

/** A hash, to be read. Valid until the next change of its database. */
export interface HashView {
  /** How many fields it has; those that have expired do not count. */
  readonly size: number;
  /** Visits all of them; `visit` must change nothing. */
  forEach(visit: FieldVisitor): void;
}

const NO_ARGS = new Args();

/** The hash that a record holds. */
export function hashAt(db: Database, ref: Ref): HashView {
  return new Hash().open(db, NO_ARGS, 0, ref);
}
