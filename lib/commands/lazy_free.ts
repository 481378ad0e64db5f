/**
 * What INFO counts as freed lazily (`lazyfreed_objects`): values that Redis would hand to another
 * thread to be freed, since they are made of many pieces. Here freeing takes no time to speak of
 * (`ValueObject.free`), or is done bit by bit (`keyspace/retired.ts`), whatever was asked for.
 */

import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { OBJECT, SET_PACKED, type ValueObject } from "../keyspace/value.ts";
import { HashTable } from "../types/hash/hash_table.ts";
import { ListDeque } from "../types/list/deque.ts";
import { SetTable } from "../types/set/set_table.ts";
import { setAt } from "../types/set/view.ts";
import { Stream } from "../types/stream/stream.ts";
import { LargeZset } from "../types/zset/large_zset.ts";

/** Up to so many pieces Redis frees at once (LAZYFREE_THRESHOLD). */
const PIECES_AT_ONCE = 64;

/** A value that a client wants freed in the background is about to go: it is counted. */
export function countLazyFree(db: Database, ref: Ref): void {
  if (ref !== NONE && pieces(db, ref) > PIECES_AT_ONCE) db.keyspace.stats.lazyFreed++;
}

/** How many pieces Redis would have to free one by one, about. */
function pieces(db: Database, ref: Ref): number {
  const encoding = db.encoding(ref);
  if (encoding === SET_PACKED) return setAt(db, ref).size; // Redis 7.0 has a table of them
  return encoding === OBJECT ? objectPieces(db.object(ref)) : 1;
}

function objectPieces(value: ValueObject): number {
  if (value instanceof ListDeque) return value.chunks.length;
  if (value instanceof Stream) return streamPieces(value);
  const isTable = value instanceof SetTable || value instanceof HashTable ||
    value instanceof LargeZset;
  return isTable ? value.size : 1;
}

/** As Redis, this takes all groups of a stream to be like the first. */
function streamPieces(stream: Stream): number {
  const { radixTreeNodes, groups } = stream;
  for (const { pending } of groups) return radixTreeNodes + groups.size * (1 + pending.size);
  return radixTreeNodes;
}
