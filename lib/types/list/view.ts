/** The view of a list for whoever reads it whole: DUMP, digests, snapshots, SORT. */

import type { Database, Ref } from "../../keyspace/database.ts";
import { ListCursor } from "./cursor.ts";

/** A list, valid until the next change of its database. */
export interface ListView {
  /** How many elements there are. */
  readonly size: number;
  /** Visits the elements in order: each is `buf[start .. end)`. `visit` changes nothing. */
  forEach(visit: (buf: Uint8Array, start: number, end: number) => void): void;
}

/** The list under `ref`, which must be one. */
export function listAt(db: Database, ref: Ref): ListView {
  const cursor = new ListCursor().open(db, ref);
  return {
    size: cursor.length,
    forEach(visit) {
      cursor.open(db, ref);
      while (cursor.next()) visit(cursor.bytes, cursor.start, cursor.end);
    },
  };
}
