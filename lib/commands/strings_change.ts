/**
 * Changing strings in place: INCR DECR INCRBY DECRBY INCRBYFLOAT, APPEND and SETRANGE. All of them
 * keep the key's expiry.
 *
 * Promise: no string grows past `proto-max-bulk-len`. The float that INCRBYFLOAT arrives at is
 * logged itself, not the way there.
 */

import { NONE, type Ref } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import { EMBSTR, INT, RAW, stringEncoding } from "../keyspace/value.ts";
import { copyBytes, newBytes } from "../memory/bytes.ts";
import { FloatIncrement, NOT_A_FLOAT, NOT_FINITE } from "../numbers/float_increment.ts";
import {
  addInt64,
  type Int64,
  INT64_LENGTH_MAX,
  INT64_MIN,
  parseInt64,
  writeInt64,
} from "../numbers/int64.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, NOT_AN_INTEGER } from "./context.ts";

const APPEND = keyEvent("append", "string");
const INCRBY = keyEvent("incrby", "string");
const INCRBYFLOAT = keyEvent("incrbyfloat", "string");
const SETRANGE = keyEvent("setrange", "string");

const INVALID_FLOAT = "ERR value is not a valid float";
const TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
/** No string is longer than this, however high `proto-max-bulk-len` is: offsets are int32. */
const VALUE_BYTES_MAX = 0x7fffffff;

/** Digits of the integer under way; nothing in a handler runs between writing and storing them. */
const digits = newBytes(INT64_LENGTH_MAX);
const increment = new FloatIncrement();
/** The text that a float begins with: "0". */
const ZERO = newBytes(1).fill("0");

/** Adds to the integer in argument 1, or to 0 where there is none. */
function increase(ctx: Context, amount: Int64): void {
  const { args, db, reply } = ctx;
  const ref = db.lookupWrite(args, 1);
  if (!ctx.check(ref, "string")) return;
  const before = ref === NONE ? 0 : integerAt(ctx, ref);
  if (before === undefined) return reply.error(NOT_AN_INTEGER);
  const sum = addInt64(before, amount);
  if (sum === undefined) return reply.error("ERR increment or decrement would overflow");

  const length = writeInt64(digits, 0, sum);
  if (ref === NONE) db.store(ref, args, 1, INT, digits, 0, length);
  else db.setValue(ref, INT, digits, 0, length);
  db.changed(INCRBY, args, 1);
  reply.integer(sum);
}

function integerAt({ db }: Context, ref: Ref): Int64 | undefined {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  return parseInt64(bytes, valueStart, valueEnd);
}

const incr = command({
  name: "incr",
  arity: 2,
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  group: "string",
  since: "1.0.0",
  summary: "Adds one to the integer value of a key.",
  complexity: "O(1)",
  syntax: "key",
  run: (ctx) => increase(ctx, 1),
});

const decr = command({
  name: "decr",
  arity: 2,
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  group: "string",
  since: "1.0.0",
  summary: "Subtracts one from the integer value of a key.",
  complexity: "O(1)",
  syntax: "key",
  run: (ctx) => increase(ctx, -1),
});

const incrby = command({
  name: "incrby",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  group: "string",
  since: "1.0.0",
  summary: "Adds a number to the integer value of a key.",
  complexity: "O(1)",
  syntax: "key increment",
  run(ctx) {
    const amount = ctx.integer(2);
    if (amount !== undefined) increase(ctx, amount);
  },
});

const decrby = command({
  name: "decrby",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  group: "string",
  since: "1.0.0",
  summary: "Subtracts a number from the integer value of a key.",
  complexity: "O(1)",
  syntax: "key decrement",
  run(ctx) {
    const amount = ctx.integer(2);
    if (amount === undefined) return;
    if (amount === INT64_MIN) return ctx.reply.error("ERR decrement would overflow");
    increase(ctx, -amount);
  },
});

