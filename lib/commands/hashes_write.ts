/**
 * Changing hashes: HSET HMSET HSETNX HDEL HINCRBY HINCRBYFLOAT.
 *
 * Promise: a hash without fields does not exist. A value that is set anew loses its field's expiry,
 * one that is increased keeps it. The float that HINCRBYFLOAT arrives at is logged itself.
 */

import { DEL, keyEvent } from "../keyspace/events.ts";
import { newBytes } from "../memory/bytes.ts";
import { FloatIncrement, NOT_A_FLOAT, NOT_FINITE } from "../numbers/float_increment.ts";
import { addInt64, INT64_LENGTH_MAX, parseInt64, writeInt64 } from "../numbers/int64.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { writeHash } from "./hashes_lookup.ts";

const HSET = keyEvent("hset", "hash");
const HDEL = keyEvent("hdel", "hash");
const HINCRBY = keyEvent("hincrby", "hash");
const HINCRBYFLOAT = keyEvent("hincrbyfloat", "hash");

/** Digits of the integer under way; nothing in a handler runs between writing and storing them. */
const digits = newBytes(INT64_LENGTH_MAX);
const increment = new FloatIncrement();
/** The text that a float begins with: "0". */
const ZERO = newBytes(1).fill("0");

/** What the records of commands that set a field have in common. */
const setter = {
  flags: ["write", "denyoom", "fast"],
  acl: ["hash"],
  group: "hash",
} satisfies Partial<CommandRecord>;

/** Sets the pairs from argument 2 on; returns how many fields are new, or undefined: answered. */
function setAll(ctx: Context): number | undefined {
  const { args, db, reply } = ctx;
  if (args.count % 2 !== 0) {
    reply.error(`ERR wrong number of arguments for '${ctx.command.fullName}' command`);
    return undefined;
  }
  const hash = writeHash(ctx);
  if (hash === undefined) return undefined;

  const { buf } = args;
  let added = 0;
  for (let i = 2; i < args.count; i += 2) {
    const isNew = hash.set(
      buf,
      args.start(i),
      args.end(i),
      buf,
      args.start(i + 1),
      args.end(i + 1),
    );
    if (isNew) added++;
  }
  hash.commit();
  db.changed(HSET, args, 1);
  return added;
}

const hset = command({
  ...setter,
  name: "hset",
  arity: -4,
  keys: [keyAt(1, "RW UPDATE")],
  since: "2.0.0",
  history: [["4.0.0", "Accepts multiple `field` and `value` arguments."]],
  summary: "Sets fields of a hash, which is created if need be, and tells how many are new.",
  complexity: "O(N) where N is the number of fields set.",
  syntax: "key field value [field value ...]",
  run(ctx) {
    const added = setAll(ctx);
    if (added !== undefined) ctx.reply.integer(added);
  },
});

const hmset = command({
  ...setter,
  name: "hmset",
  arity: -4,
  keys: [keyAt(1, "RW UPDATE")],
  since: "2.0.0",
  deprecated: { since: "4.0.0", replacedBy: "`HSET` with multiple field-value pairs" },
  summary: "Sets fields of a hash.",
  complexity: "O(N) where N is the number of fields set.",
  syntax: "key field value [field value ...]",
  run(ctx) {
    if (setAll(ctx) !== undefined) ctx.reply.ok();
  },
});

const hsetnx = command({
  ...setter,
  name: "hsetnx",
  arity: 4,
  keys: [keyAt(1, "RW INSERT")],
  since: "2.0.0",
  summary: "Sets a field unless it exists.",
  complexity: "O(1)",
  syntax: "key field value",
  run(ctx) {
    const { args, db, reply } = ctx;
    const { buf } = args;
    const hash = writeHash(ctx);
    if (hash === undefined) return;
    if (hash.find(buf, args.start(2), args.end(2))) return reply.integer(0);

    hash.set(buf, args.start(2), args.end(2), buf, args.start(3), args.end(3));
    hash.commit();
    db.changed(HSET, args, 1);
    reply.integer(1);
  },
});

