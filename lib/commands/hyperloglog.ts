/**
 * HyperLogLogs: PFADD PFCOUNT PFMERGE; PFDEBUG and PFSELFTEST have a file of their own. They are
 * strings, and their bytes those of Redis.
 *
 * Promise: one that is dense is changed in place; what cannot be done to the end changes nothing.
 */

import type { Buffer } from "node:buffer";
import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { type KeyEvent, keyEvent } from "../keyspace/events.ts";
import { RAW } from "../keyspace/value.ts";
import { densePack, denseRaise } from "../types/hyperloglog/dense.ts";
import { indexOf, registerOf, valueOf } from "../types/hyperloglog/hash.ts";
import {
  countOf,
  countOfRegisters,
  denseCopy,
  mergeInto,
} from "../types/hyperloglog/hyperloglog.ts";
import {
  cacheCardinality,
  cachedCardinality,
  DENSE,
  emptyHyperLogLog,
  encodingOf,
  HEADER_BYTES,
  invalidateCardinality,
  REGISTERS,
} from "../types/hyperloglog/layout.ts";
import { SparseEditor } from "../types/hyperloglog/sparse.ts";
import { type Command, command, keyAt, keysFrom } from "./command.ts";
import type { Context } from "./context.ts";
import { checkHyperLogLog, CORRUPT, unshare } from "./hyperloglog_check.ts";
import { hyperloglogDebugCommands } from "./hyperloglog_debug.ts";

const PFADD = keyEvent("pfadd", "string");
/** PFCOUNT changes the cached count: WATCH and the log notice, subscribers do not. */
const CACHED: KeyEvent = { name: "pfcount", eventClass: 0 };

const EMPTY = emptyHyperLogLog();

/** Registers of one byte each, of all that are merged. */
const registers = new Uint8Array(REGISTERS);
const registerWords = new Int32Array(registers.buffer);

/** The one that is being changed; no handler is interrupted while it is. */
const sparse = new SparseEditor();
/** It, once it has become dense. */
let dense: Buffer | undefined;

/** Raises a register of the one being changed; undefined: it is corrupt. */
function raise(ctx: Context, index: number, value: number): boolean | undefined {
  if (dense === undefined) {
    const limit = ctx.server.config.values["hll-sparse-max-bytes"];
    const raised = sparse.raise(index, value, limit);
    if (raised === "corrupt") return undefined;
    if (raised !== "too large") return raised === "changed";
    dense = denseCopy(sparse.bytes, 0, sparse.length);
    if (dense === undefined) return undefined;
  }
  return denseRaise(dense, HEADER_BYTES, index, value);
}

/** Stores the one that was changed, and reports it. */
function storeChanged({ args, db }: Context, ref: Ref): void {
  const bytes = dense ?? sparse.bytes;
  const length = dense?.length ?? sparse.length;
  dense = undefined;
  invalidateCardinality(bytes, 0);
  if (ref === NONE) db.store(ref, args, 1, RAW, bytes, 0, length);
  else db.setValue(ref, RAW, bytes, 0, length);
  db.changed(PFADD, args, 1);
}

const pfadd = command({
  name: "pfadd",
  arity: -2,
  flags: ["write", "denyoom", "fast"],
  acl: ["hyperloglog"],
  keys: [keyAt(1, "RW INSERT")],
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Adds elements to a HyperLogLog; tells whether its estimate may have changed.",
  complexity: "O(1) for each element.",
  syntax: "key [element [element ...]]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const found = db.lookupWrite(args, 1);
    if (!checkHyperLogLog(ctx, found)) return;

    if (found === NONE) return addSparse(ctx, found, 2);
    const ref = unshare(db, found);
    const { bytes, valueStart, valueEnd } = db.locate(ref);
    if (encodingOf(bytes, valueStart) === DENSE) return addDense(ctx, bytes, valueStart);
    for (let i = 2; i < args.count; i++) {
      const register = registerOf(args.buf, args.start(i), args.end(i));
      const index = indexOf(register);
      if (sparse.wouldChange(bytes, valueStart, valueEnd, index, valueOf(register))) {
        return addSparse(ctx, ref, i);
      }
    }
    reply.integer(0);
  },
});

/** Adds the arguments to the dense one at `start`, in place. */
function addDense({ args, db, reply }: Context, bytes: Buffer, start: number): void {
  let isChanged = false;
  for (let i = 2; i < args.count; i++) {
    const register = registerOf(args.buf, args.start(i), args.end(i));
    if (denseRaise(bytes, start + HEADER_BYTES, indexOf(register), valueOf(register))) {
      isChanged = true;
    }
  }
  if (!isChanged) return reply.integer(0);
  invalidateCardinality(bytes, start);
  db.changed(PFADD, args, 1);
  reply.integer(1);
}

/** Adds the arguments from `first` on, of which that one changes something, to a sparse one. */
function addSparse(ctx: Context, ref: Ref, first: number): void {
  const { args, reply } = ctx;
  begin(ctx, ref);
  for (let i = first; i < args.count; i++) {
    const register = registerOf(args.buf, args.start(i), args.end(i));
    if (raise(ctx, indexOf(register), valueOf(register)) === undefined) {
      dense = undefined;
      return reply.error(CORRUPT);
    }
  }
  storeChanged(ctx, ref);
  reply.integer(1);
}