const incrbyfloat = command({
  name: "incrbyfloat",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  group: "string",
  since: "2.6.0",
  summary: "Adds a number to the decimal value of a key.",
  complexity: "O(1)",
  syntax: "key increment",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "string")) return;
    if (!increment.read(args.buf, args.start(2), args.end(2))) return reply.error(INVALID_FLOAT);
    const length = ref === NONE ? increment.addTo(ZERO, 0, 1) : increaseFloat(ctx, ref);
    if (length === NOT_A_FLOAT) return reply.error(INVALID_FLOAT);
    if (length === NOT_FINITE) return reply.error("ERR increment would produce NaN or Infinity");

    const { text } = increment;
    // An integer among the results is not told from the others: OBJECT ENCODING says embstr.
    const encoding = stringEncoding(text, 0, length) === RAW ? RAW : EMBSTR;
    db.store(ref, args, 1, encoding, text, 0, length, true);
    db.changed(INCRBYFLOAT, args, 1);
    if (!ctx.server.effects.active) ctx.logNothing();
    else ctx.logAs("SET", args.bytes(1), text.subarray(0, length), "KEEPTTL");
    reply.bulk(text, 0, length);
  },
});

function increaseFloat({ db }: Context, ref: Ref): number {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  return increment.addTo(bytes, valueStart, valueEnd);
}

const append = command({
  name: "append",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RW INSERT")],
  group: "string",
  since: "2.0.0",
  summary: "Appends to the string value of a key, which is created if need be.",
  complexity: "O(1) on average, where what is appended is small.",
  syntax: "key value",
  run(ctx) {
    const { args, db, reply } = ctx;
    const { buf } = args;
    const from = args.start(2);
    const to = args.end(2);
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "string")) return;
    const before = ref === NONE ? 0 : lengthAt(ctx, ref);
    const length = before + to - from;
    if (ref !== NONE && !fits(ctx, length)) return;

    if (ref === NONE) db.store(ref, args, 1, stringEncoding(buf, from, to), buf, from, to);
    else writeInto(ctx, ref, length, before, 2);
    db.changed(APPEND, args, 1);
    reply.integer(length);
  },
});

const setrange = command({
  name: "setrange",
  arity: 4,
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: [keyAt(1, "RW UPDATE")],
  group: "string",
  since: "2.2.0",
  summary: "Overwrites a string from an offset on; a gap before it is filled with zero bytes.",
  complexity: "O(M) where M is the length of the new part and of the gap before it.",
  syntax: "key offset value",
  run(ctx) {
    const { args, db, reply } = ctx;
    const offset = ctx.integer(2);
    if (offset === undefined) return;
    if (offset < 0) return reply.error("ERR offset is out of range");
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "string")) return;
    const before = ref === NONE ? 0 : lengthAt(ctx, ref);
    if (args.length(3) === 0) return reply.integer(before);
    const end = Number(offset) + args.length(3);
    if (!fits(ctx, end)) return;

    const target = ref === NONE ? db.store(ref, args, 1, RAW, digits, 0, 0) : ref;
    const length = Math.max(before, end);
    writeInto(ctx, target, length, Number(offset), 3);
    db.changed(SETRANGE, args, 1);
    reply.integer(length);
  },
});

function lengthAt({ db }: Context, ref: Ref): number {
  const { valueStart, valueEnd } = db.locate(ref);
  return valueEnd - valueStart;
}

/** Whether a string may be so long; if not, answers so. What the log says is done in any case. */
function fits(ctx: Context, length: number): boolean {
  const limit = ctx.server.config.values["proto-max-bulk-len"];
  if (length <= VALUE_BYTES_MAX && (length <= limit || ctx.client.isReplay)) return true;
  ctx.reply.error(TOO_LONG);
  return false;
}

/** Gives a string this length and writes argument `v` at an offset. It is never embedded again. */
function writeInto(ctx: Context, ref: Ref, length: number, offset: number, v: number): void {
  const { args, db } = ctx;
  const resized = db.resizeValue(ref, RAW, length);
  db.overwriting(resized, offset, offset + args.length(v));
  const { bytes, valueStart } = db.locate(resized);
  copyBytes(args.buf, args.start(v), args.end(v), bytes, valueStart + offset);
}

/** The commands of this file. */
export const changeCommands: readonly Command[] = [
  incr,
  decr,
  incrby,
  decrby,
  incrbyfloat,
  append,
  setrange,
];
