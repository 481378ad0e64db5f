/**
 * A key's value under another name or in another database: COPY MOVE RENAME RENAMENX.
 *
 * Promise: value and expiry go together, and nothing has changed where the answer is 0 or an error.
 */

import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import { OBJECT } from "../keyspace/value.ts";
import { equalBytes } from "../memory/bytes.ts";
import type { Args } from "../resp/args.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, NOT_AN_INTEGER, SYNTAX_ERROR } from "./context.ts";

const COPY_TO = keyEvent("copy_to", "generic");
const MOVE_FROM = keyEvent("move_from", "generic");
const MOVE_TO = keyEvent("move_to", "generic");
const RENAME_FROM = keyEvent("rename_from", "generic");
const RENAME_TO = keyEvent("rename_to", "generic");

const SAME_OBJECT = "ERR source and destination objects are the same";
const NO_SUCH_KEY = "ERR no such key";
const INT32_MIN = -0x80000000;
const INT32_MAX = 0x7fffffff;

/** The database whose index is argument `i`; if there is none, answers so. */
function databaseAt(ctx: Context, i: number): Database | undefined {
  const { keyspace } = ctx.server;
  const index = ctx.integer(i, NOT_AN_INTEGER);
  if (index === undefined) return undefined;
  if (index < INT32_MIN || index > INT32_MAX) {
    const range = `${INT32_MIN} and ${INT32_MAX}`;
    ctx.reply.error(`ERR value is out of range, value must between ${range}`);
    return undefined;
  }
  if (index < 0 || index >= keyspace.count) {
    ctx.reply.error("ERR DB index is out of range");
    return undefined;
  }
  return keyspace.database(Number(index));
}

/**
 * Stores what the key in argument `s` of `from` holds, expiry included, under argument `t` of `to`,
 * where nothing may be. `clone`: the source will stay, and so does its record of accesses.
 */
function put(
  from: Database,
  args: Args,
  s: number,
  to: Database,
  t: number,
  clone: boolean,
): void {
  // The target is looked up last: that is where store() inserts. It is absent and changes nothing.
  const source = from.peek(args, s);
  const target = to.peek(args, t);
  if (source === NONE || target !== NONE) throw new Error("put: no source, or a target");
  const expiry = from.expiry(source);
  const meta = from.table.meta(source);
  const encoding = from.encoding(source);
  let stored: Ref;
  if (encoding === OBJECT) {
    const object = clone ? from.object(source).clone() : from.takeObject(source);
    stored = to.storeObject(target, args, t, object);
  } else {
    const { bytes, valueStart, valueEnd } = from.locate(source);
    stored = to.store(target, args, t, encoding, bytes, valueStart, valueEnd);
  }
  if (expiry !== undefined) stored = to.setExpiry(stored, expiry);
  if (!clone) to.table.setMeta(stored, meta);
}

/** Moves the key in argument `s` of `from` to argument `t` of `to`, with its record of accesses. */
function transfer(from: Database, args: Args, s: number, to: Database, t: number): void {
  put(from, args, s, to, t, false);
  from.remove(from.peek(args, s));
}

/** The options of COPY from argument 3 on: the database copied to, and REPLACE. */
function copyOptions(ctx: Context): { target: Database; replace: boolean } | undefined {
  const { args } = ctx;
  let target: Database | undefined = ctx.db;
  let replace = false;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, "REPLACE")) {
      replace = true;
    } else if (args.is(i, "DB") && i + 1 < args.count) {
      target = databaseAt(ctx, ++i);
      if (target === undefined) return undefined;
    } else {
      ctx.reply.error(SYNTAX_ERROR);
      return undefined;
    }
  }
  return { target, replace };
}

function sameKey(args: Args): boolean {
  const length = args.length(1);
  return args.length(2) === length &&
    equalBytes(args.buf, args.start(1), args.buf, args.start(2), length);
}

const copy = command({
  name: "copy",
  arity: -3,
  flags: ["write", "denyoom"],
  acl: ["keyspace"],
  keys: [keyAt(1, "RO ACCESS"), keyAt(2, "OW UPDATE")],
  group: "generic",
  since: "6.2.0",
  summary: "Copies what a key holds to another key.",
  complexity: "O(N) where N is the size of the value; O(1) for strings.",
  syntax: "source destination [DB destination-db] [REPLACE]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const options = copyOptions(ctx);
    if (options === undefined) return;
    const { target, replace } = options;
    if (target === db && sameKey(args)) return reply.error(SAME_OBJECT);

    if (db.lookup(args, 1) === NONE) return reply.integer(0);
    const old = target.lookupWrite(args, 2);
    if (old !== NONE && !replace) return reply.integer(0);
    if (old !== NONE) target.remove(old);
    put(db, args, 1, target, 2, true);
    target.changed(COPY_TO, args, 2);
    reply.integer(1);
  },
});

const move = command({
  name: "move",
  arity: 3,
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  group: "generic",
  since: "1.0.0",
  summary: "Moves a key to another database, unless it exists there.",
  complexity: "O(1)",
  syntax: "key db",
  run(ctx) {
    const { args, db, reply } = ctx;
    const target = databaseAt(ctx, 2);
    if (target === undefined) return;
    if (target === db) return reply.error(SAME_OBJECT);

    if (db.lookupWrite(args, 1) === NONE) return reply.integer(0);
    if (target.lookupWrite(args, 1) !== NONE) return reply.integer(0);
    transfer(db, args, 1, target, 1);
    db.changed(MOVE_FROM, args, 1);
    target.changed(MOVE_TO, args, 1);
    reply.integer(1);
  },
});

/**
 * RENAME and RENAMENX. False: the new name is the old one, or is taken where it may not be;
 * undefined: there is no such key, which has been answered.
 */
function renameKey(
  ctx: Context,
  onlyIfNew: boolean,
): boolean | undefined {
  const { args, db, reply } = ctx;
  if (db.lookupWrite(args, 1) === NONE) return void reply.error(NO_SUCH_KEY);
  if (sameKey(args)) return false;

  const old = db.lookupWrite(args, 2);
  if (old !== NONE && onlyIfNew) return false;
  if (old !== NONE) db.remove(old);
  transfer(db, args, 1, db, 2);
  db.changed(RENAME_FROM, args, 1);
  db.changed(RENAME_TO, args, 2);
  return true;
}

const rename = command({
  name: "rename",
  arity: 3,
  flags: ["write"],
  acl: ["keyspace"],
  keys: [keyAt(1, "RW ACCESS DELETE"), keyAt(2, "OW UPDATE")],
  group: "generic",
  since: "1.0.0",
  summary: "Gives a key another name, whatever had that name before.",
  complexity: "O(1)",
  syntax: "key newkey",
  run(ctx) {
    if (renameKey(ctx, false) !== undefined) ctx.reply.ok();
  },
});

const renamenx = command({
  name: "renamenx",
  arity: 3,
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: [keyAt(1, "RW ACCESS DELETE"), keyAt(2, "OW INSERT")],
  group: "generic",
  since: "1.0.0",
  history: [
    [
      "3.2.0",
      "The command no longer returns an error when source and destination names are the same.",
    ],
  ],
  summary: "Gives a key another name, unless a key has that name.",
  complexity: "O(1)",
  syntax: "key newkey",
  run(ctx) {
    const isDone = renameKey(ctx, true);
    if (isDone !== undefined) ctx.reply.integer(isDone ? 1 : 0);
  },
});

/** COPY MOVE RENAME RENAMENX. */
export const keysTransferCommands: readonly Command[] = [copy, move, rename, renamenx];
