/** Sorted sets for everybody who only reads them whole: DUMP, digests, snapshots, SORT. */

import type { Database, Ref } from "../../keyspace/database.ts";
import { Zset } from "./zset.ts";

/** A sorted set, to be read in order; valid until the next change of the database. */
export interface ZsetView {
  /** How many members there are. */
  readonly size: number;
  /** Visits the members `buf[start .. end)` from the lowest score up (`backwards`: down). */
  forEach(
    visit: (buf: Uint8Array, start: number, end: number, score: number) => void,
    backwards?: boolean,
  ): void;
}

/** The sorted set in a record. */
export function zsetAt(db: Database, ref: Ref): ZsetView {
  const zset = new Zset().open(db, ref);
  const { size } = zset;
  return {
    size,
    forEach(visit, backwards = false) {
      zset.seek(backwards ? size - 1 : 0, backwards);
      while (zset.step()) visit(zset.bytes, zset.start, zset.end, zset.score);
    },
  };
}
