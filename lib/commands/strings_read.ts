/**
 * Reading strings: GET MGET GETRANGE SUBSTR STRLEN, and the two that read and change what becomes
 * of the key, GETEX and GETDEL.
 *
 * Promise: GET and MGET make no object and copy each value once, from the arena to the reply.
 */

import { warmKeys } from "../keyspace/lookahead.ts";
import { NONE, type Ref } from "../keyspace/database.ts";
import { DEL, keyEvent } from "../keyspace/events.ts";
import { type Command, command, keyAt, keysFrom } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { GETEX_OPTIONS, Option, StoreOptions } from "./expiry_options.ts";

const EXPIRE = keyEvent("expire", "generic");
const PERSIST = keyEvent("persist", "generic");

const EMPTY = new Uint8Array(0);
const options = new StoreOptions();

/** Answers with the string at `ref`, or with null where there is none. */
export function replyString({ db, reply }: Context, ref: Ref): void {
  if (ref === NONE) return reply.null();
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  reply.bulk(bytes, valueStart, valueEnd);
}

const get = command({
  name: "get",
  arity: 2,
  flags: ["readonly", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "string",
  since: "1.0.0",
  summary: "Returns the string value of a key.",
  complexity: "O(1)",
  syntax: "key",
  run(ctx) {
    const ref = ctx.db.lookup(ctx.args, 1);
    if (ctx.check(ref, "string")) replyString(ctx, ref);
  },
});

const mget = command({
  name: "mget",
  arity: -2,
  flags: ["readonly", "fast"],
  acl: ["string"],
  keys: [keysFrom(1, -1, 1, "RO ACCESS")],
  tips: ["request_policy:multi_shard"],
  group: "string",
  since: "1.0.0",
  summary: "Returns the string values of several keys; null for one that holds no string.",
  complexity: "O(N) where N is the number of keys.",
  syntax: "key [key ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    reply.array(args.count - 1);
    for (let i = 1; i < args.count; i++) {
      warmKeys(db, args, i, 1);
      const ref = db.lookup(args, i);
      replyString(ctx, ref !== NONE && db.type(ref) === "string" ? ref : NONE);
    }
  },
});

function runGetRange(ctx: Context): void {
  const { args, db, reply } = ctx;
  const first = ctx.integer(2);
  if (first === undefined) return;
  const last = ctx.integer(3);
  if (last === undefined) return;
  const ref = db.lookup(args, 1);
  if (!ctx.check(ref, "string")) return;

  if (ref === NONE || (first < 0 && last < 0 && first > last)) return reply.bulk(EMPTY);
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  const length = valueEnd - valueStart;
  // An end before the beginning means the first byte, as in Redis.
  const from = Math.max(0, first < 0 ? length + Number(first) : Number(first));
  const to = Math.min(length, Math.max(0, last < 0 ? length + Number(last) : Number(last)) + 1);
  if (from >= to) return reply.bulk(EMPTY);
  reply.bulk(bytes, valueStart + from, valueStart + to);
}

const getrange = command({
  name: "getrange",
  arity: 4,
  flags: ["readonly"],
  acl: ["string"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "string",
  since: "2.4.0",
  summary: "Returns the part of a string between two offsets, both included.",
  complexity: "O(N) where N is the length of the part returned.",
  syntax: "key start end",
  run: runGetRange,
});

const substr = command({
  name: "substr",
  arity: 4,
  flags: ["readonly"],
  acl: ["string"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "string",
  since: "1.0.0",
  deprecated: { since: "2.0.0", replacedBy: "`GETRANGE`" },
  summary: "Returns the part of a string between two offsets, both included.",
  complexity: "O(N) where N is the length of the part returned.",
  syntax: "key start end",
  run: runGetRange,
});

const strlen = command({
  name: "strlen",
  arity: 2,
  flags: ["readonly", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RO")],
  group: "string",
  since: "2.2.0",
  summary: "Returns the length of a string in bytes.",
  complexity: "O(1)",
  syntax: "key",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "string")) return;
    if (ref === NONE) return reply.integer(0);
    const { valueStart, valueEnd } = db.locate(ref);
    reply.integer(valueEnd - valueStart);
  },
});

const getdel = command({
  name: "getdel",
  arity: 2,
  flags: ["write", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RW ACCESS DELETE")],
  group: "string",
  since: "6.2.0",
  summary: "Returns the string value of a key and deletes the key.",
  complexity: "O(1)",
  syntax: "key",
  run(ctx) {
    const { args, db } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "string")) return;
    replyString(ctx, ref);
    if (ref === NONE) return;
    db.remove(ref);
    db.changed(DEL, args, 1);
    ctx.logAs("DEL", args.bytes(1));
  },
});

const getex = command({
  name: "getex",
  arity: -2,
  flags: ["write", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RW ACCESS UPDATE", "RW and UPDATE because it changes the TTL")],
  group: "string",
  since: "6.2.0",
  summary: "Returns the string value of a key and sets or removes its expiry.",
  complexity: "O(1)",
  syntax: "key [EX seconds | PX milliseconds | EXAT unix-time-seconds |" +
    " PXAT unix-time-milliseconds | PERSIST]",
  run(ctx) {
    const { args, db } = ctx;
    if (!options.read(args, 2, GETEX_OPTIONS)) return ctx.reply.error(SYNTAX_ERROR);
    const ref = db.lookup(args, 1);
    // A time that makes no sense is an error only where there is a string.
    if (ref === NONE) return ctx.reply.null();
    if (!ctx.check(ref, "string")) return;
    const at_ms = options.timeAt > 0 ? options.expiry(ctx) : undefined;
    if (options.timeAt > 0 && at_ms === undefined) return;

    replyString(ctx, ref);
    if (at_ms !== undefined) expireAt(ctx, ref, at_ms);
    else if (options.has(Option.PERSIST)) persist(ctx, ref);
  },
});

/** Sets the expiry; a time in the past deletes the key at once. */
function expireAt(ctx: Context, ref: Ref, at_ms: number | bigint): void {
  const { args, db } = ctx;
  const key = args.bytes(1);
  if (at_ms <= ctx.now_ms && !ctx.client.isReplay) {
    db.remove(ref);
    db.changed(DEL, args, 1);
    ctx.logAs("DEL", key);
  } else {
    db.setExpiry(ref, Number(at_ms));
    db.changed(EXPIRE, args, 1);
    ctx.logAs("PEXPIREAT", key, at_ms);
  }
}

function persist(ctx: Context, ref: Ref): void {
  const { args, db } = ctx;
  if (db.expiry(ref) === undefined) return;
  db.setExpiry(ref, undefined);
  db.changed(PERSIST, args, 1);
  ctx.logAs("PERSIST", args.bytes(1));
}

/** The commands of this file. */
export const readCommands: readonly Command[] = [
  get,
  mget,
  getrange,
  substr,
  strlen,
  getdel,
  getex,
];
