/** What the commands on bits share: offsets as arguments, and strings that grow to hold a bit. */

import { NONE, type Ref } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import { RAW } from "../keyspace/value.ts";
import { parseInt64 } from "../numbers/int64.ts";
import type { Context } from "./context.ts";

/** The event of SETBIT and BITFIELD. */
export const SETBIT_EVENT = keyEvent("setbit", "string");

const BAD_OFFSET = "ERR bit offset is not an integer or out of range";
/** However high `proto-max-bulk-len` is, offsets of bytes are int32, and a field may be 8 long. */
const VALUE_BYTES_MAX = 0x7fffffff - 8;
const HASH = 0x23;
const NOTHING = new Uint8Array(0);

/**
 * Argument `i` as an offset of a bit; `#2` means twice `unit_bits`, where that is not 0. If it is
 * none, or past the longest string there may be, answers so: undefined.
 */
export function bitOffset(ctx: Context, i: number, unit_bits = 0): number | undefined {
  const { args, client, reply, server } = ctx;
  const start = args.start(i);
  const inUnits = unit_bits > 0 && args.length(i) > 0 && args.buf[start] === HASH;
  let offset = parseInt64(args.buf, inUnits ? start + 1 : start, args.end(i));
  if (offset !== undefined && inUnits) {
    // As in Redis, what is past 64 bits comes round again.
    offset = Number(BigInt.asIntN(64, BigInt(offset) * BigInt(unit_bits)));
  }
  const limit = client.isReplay
    ? VALUE_BYTES_MAX
    : Math.min(server.config.values["proto-max-bulk-len"], VALUE_BYTES_MAX);
  if (offset !== undefined && offset >= 0 && Math.floor(Number(offset) / 8) < limit) {
    return Number(offset);
  }
  reply.error(BAD_OFFSET);
  return undefined;
}

/** A string that was made ready to be written to. */
export interface WritableString {
  readonly ref: Ref;
  /** It did not exist, or was shorter. */
  readonly isGrown: boolean;
}

/** Makes the string in argument 1 at least `length` long; another type is answered: undefined. */
export function growString(ctx: Context, length: number): WritableString | undefined {
  const { args, db } = ctx;
  const ref = db.lookupWrite(args, 1);
  if (!ctx.check(ref, "string")) return undefined;
  if (ref === NONE) {
    const created = db.store(ref, args, 1, RAW, NOTHING, 0, 0);
    return { ref: db.resizeValue(created, RAW, length), isGrown: true };
  }
  const { valueStart, valueEnd } = db.locate(ref);
  const present = valueEnd - valueStart;
  if (present < length) return { ref: db.resizeValue(ref, RAW, length), isGrown: true };
  // Written to in place, it is neither an integer nor embedded any more.
  if (db.encoding(ref) !== RAW) return { ref: db.resizeValue(ref, RAW, present), isGrown: false };
  return { ref, isGrown: false };
}
