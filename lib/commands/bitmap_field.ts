/**
 * BITFIELD and BITFIELD_RO: integers of any width at any bit of a string.
 *
 *     BITFIELD key SET u8 0 200 OVERFLOW SAT INCRBY u8 #1 100 GET i5 12
 *
 * All operations are read and checked before the first one is done.
 */

import { NONE } from "../keyspace/database.ts";
import { type Int64, parseInt64 } from "../numbers/int64.ts";
import {
  addToField,
  type FieldType,
  type Overflow,
  readField,
  writeField,
} from "../types/bitmap/bitfield.ts";
import { bitOffset, growString, SETBIT_EVENT } from "./bitmap_string.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";

const BAD_TYPE = "ERR Invalid bitfield type. Use something like i16 u8. " +
  "Note that u64 is not supported but i64 is.";
const BAD_OVERFLOW = "ERR Invalid OVERFLOW type specified";
const READ_ONLY = "ERR BITFIELD_RO only supports the GET subcommand";

const BITS = 8;
/** Bytes that a field of 64 bits may touch. */
const FIELD_SPAN_BYTES_MAX = 9;
const LETTER_I = 0x69;
const LETTER_U = 0x75;

/** One operation. */
interface FieldOperation {
  readonly kind: "get" | "set" | "incrby";
  readonly type: FieldType;
  readonly offset: number;
  /** What is set or added. */
  readonly value: Int64;
  readonly overflow: Overflow;
}

/** The operations from argument 2 on; undefined: they make no sense, and that was answered. */
function readOperations(ctx: Context): FieldOperation[] | undefined {
  const { args, reply } = ctx;
  const operations: FieldOperation[] = [];
  let overflow: Overflow = "wrap";
  for (let i = 2; i < args.count;) {
    const behind = args.count - i - 1;
    if (args.is(i, "OVERFLOW") && behind >= 1) {
      const word = readOverflow(ctx, i + 1);
      if (word === undefined) return undefined;
      overflow = word;
      i += 2;
      continue;
    }
    const kind = args.is(i, "GET") && behind >= 2
      ? "get"
      : args.is(i, "SET") && behind >= 3
      ? "set"
      : args.is(i, "INCRBY") && behind >= 3
      ? "incrby"
      : undefined;
    if (kind === undefined) return void reply.error(SYNTAX_ERROR);
    const type = readType(ctx, i + 1);
    if (type === undefined) return undefined;
    const offset = bitOffset(ctx, i + 2, type.bits);
    if (offset === undefined) return undefined;
    const value = kind === "get" ? 0 : ctx.integer(i + 3);
    if (value === undefined) return undefined;
    operations.push({ kind, type, offset, value, overflow });
    i += kind === "get" ? 3 : 4;
  }
  return operations;
}

function readOverflow({ args, reply }: Context, i: number): Overflow | undefined {
  if (args.is(i, "WRAP")) return "wrap";
  if (args.is(i, "SAT")) return "sat";
  if (args.is(i, "FAIL")) return "fail";
  return void reply.error(BAD_OVERFLOW);
}

function readType({ args, reply }: Context, i: number): FieldType | undefined {
  const { buf } = args;
  const start = args.start(i);
  const end = args.end(i);
  const signed = start < end && buf[start] === LETTER_I;
  if (signed || (start < end && buf[start] === LETTER_U)) {
    const bits = parseInt64(buf, start + 1, end);
    if (typeof bits === "number" && bits >= 1 && bits <= (signed ? 64 : 63)) {
      return { signed, bits };
    }
  }
  return void reply.error(BAD_TYPE);
}

/** BITFIELD and BITFIELD_RO. */
function runBitfield(ctx: Context, readOnly: boolean): void {
  const operations = readOperations(ctx);
  if (operations === undefined) return;
  let length = 0;
  for (const { kind, type, offset } of operations) {
    if (kind !== "get") length = Math.max(length, Math.floor((offset + type.bits - 1) / 8) + 1);
  }
  if (length === 0) return getFields(ctx, operations);
  if (readOnly) return ctx.reply.error(READ_ONLY);
  changeFields(ctx, operations, length);
}

/** Nothing but GET: the string need not exist. */
function getFields(ctx: Context, operations: readonly FieldOperation[]): void {
  const { args, db, reply } = ctx;
  const ref = db.lookup(args, 1);
  if (!ctx.check(ref, "string")) return;
  reply.array(operations.length);
  if (ref === NONE) {
    for (let i = 0; i < operations.length; i++) reply.integer(0);
    return;
  }
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  for (const { type, offset } of operations) {
    reply.integer(readField(bytes, valueStart, valueEnd, offset, type));
  }
}

/** At least one operation writes: the string is made at least `length` long. */
function changeFields(
  ctx: Context,
  operations: readonly FieldOperation[],
  length: number,
): void {
  const { args, db, reply } = ctx;
  const string = growString(ctx, length);
  if (string === undefined) return;
  const { bytes, valueStart, valueEnd } = db.locate(string.ref);
  let isChanged = false;
  reply.array(operations.length);
  for (const { kind, type, offset, value, overflow } of operations) {
    const before = readField(bytes, valueStart, valueEnd, offset, type);
    if (kind === "get") {
      reply.integer(before);
      continue;
    }
    const after = kind === "set"
      ? addToField(value, 0, type, overflow)
      : addToField(before, value, type, overflow);
    if (after === undefined) {
      reply.null();
      continue;
    }
    const at = Math.floor(offset / BITS);
    db.overwriting(string.ref, at, at + FIELD_SPAN_BYTES_MAX);
    writeField(bytes, valueStart, offset, type, after);
    if (string.isGrown || after !== before) isChanged = true;
    reply.integer(kind === "set" ? before : after);
  }
  if (isChanged) db.changed(SETBIT_EVENT, args, 1);
  // All have failed, but the string has grown: Redis tells nobody; the log must know.
  else if (string.isGrown) db.keyspace.dirty++;
}

const bitfield = command({
  name: "bitfield",
  arity: -2,
  flags: ["write", "denyoom"],
  acl: ["bitmap"],
  keys: [
    keyAt(
      1,
      "RW ACCESS UPDATE VARIABLE_FLAGS",
      "This command allows both access and modification of the key",
    ),
  ],
  group: "bitmap",
  since: "3.2.0",
  summary: "Reads, sets and adds to integers of any width at any bit of a string.",
  complexity: "O(1) for each operation",
  syntax:
    "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | " +
    "INCRBY encoding offset increment> ...]",
  run: (ctx) => runBitfield(ctx, false),
});

const bitfieldRo = command({
  name: "bitfield_ro",
  arity: -2,
  flags: ["readonly", "fast"],
  acl: ["bitmap"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "bitmap",
  since: "6.0.0",
  summary: "Reads integers of any width at any bit of a string.",
  complexity: "O(1) for each operation",
  syntax: "key [GET encoding offset [GET encoding offset ...]]",
  run: (ctx) => runBitfield(ctx, true),
});

/** BITFIELD and BITFIELD_RO. */
export const bitfieldCommands: readonly Command[] = [bitfield, bitfieldRo];