/** Begins to change the sparse one at `ref`, or a new one. */
function begin({ db }: Context, ref: Ref): void {
  dense = undefined;
  if (ref === NONE) return sparse.load(EMPTY, 0, EMPTY.length);
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  sparse.load(bytes, valueStart, valueEnd);
}

const pfcount = command({
  name: "pfcount",
  arity: -2,
  flags: ["readonly", "may_replicate"],
  acl: ["hyperloglog"],
  keys: [
    keysFrom(
      1,
      -1,
      1,
      "RW ACCESS",
      "RW because it may change the internal representation of the key, and propagate to replicas",
    ),
  ],
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Estimates how many distinct elements HyperLogLogs have seen together.",
  complexity: "O(1) for a single key, whose estimate is kept; O(N) for N keys.",
  syntax: "key [key ...]",
  run(ctx) {
    if (ctx.args.count === 2) return countOne(ctx);
    registers.fill(0);
    for (let i = 1; i < ctx.args.count; i++) {
      if (mergeKey(ctx, i) === undefined) return;
    }
    ctx.reply.integer(countOfRegisters(registers));
  },
});

/** Answers the estimate for argument 1, which is noted in its header. */
function countOne(ctx: Context): void {
  const { args, db, reply } = ctx;
  const ref = db.lookup(args, 1);
  if (!checkHyperLogLog(ctx, ref)) return;
  if (ref === NONE) return reply.integer(0);
  const known = knownCount(db, ref);
  if (known !== undefined) return reply.integer(known);
  db.preserve(ref); // PFCOUNT does not count as a command that writes, and yet it does
  const { bytes, valueStart, valueEnd } = db.locate(unshare(db, ref));
  const cached = cachedCardinality(bytes, valueStart);
  if (cached !== undefined) return reply.integer(cached);
  const count = countOf(bytes, valueStart, valueEnd);
  if (count === undefined) return reply.error(CORRUPT);
  cacheCardinality(bytes, valueStart, count);
  db.changed(CACHED, args, 1);
  ctx.logAs("PFCOUNT", args.bytes(1));
  reply.integer(count);
}

/** The estimate in the header, if nothing at all need be changed. */
function knownCount(db: Database, ref: Ref): number | bigint | undefined {
  if (db.encoding(ref) !== RAW) return undefined; // as in Redis, it will be that
  const { bytes, valueStart } = db.locate(ref);
  return cachedCardinality(bytes, valueStart);
}

/**
 * Raises `registers` to those of argument `i`; returns its encoding, or the sparse one if there is
 * no such key; undefined: an error has been answered.
 */
function mergeKey(ctx: Context, i: number): number | undefined {
  const { args, db, reply } = ctx;
  const ref = db.lookup(args, i);
  if (!checkHyperLogLog(ctx, ref)) return undefined;
  if (ref === NONE) return encodingOf(EMPTY, 0);
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  if (mergeInto(registers, bytes, valueStart, valueEnd)) return encodingOf(bytes, valueStart);
  return void reply.error(CORRUPT);
}

const pfmerge = command({
  name: "pfmerge",
  arity: -2,
  flags: ["write", "denyoom"],
  acl: ["hyperloglog"],
  keys: [keyAt(1, "RW ACCESS INSERT"), keysFrom(2, -1, 1, "RO ACCESS")],
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Adds to a HyperLogLog all that others have seen.",
  complexity: "O(N) for N HyperLogLogs.",
  syntax: "destkey sourcekey [sourcekey ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    registers.fill(0);
    let isDense = false; // if one of them is, so is the result
    for (let i = 1; i < args.count; i++) {
      const encoding = mergeKey(ctx, i);
      if (encoding === undefined) return;
      if (encoding === DENSE) isDense = true;
    }

    const ref = db.lookupWrite(args, 1);
    begin(ctx, ref);
    if (isDense) {
      dense = denseForMerge();
      densePack(registers, dense, HEADER_BYTES); // its own were merged, too
    } else {
      raiseAll(ctx);
    }
    storeChanged(ctx, ref);
    reply.ok();
  },
});

/** Raises the registers of the one being changed. */
function raiseAll(ctx: Context): void {
  for (let word = 0; word < registerWords.length; word++) {
    if (registerWords[word] === 0) continue; // four at a time: most are 0
    for (let index = 4 * word; index < 4 * word + 4; index++) {
      if (registers[index] > 0) raise(ctx, index, registers[index]);
    }
  }
}

/** The one being changed, as dense. */
function denseForMerge(): Buffer {
  const bytes = sparse.bytes.subarray(0, sparse.length);
  if (encodingOf(bytes, 0) === DENSE) return bytes;
  const copy = denseCopy(bytes, 0, bytes.length);
  if (copy === undefined) throw new Error("pfmerge: what was merged before is corrupt");
  return copy;
}

/** All commands on HyperLogLogs. */
export const hyperloglogCommands: readonly Command[] = [
  pfadd,
  pfcount,
  pfmerge,
  ...hyperloglogDebugCommands,
];
