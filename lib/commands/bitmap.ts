/**
 * Strings as arrays of bits: SETBIT GETBIT BITCOUNT BITPOS BITOP. BITFIELD and BITFIELD_RO have a
 * file of their own.
 */

import { NONE } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import { RAW } from "../keyspace/value.ts";
import { countBitRange, countBits, findBit } from "../types/bitmap/bits.ts";
import {
  type BitOperation,
  type ByteRun,
  combineBits,
  combinedLength,
  combinePiece,
  PIECE_BYTES,
} from "../types/bitmap/combine.ts";
import { bitfieldCommands } from "./bitmap_field.ts";
import { bitOffset, growString, SETBIT_EVENT } from "./bitmap_string.ts";
import { type Command, command, keyAt, keysFrom } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { storeNothing } from "./empty_result.ts";

const SET = keyEvent("set", "string");

const BAD_BIT = "ERR bit is not an integer or out of range";
const BAD_BITPOS_BIT = "ERR The bit argument must be 1 or 0.";
const NOT_OF_MANY = "ERR BITOP NOT must be called with a single source key.";
const BITS = 8;

const setbit = command({
  name: "setbit",
  arity: 4,
  flags: ["write", "denyoom"],
  acl: ["bitmap"],
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  group: "bitmap",
  since: "2.2.0",
  summary: "Sets or clears a bit of a string, which grows if need be; returns what the bit was.",
  complexity: "O(1)",
  syntax: "key offset value",
  run(ctx) {
    const { args, db, reply } = ctx;
    const offset = bitOffset(ctx, 2);
    if (offset === undefined) return;
    const bit = ctx.integer(3, BAD_BIT);
    if (bit === undefined) return;
    if (bit !== 0 && bit !== 1) return reply.error(BAD_BIT);

    const index = Math.floor(offset / BITS);
    const string = growString(ctx, index + 1);
    if (string === undefined) return;
    const { bytes, valueStart } = db.locate(string.ref);
    const at = valueStart + index;
    const mask = 0x80 >>> (offset % BITS);
    const before = (bytes[at] & mask) === 0 ? 0 : 1;
    db.overwriting(string.ref, index, index + 1);
    if (bit === 1) bytes[at] |= mask;
    else bytes[at] &= ~mask;
    if (string.isGrown || before !== bit) db.changed(SETBIT_EVENT, args, 1);
    reply.integer(before);
  },
});

const getbit = command({
  name: "getbit",
  arity: 3,
  flags: ["readonly", "fast"],
  acl: ["bitmap"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "bitmap",
  since: "2.2.0",
  summary: "Returns a bit of a string; 0 behind its end.",
  complexity: "O(1)",
  syntax: "key offset",
  run(ctx) {
    const { args, db, reply } = ctx;
    const offset = bitOffset(ctx, 2);
    if (offset === undefined) return;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "string")) return;

    if (ref === NONE) return reply.integer(0);
    const { bytes, valueStart, valueEnd } = db.locate(ref);
    const at = valueStart + Math.floor(offset / BITS);
    const isSet = at < valueEnd && (bytes[at] & (0x80 >>> (offset % BITS))) !== 0;
    reply.integer(isSet ? 1 : 0);
  },
});

/** Bits or bytes, as a last word says; undefined: it says neither, and that was answered. */
function readUnit({ args, reply }: Context, i: number): number | undefined {
  if (args.is(i, "BIT")) return 1;
  if (args.is(i, "BYTE")) return BITS;
  return void reply.error(SYNTAX_ERROR);
}

/**
 * The bits from `first` to `last` (both may count from the end) of a string of `length` bytes,
 * where both count units of `unit_bits`; undefined: there are none.
 */
function bitRange(
  first: number,
  last: number,
  length: number,
  unit_bits: number,
): { first: number; last: number } | undefined {
  const total = length * (BITS / unit_bits);
  const from = Math.max(0, first < 0 ? total + first : first);
  const to = Math.min(total - 1, Math.max(0, last < 0 ? total + last : last));
  if (from > to) return undefined;
  return { first: from * unit_bits, last: (to + 1) * unit_bits - 1 };
}

const bitcount = command({
  name: "bitcount",
  arity: -2,
  flags: ["readonly"],
  acl: ["bitmap"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "bitmap",
  since: "2.6.0",
  history: [["7.0.0", "Added the `BYTE|BIT` option."]],
  summary: "Counts the bits that are set in a string, or in a part of it.",
  complexity: "O(N)",
  syntax: "key [start end [BYTE | BIT]]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "string")) return;
    if (ref === NONE) return reply.integer(0);
    const { bytes, valueStart, valueEnd } = db.locate(ref);
    if (args.count === 2) return reply.integer(countBits(bytes, valueStart, valueEnd));
    if (args.count !== 4 && args.count !== 5) return reply.error(SYNTAX_ERROR);
    const first = ctx.integer(2);
    if (first === undefined) return;
    const last = ctx.integer(3);
    if (last === undefined) return;
    if (first < 0 && last < 0 && first > last) return reply.integer(0);
    const unit_bits = args.count === 5 ? readUnit(ctx, 4) : BITS;
    if (unit_bits === undefined) return;

    const range = bitRange(Number(first), Number(last), valueEnd - valueStart, unit_bits);
    if (range === undefined) return reply.integer(0);
    reply.integer(countBitRange(bytes, valueStart, range.first, range.last));
  },
});

