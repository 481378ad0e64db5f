/**
 * DUMP RESTORE: a value as bytes that any Redis takes, and back.
 *
 * Promise: a payload is read whole, its checksum first, before anything changes; one that is broken
 * is answered with Redis's error, whatever is in it.
 */

import { lfuMeta, lruMeta } from "../keyspace/access.ts";
import { NONE } from "../keyspace/database.ts";
import { DEL, keyEvent } from "../keyspace/events.ts";
import { newBytes } from "../memory/bytes.ts";
import { addInt64, type Int64 } from "../numbers/int64.ts";
import type { Part } from "../resp/encoder.ts";
import { decodeValue, type RdbValue } from "../types/rdb/decode.ts";
import { encodeValue } from "../types/rdb/encode.ts";
import { RdbError } from "../types/rdb/error.ts";
import type { EncodingLimits } from "../types/rdb/limits.ts";
import { finishPayload, FOOTER_BYTES, isPayload } from "../types/rdb/payload.ts";
import { RdbReader } from "../types/rdb/reader.ts";
import { storeValue } from "../types/rdb/store.ts";
import { RdbWriter } from "../types/rdb/writer.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, type ServerHandle, SYNTAX_ERROR } from "./context.ts";

const RESTORE = keyEvent("restore", "generic");

const BUSY_KEY = "BUSYKEY Target key name already exists.";
const WRONG_PAYLOAD = "ERR DUMP payload version or checksum are wrong";
const BAD_DATA = "ERR Bad data format";
const WRONG_TTL = "ERR Invalid TTL value, must be >= 0";
const WRONG_IDLE_TIME = "ERR Invalid IDLETIME value, must be >= 0";
const WRONG_FREQUENCY = "ERR Invalid FREQ value, must be >= 0 and <= 255";
const FREQUENCY_MAX = 255;
const NOTHING = newBytes(0);

/** What of the configuration decides how values are kept and written. */
export function encodingLimits({ config: { values } }: ServerHandle): EncodingLimits {
  return {
    listNodeSize: values["list-max-listpack-size"],
    setIntegers_max: values["set-max-intset-entries"],
    hash: values,
    zset: {
      entries_max: values["zset-max-listpack-entries"],
      member_bytes_max: values["zset-max-listpack-value"],
    },
  };
}

/** Payloads are made here, ... */
const writer = new RdbWriter();
/** ... and read from here. */
const reader = new RdbReader(NOTHING, 0, 0);

