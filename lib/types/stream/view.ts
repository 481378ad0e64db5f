/** Streams for whoever only reads them: digests, snapshots, DUMP, MEMORY USAGE. */

import type { Database, Ref } from "../../keyspace/database.ts";
import type { Element } from "./listpack.ts";
import { Stream } from "./stream.ts";
import type { StreamId } from "./stream_id.ts";

/** The stream in a record that holds one; if it sleeps there, one that is like it. */
export function streamAt(db: Database, ref: Ref): Stream {
  const object = db.objectAside(ref);
  if (!(object instanceof Stream)) throw new Error("no stream");
  return object;
}

/**
 * Visits all entries in order; for each, `begin` and then `pair` for every field and its value,
 * which are valid during the call only.
 */
export function forEachEntry(
  stream: Stream,
  begin: (id: StreamId, fieldCount: number) => void,
  pair: (field: Element, value: Element) => void,
): void {
  for (const reader = stream.read(); reader.next();) {
    const { entry } = reader;
    begin(reader.id, entry.fieldCount);
    while (entry.nextPair()) pair(entry.field, entry.value);
  }
}
