/** Making a whole hash at once, for RESTORE and the like. */

import { type Database, NONE, type Ref } from "../../keyspace/database.ts";
import type { Args } from "../../resp/args.ts";
import { Hash, type HashLimits } from "./hash.ts";

/** One field of a hash to be made. */
export interface HashEntry {
  readonly field: Uint8Array;
  readonly value: Uint8Array;
  /** When it expires, in ms since the epoch; missing: never. */
  readonly expiry_ms?: number;
}

/**
 * Stores a hash under argument `i`, whatever was there; `ref` is what the lookup of that very key,
 * with no other since, returned. Expiry of the key goes. Returns false, and leaves no key, if there
 * are no entries. The caller reports the change.
 *
 * @throws {RangeError} a field comes twice; then nothing has changed.
 */
export function storeHash(
  db: Database,
  ref: Ref,
  args: Args,
  i: number,
  limits: HashLimits,
  entries: Iterable<HashEntry>,
): boolean {
  const hash = new Hash().open(db, args, i, NONE, limits);
  for (const { field, value, expiry_ms } of entries) {
    if (!hash.set(field, 0, field.length, value, 0, value.length)) {
      throw new RangeError("a field comes twice");
    }
    if (expiry_ms === undefined) continue;
    hash.find(field, 0, field.length);
    hash.setExpiry(expiry_ms);
  }
  if (ref !== NONE) db.remove(ref);
  return hash.commit();
}
