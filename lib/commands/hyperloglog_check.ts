/** What commands on HyperLogLogs do before anything else: see whether a string is one. */

import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { RAW } from "../keyspace/value.ts";
import { isHyperLogLog } from "../types/hyperloglog/layout.ts";
import type { Context } from "./context.ts";

const NOT_ONE = "WRONGTYPE Key is not a valid HyperLogLog string value.";
/** Redis's text for one whose registers make no sense. */
export const CORRUPT = "INVALIDOBJ Corrupted HLL object detected";

/** Whether `ref` is a HyperLogLog, or no record at all; if not, answers so. */
export function checkHyperLogLog(ctx: Context, ref: Ref): boolean {
  if (ref === NONE) return true;
  if (!ctx.check(ref, "string")) return false;
  const { bytes, valueStart, valueEnd } = ctx.db.locate(ref);
  if (isHyperLogLog(bytes, valueStart, valueEnd)) return true;
  ctx.reply.error(NOT_ONE);
  return false;
}

/**
 * A string may be changed in place: Redis no longer embeds it then, whether it is or not. A snapshot
 * under way keeps what it was: with a very long key it may be a large record.
 */
export function unshare(db: Database, ref: Ref): Ref {
  const { valueStart, valueEnd } = db.locate(ref);
  const length = valueEnd - valueStart;
  if (db.encoding(ref) !== RAW) ref = db.resizeValue(ref, RAW, length);
  db.overwriting(ref, 0, length);
  return ref;
}
