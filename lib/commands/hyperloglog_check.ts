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

/** Redis no longer embeds a string that may be changed in place, whether it is or not. */
export function unshare(db: Database, ref: Ref): Ref {
  if (db.encoding(ref) === RAW) return ref;
  const { valueStart, valueEnd } = db.locate(ref);
  return db.resizeValue(ref, RAW, valueEnd - valueStart);
}