const dump = command({
  name: "dump",
  arity: 2,
  flags: ["readonly"],
  acl: ["keyspace"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "generic",
  since: "2.6.0",
  summary: "Returns what a key holds as bytes from which RESTORE makes it again.",
  complexity: "O(N) where N is the size of what the key holds.",
  syntax: "key",
  tips: ["nondeterministic_output"],
  run({ args, db, reply, server }) {
    const ref = db.lookup(args, 1);
    if (ref === NONE) return reply.null();
    writer.clear();
    writer.compress = server.config.values.rdbcompression;
    const version = encodeValue(writer, db, ref, encodingLimits(server));
    if (version === 0) return reply.null();
    finishPayload(writer, version);
    reply.bulk(writer.buf, 0, writer.length);
    writer.clear();
  },
});

/** The options of RESTORE, from argument 4 on. */
interface RestoreOptions {
  readonly replace: boolean;
  readonly absolute: boolean;
  /** Seconds since the key was used; undefined: just now. */
  readonly idle_s: Int64 | undefined;
  readonly frequency: Int64 | undefined;
}

/** Reads the options; if they are wrong, answers so. */
function restoreOptions(ctx: Context): RestoreOptions | undefined {
  const { args, reply } = ctx;
  let replace = false;
  let absolute = false;
  let idle_s: Int64 | undefined;
  let frequency: Int64 | undefined;
  for (let i = 4; i < args.count; i++) {
    const isLast = i + 1 === args.count;
    if (args.is(i, "REPLACE")) {
      replace = true;
    } else if (args.is(i, "ABSTTL")) {
      absolute = true;
    } else if (args.is(i, "IDLETIME") && !isLast && frequency === undefined) {
      idle_s = ctx.integer(++i);
      if (idle_s === undefined) return undefined;
      if (idle_s < 0) return void reply.error(WRONG_IDLE_TIME);
    } else if (args.is(i, "FREQ") && !isLast && idle_s === undefined) {
      frequency = ctx.integer(++i);
      if (frequency === undefined) return undefined;
      if (frequency < 0 || frequency > FREQUENCY_MAX) return void reply.error(WRONG_FREQUENCY);
    } else {
      return void reply.error(SYNTAX_ERROR);
    }
  }
  return { replace, absolute, idle_s, frequency };
}

/** The value in argument 3; if it is none, answers so. */
function payloadValue({ args, db, reply }: Context): RdbValue | undefined {
  const end = args.end(3);
  if (!isPayload(args.buf, args.start(3), end)) return void reply.error(WRONG_PAYLOAD);
  try {
    reader.begin(args.buf, args.start(3), end - FOOTER_BYTES);
    return decodeValue(reader, reader.byte(), db.keyspace.seed);
  } catch (error) {
    // A RangeError says that there is no memory for it.
    if (error instanceof RdbError || error instanceof RangeError) return void reply.error(BAD_DATA);
    throw error;
  } finally {
    reader.begin(NOTHING, 0, 0); // the buffer of the connection is not to be held here
  }
}

function restoreKey(ctx: Context): void {
  const { args, db, reply, server } = ctx;
  const options = restoreOptions(ctx);
  if (options === undefined) return;
  if (!options.replace && db.lookupWrite(args, 1) !== NONE) return reply.error(BUSY_KEY);
  const ttl = ctx.integer(2);
  if (ttl === undefined) return;
  if (ttl < 0) return reply.error(WRONG_TTL);
  const value = payloadValue(ctx);
  if (value === undefined) return;

  // Replaced is what is there, expired or not: Redis deletes it without a word of its expiry.
  const old = db.table.find(args.buf, args.start(1), args.end(1));
  if (old !== NONE) db.remove(old);
  const expiry = ttl === 0 ? undefined : options.absolute ? ttl : addInt64(ttl, ctx.now_ms) ?? 0;
  if (expiry !== undefined && expiry <= ctx.now_ms && !db.keyspace.loading) {
    return restoreNothing(ctx, old !== NONE);
  }
  storeValue(db, db.peek(args, 1), args, 1, value, encodingLimits(server));
  const stored = db.setExpiry(db.peek(args, 1), expiry === undefined ? undefined : Number(expiry));
  db.table.setMeta(stored, accessMeta(ctx, options, db.table.meta(stored)));
  db.changed(RESTORE, args, 1);
  if (expiry !== undefined && !options.absolute) logAbsolute(ctx, expiry);
  reply.ok();
}

/** The value's time was over before it came: what remains is that the old one has gone. */
function restoreNothing(ctx: Context, replaced: boolean): void {
  const { args, db, reply } = ctx;
  if (replaced) {
    db.changed(DEL, args, 1);
    ctx.logAs("DEL", args.bytes(1));
  }
  reply.ok();
}

/** Logs the command with the time of expiry in the place of how long it lasts. */
function logAbsolute(ctx: Context, expiry: Int64): void {
  const { args } = ctx;
  const parts: Part[] = [];
  for (let i = 0; i < args.count; i++) parts.push(i === 2 ? expiry : args.bytes(i));
  ctx.logAs(...parts, "ABSTTL");
}

/** What the record remembers of accesses, if the options say so. */
function accessMeta(
  { db, now_ms }: Context,
  { idle_s, frequency }: RestoreOptions,
  meta: number,
): number {
  if (db.keyspace.lfu) return frequency === undefined ? meta : lfuMeta(Number(frequency), now_ms);
  return idle_s === undefined ? meta : lruMeta(idle_s, now_ms);
}

const restore = command({
  name: "restore",
  arity: -4,
  flags: ["write", "denyoom"],
  acl: ["keyspace", "dangerous"],
  keys: [keyAt(1, "OW UPDATE")],
  group: "generic",
  since: "2.6.0",
  summary: "Makes a key from what DUMP has returned.",
  complexity: "O(N) where N is the size of the value; O(N*log(N)) for a sorted set.",
  syntax: "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
  history: [
    ["3.0.0", "Added the `REPLACE` modifier."],
    ["5.0.0", "Added the `ABSTTL` modifier."],
    ["5.0.0", "Added the `IDLETIME` and `FREQ` options."],
  ],
  run: restoreKey,
});

/** DUMP RESTORE. */
export const dumpCommands: readonly Command[] = [dump, restore];
