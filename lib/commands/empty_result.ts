/** What commands that store their result do with one that is empty. */

import { type Database, NONE } from "../keyspace/database.ts";
import { DEL } from "../keyspace/events.ts";
import type { Args } from "../resp/args.ts";

/**
 * Deletes the key in argument `i`, and reports that. One that has expired is deleted, too, rather than
 * expired: Redis does not look at what it overwrites. Returns whether it was there.
 */
export function storeNothing(db: Database, args: Args, i: number): boolean {
  const ref = db.table.findAside(args.buf, args.start(i), args.end(i));
  if (ref === NONE) return false;
  db.remove(ref);
  db.changed(DEL, args, i);
  return true;
}
