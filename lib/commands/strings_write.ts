/**
 * Storing whole strings: SET SETNX SETEX PSETEX GETSET MSET MSETNX.
 *
 * Promise: a plain SET or MSET makes no object: the value goes from the input buffer to the arena.
 * Expiries are logged as absolute times, and what only asks (GET, GETSET) is not logged at all.
 */

import { warmKeys } from "../keyspace/lookahead.ts";
import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import { stringEncoding } from "../keyspace/value.ts";
import type { Args } from "../resp/args.ts";
import type { Part } from "../resp/encoder.ts";
import { type Command, command, keyAt, keysFrom } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { expiryTime, Option, SET_OPTIONS, StoreOptions } from "./expiry_options.ts";
import { replyString } from "./strings_read.ts";

const SET = keyEvent("set", "string");
const EXPIRE = keyEvent("expire", "generic");

const options = new StoreOptions();

/**
 * Stores argument `v` as the value of argument `k`, whose lookup returned `ref`, and reports it.
 * Expiry goes unless `keepExpiry`.
 */
function storeArgument(
  db: Database,
  ref: Ref,
  args: Args,
  k: number,
  v: number,
  keepExpiry = false,
): Ref {
  const from = args.start(v);
  const to = args.end(v);
  const encoding = stringEncoding(args.buf, from, to);
  const stored = db.store(ref, args, k, encoding, args.buf, from, to, keepExpiry);
  db.changed(SET, args, k);
  return stored;
}

/** Stores argument `v` under argument 1 until `at_ms`, reports it and logs it so. */
function storeUntil(ctx: Context, ref: Ref, v: number, at_ms: number | bigint): void {
  const { args, db } = ctx;
  // The old expiry is kept, to be overwritten in place.
  const stored = storeArgument(db, ref, args, 1, v, true);
  db.setExpiry(stored, Number(at_ms));
  db.notify(EXPIRE, args, 1);
  logSet(ctx, v, "PXAT", at_ms);
}

/** Logs `SET key value ...rest` with the value of argument `v`. */
function logSet(ctx: Context, v: number, ...rest: readonly Part[]): void {
  // Without a log the views of key and value need not be made.
  if (!ctx.server.effects.active) return ctx.logNothing();
  ctx.logAs("SET", ctx.args.bytes(1), ctx.args.bytes(v), ...rest);
}

const set = command({
  name: "set",
  arity: -3,
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: [
    keyAt(
      1,
      "RW ACCESS UPDATE VARIABLE_FLAGS",
      "RW and ACCESS due to the optional `GET` argument",
    ),
  ],
  group: "string",
  since: "1.0.0",
  history: [
    ["2.6.12", "Added the `EX`, `PX`, `NX` and `XX` options."],
    ["6.0.0", "Added the `KEEPTTL` option."],
    ["6.2.0", "Added the `GET`, `EXAT` and `PXAT` option."],
    ["7.0.0", "Allowed the `NX` and `GET` options to be used together."],
  ],
  summary: "Sets the string value of a key, whatever it held before.",
  complexity: "O(1)",
  syntax: "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds |" +
    " PXAT unix-time-milliseconds | KEEPTTL]",
  run(ctx) {
    if (ctx.args.count > 3) return setWithOptions(ctx);
    const ref = ctx.db.lookupWrite(ctx.args, 1);
    storeArgument(ctx.db, ref, ctx.args, 1, 2);
    ctx.reply.ok();
  },
});

function setWithOptions(ctx: Context): void {
  const { args, db, reply } = ctx;
  if (!options.read(args, 3, SET_OPTIONS)) return reply.error(SYNTAX_ERROR);
  const at_ms = options.timeAt > 0 ? options.expiry(ctx) : undefined;
  if (options.timeAt > 0 && at_ms === undefined) return;
  const answersOld = options.has(Option.GET);
  const ref = answersOld ? db.lookup(args, 1) : db.lookupWrite(args, 1);
  if (answersOld && !ctx.check(ref, "string")) return;

  if (answersOld) replyString(ctx, ref);
  if (options.has(ref === NONE ? Option.XX : Option.NX)) {
    if (!answersOld) reply.null();
    return;
  }
  if (at_ms !== undefined) {
    storeUntil(ctx, ref, 2, at_ms);
  } else {
    storeArgument(db, ref, args, 1, 2, options.has(Option.KEEPTTL));
    if (answersOld) logWithoutGet(ctx);
  }
  if (!answersOld) reply.ok();
}

