/** Looking a key up the way commands do that read it without using it. */

import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import type { Args } from "../resp/args.ts";

const KEY_MISS = keyEvent("keymiss", "keyMiss");

/**
 * The key in argument `i`, for EXISTS, TYPE, TTL and the like: a hit or miss is counted and told
 * of, but this is no access that OBJECT IDLETIME or FREQ would show.
 */
export function lookupUntouched(db: Database, args: Args, i: number): Ref {
  const ref = countedPeek(db, args, i);
  if (ref === NONE) db.notify(KEY_MISS, args, i);
  return ref;
}

/** The same for OBJECT, where a miss is counted but nobody is told. */
export function countedPeek(db: Database, args: Args, i: number): Ref {
  const ref = db.peek(args, i);
  if (ref === NONE) db.keyspace.stats.misses++;
  else db.keyspace.stats.hits++;
  return ref;
}