const bitpos = command({
  name: "bitpos",
  arity: -3,
  flags: ["readonly"],
  acl: ["bitmap"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "bitmap",
  since: "2.8.7",
  history: [["7.0.0", "Added the `BYTE|BIT` option."]],
  summary: "Finds the first bit that is set, or clear, in a string or in a part of it.",
  complexity: "O(N)",
  syntax: "key bit [start [end [BYTE | BIT]]]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const bit = ctx.integer(2);
    if (bit === undefined) return;
    if (bit !== 0 && bit !== 1) return reply.error(BAD_BITPOS_BIT);
    const ref = db.lookup(args, 1);
    // What does not exist is an endless run of zeros.
    if (ref === NONE) return reply.integer(bit === 1 ? -1 : 0);
    if (!ctx.check(ref, "string")) return;
    if (args.count > 6) return reply.error(SYNTAX_ERROR);
    const first = args.count > 3 ? ctx.integer(3) : 0;
    if (first === undefined) return;
    const unit_bits = args.count === 6 ? readUnit(ctx, 5) : BITS;
    if (unit_bits === undefined) return;
    const last = args.count > 4 ? ctx.integer(4) : -1;
    if (last === undefined) return;

    const { bytes, valueStart, valueEnd } = db.locate(ref);
    const range = bitRange(Number(first), Number(last), valueEnd - valueStart, unit_bits);
    if (range === undefined) return reply.integer(-1);
    const found = findBit(bytes, valueStart, bit, range.first, range.last);
    // Behind the end there are zeros, unless the end was given.
    const isZeroBehind = found < 0 && bit === 0 && args.count <= 4;
    reply.integer(isZeroBehind ? range.last + 1 : found);
  },
});

/** The operation in argument 1; undefined: there is none of that name. */
function readOperation({ args }: Context): BitOperation | undefined {
  if (args.is(1, "AND")) return "and";
  if (args.is(1, "OR")) return "or";
  if (args.is(1, "XOR")) return "xor";
  return args.is(1, "NOT") ? "not" : undefined;
}

/** Whether all keys from argument 3 on are strings or absent; if not, answers so. */
function checkSources(ctx: Context): boolean {
  for (let i = 3; i < ctx.args.count; i++) {
    if (!ctx.check(ctx.db.lookup(ctx.args, i), "string")) return false;
  }
  return true;
}

/** The strings from argument 3 on; valid until the next change. */
function locateSources({ args, db }: Context): ByteRun[] {
  const sources: ByteRun[] = [];
  for (let i = 3; i < args.count; i++) {
    const ref = db.peek(args, i);
    if (ref === NONE) {
      sources.push(NO_BYTES);
      continue;
    }
    const { bytes, valueStart, valueEnd } = db.locate(ref);
    sources.push({ bytes, start: valueStart, end: valueEnd });
  }
  return sources;
}

const NO_BYTES: ByteRun = { bytes: new Uint8Array(0), start: 0, end: 0 };
/** Longer results are made where they are to stand; shorter ones beside, to fit exactly. */
const MADE_BESIDE_BYTES_MAX = 8 << 20;

/** Stores what the sources come to, `length` bytes, under argument 2. */
function storeCombined(
  ctx: Context,
  operation: BitOperation,
  sources: readonly ByteRun[],
  length: number,
): void {
  const { args, db } = ctx;
  if (length <= PIECE_BYTES) {
    const bytes = combinePiece(operation, sources, 0, length);
    db.store(db.lookupWrite(args, 2), args, 2, RAW, bytes, 0, length);
    return;
  }
  if (length <= MADE_BESIDE_BYTES_MAX) {
    const bytes = new Uint8Array(length);
    combineBits(operation, sources, { bytes, start: 0, end: length });
    db.store(db.lookupWrite(args, 2), args, 2, RAW, bytes, 0, length);
    return;
  }
  let target = db.lookupWrite(args, 2);
  if (target === NONE || db.type(target) !== "string") {
    target = db.store(target, args, 2, RAW, NO_BYTES.bytes, 0, 0);
  }
  db.setExpiry(db.resizeValue(target, RAW, length), undefined);
  const moved = locateSources(ctx); // the target may be one of them
  target = db.peek(args, 2);
  db.overwriting(target, 0, length);
  const { bytes, valueStart, valueEnd } = db.locate(target);
  combineBits(operation, moved, { bytes, start: valueStart, end: valueEnd });
}

const bitop = command({
  name: "bitop",
  arity: -4,
  flags: ["write", "denyoom"],
  acl: ["bitmap"],
  keys: [keyAt(2, "OW UPDATE"), keysFrom(3, -1, 1, "RO ACCESS")],
  group: "bitmap",
  since: "2.6.0",
  summary: "Stores AND, OR, XOR or NOT of strings in another one.",
  complexity: "O(N)",
  syntax: "operation destkey key [key ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const operation = readOperation(ctx);
    if (operation === undefined) return reply.error(SYNTAX_ERROR);
    if (operation === "not" && args.count !== 4) return reply.error(NOT_OF_MANY);
    if (!checkSources(ctx)) return;

    const sources = locateSources(ctx);
    const length = combinedLength(sources);
    if (length > 0) {
      storeCombined(ctx, operation, sources, length);
      db.changed(SET, args, 2);
    } else {
      storeNothing(db, args, 2);
    }
    reply.integer(length);
  },
});

/** All commands on bits. */
export const bitmapCommands: readonly Command[] = [
  setbit,
  getbit,
  bitcount,
  bitpos,
  bitop,
  ...bitfieldCommands,
];