/** Logs SET as it came, less the GET. */
function logWithoutGet(ctx: Context): void {
  const { args } = ctx;
  const rest: Part[] = [];
  for (let i = 3; i < args.count; i++) if (!args.is(i, "GET")) rest.push(args.bytes(i));
  logSet(ctx, 2, ...rest);
}

const setnx = command({
  name: "setnx",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "OW INSERT")],
  group: "string",
  since: "1.0.0",
  summary: "Sets the string value of a key that does not exist yet.",
  complexity: "O(1)",
  syntax: "key value",
  run({ args, db, reply }) {
    const ref = db.lookupWrite(args, 1);
    if (ref === NONE) storeArgument(db, ref, args, 1, 2);
    reply.integer(ref === NONE ? 1 : 0);
  },
});

const setex = command({
  name: "setex",
  arity: 4,
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: [keyAt(1, "OW UPDATE")],
  group: "string",
  since: "2.0.0",
  summary: "Sets the string value of a key that expires after some seconds.",
  complexity: "O(1)",
  syntax: "key seconds value",
  run: (ctx) => setForTime(ctx, true),
});

const psetex = command({
  name: "psetex",
  arity: 4,
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: [keyAt(1, "OW UPDATE")],
  group: "string",
  since: "2.6.0",
  summary: "Sets the string value of a key that expires after some milliseconds.",
  complexity: "O(1)",
  syntax: "key milliseconds value",
  run: (ctx) => setForTime(ctx, false),
});

function setForTime(ctx: Context, inSeconds: boolean): void {
  const at_ms = expiryTime(ctx, 2, inSeconds, true);
  if (at_ms === undefined) return;
  const ref = ctx.db.lookupWrite(ctx.args, 1);
  storeUntil(ctx, ref, 3, at_ms);
  ctx.reply.ok();
}

const getset = command({
  name: "getset",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  group: "string",
  since: "1.0.0",
  deprecated: { since: "6.2.0", replacedBy: "`SET` with the `!GET` argument" },
  summary: "Sets the string value of a key and returns the one before.",
  complexity: "O(1)",
  syntax: "key value",
  run(ctx) {
    const { args, db } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "string")) return;
    replyString(ctx, ref);
    storeArgument(db, ref, args, 1, 2);
    logSet(ctx, 2);
  },
});

const mset = command({
  name: "mset",
  arity: -3,
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: [keysFrom(1, -1, 2, "OW UPDATE")],
  tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
  group: "string",
  since: "1.0.1",
  summary: "Sets the string values of several keys.",
  complexity: "O(N) where N is the number of keys.",
  syntax: "key value [key value ...]",
  run(ctx) {
    if (!inPairs(ctx)) return;
    storePairs(ctx);
    ctx.reply.ok();
  },
});

const msetnx = command({
  name: "msetnx",
  arity: -3,
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: [keysFrom(1, -1, 2, "OW INSERT")],
  tips: ["request_policy:multi_shard", "response_policy:agg_min"],
  group: "string",
  since: "1.0.1",
  summary: "Sets the string values of several keys, if none of them exists yet.",
  complexity: "O(N) where N is the number of keys.",
  syntax: "key value [key value ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    if (!inPairs(ctx)) return;
    for (let k = 1; k < args.count; k += 2) {
      if (db.lookupWrite(args, k) !== NONE) return reply.integer(0);
    }
    storePairs(ctx);
    reply.integer(1);
  },
});

/** Whether keys and values come in pairs; if not, answers so. */
function inPairs({ args, command, reply }: Context): boolean {
  if (args.count % 2 === 1) return true;
  reply.error(`ERR wrong number of arguments for '${command.fullName}' command`);
  return false;
}

function storePairs({ args, db }: Context): void {
  for (let k = 1; k < args.count; k += 2) {
    warmKeys(db, args, k, 2);
    const ref = db.lookupWrite(args, k);
    storeArgument(db, ref, args, k, k + 1);
  }
}

/** The commands of this file. */
export const writeCommands: readonly Command[] = [
  set,
  setnx,
  setex,
  psetex,
  getset,
  mset,
  msetnx,
];