const hdel = command({
  name: "hdel",
  arity: -3,
  flags: ["write", "fast"],
  acl: ["hash"],
  keys: [keyAt(1, "RW DELETE")],
  group: "hash",
  since: "2.0.0",
  history: [["2.4.0", "Accepts multiple `field` arguments."]],
  summary: "Deletes fields and tells how many there were; with its last field a hash goes.",
  complexity: "O(N) where N is the number of fields named.",
  syntax: "key field [field ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const hash = writeHash(ctx);
    if (hash === undefined) return;

    let removed = 0;
    for (let i = 2; i < args.count && !hash.isEmpty; i++) {
      if (hash.remove(args.buf, args.start(i), args.end(i))) removed++;
    }
    if (removed > 0) {
      const stays = hash.commit();
      db.changed(HDEL, args, 1);
      if (!stays) db.notify(DEL, args, 1);
    }
    reply.integer(removed);
  },
});

const hincrby = command({
  ...setter,
  name: "hincrby",
  arity: 4,
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  since: "2.0.0",
  summary: "Adds a number to the integer value of a field.",
  complexity: "O(1)",
  syntax: "key field increment",
  run(ctx) {
    const { args, db, reply } = ctx;
    const { buf } = args;
    const amount = ctx.integer(3);
    if (amount === undefined) return;
    const hash = writeHash(ctx);
    if (hash === undefined) return;
    const found = hash.find(buf, args.start(2), args.end(2));
    const before = found ? parseInt64(hash.bytes, hash.valueStart, hash.valueEnd) : 0;
    if (before === undefined) return reply.error("ERR hash value is not an integer");
    const sum = addInt64(before, amount);
    if (sum === undefined) return reply.error("ERR increment or decrement would overflow");

    hash.set(buf, args.start(2), args.end(2), digits, 0, writeInt64(digits, 0, sum), true);
    hash.commit();
    db.changed(HINCRBY, args, 1);
    reply.integer(sum);
  },
});

const hincrbyfloat = command({
  ...setter,
  name: "hincrbyfloat",
  arity: 4,
  keys: [keyAt(1, "RW ACCESS UPDATE")],
  since: "2.6.0",
  summary: "Adds a number to the decimal value of a field.",
  complexity: "O(1)",
  syntax: "key field increment",
  run(ctx) {
    const { args, db, reply } = ctx;
    const { buf } = args;
    if (!increment.read(buf, args.start(3), args.end(3))) {
      return reply.error("ERR value is not a valid float");
    }
    if (increment.isInfinite) return reply.error("ERR value is NaN or Infinity");
    const hash = writeHash(ctx);
    if (hash === undefined) return;
    const found = hash.find(buf, args.start(2), args.end(2));
    const length = found
      ? increment.addTo(hash.bytes, hash.valueStart, hash.valueEnd)
      : increment.addTo(ZERO, 0, 1);
    if (length === NOT_A_FLOAT) return reply.error("ERR hash value is not a float");
    if (length === NOT_FINITE) return reply.error("ERR increment would produce NaN or Infinity");

    const expiry = found ? hash.expiry : undefined;
    const { text } = increment;
    hash.set(buf, args.start(2), args.end(2), text, 0, length, true);
    hash.commit();
    db.changed(HINCRBYFLOAT, args, 1);
    logFloat(ctx, length, expiry);
    reply.bulk(text, 0, length);
  },
});

/** Logs the sum that the field in argument 2 has now, and when it expires, if it does. */
function logFloat(ctx: Context, length: number, expiry: number | undefined): void {
  if (!ctx.server.effects.active) return ctx.logNothing();
  const key = ctx.args.bytes(1);
  const field = ctx.args.bytes(2);
  ctx.logAs("HSET", key, field, increment.text.subarray(0, length));
  if (expiry !== undefined) ctx.logAs("HPEXPIREAT", key, expiry, "FIELDS", 1, field);
}

/** The commands of this file. */
export const hashWriteCommands: readonly Command[] = [
  hset,
  hmset,
  hsetnx,
  hdel,
  hincrby,
  hincrbyfloat,
];
