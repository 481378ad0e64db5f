/**
 * When a key's time ends: EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST.
 *
 * Promise: what is logged is the absolute time (PEXPIREAT), or the deletion where that time is over
 * already; so a replay, whenever it happens, comes to the same state.
 */

import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { DEL, keyEvent } from "../keyspace/events.ts";
import { INT64_MAX, INT64_MIN } from "../numbers/int64.ts";
import type { Args } from "../resp/args.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";

const EXPIRE = keyEvent("expire", "generic");
const PERSIST = keyEvent("persist", "generic");

const MS_PER_SECOND = 1000;
/** Times up to this stay exact as Numbers, in whatever unit and added to whatever clock. */
const PLAIN_TIME_MAX = Number.MAX_SAFE_INTEGER / (2 * MS_PER_SECOND);

/** Conditions on the expiry there is, one bit each. */
const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;

/** The conditions from argument 3 on, as bits; if they make no sense, answers so: undefined. */
function readConditions({ args, reply }: Context): number | undefined {
  let bits = 0;
  for (let i = 3; i < args.count; i++) {
    const bit = conditionAt(args, i);
    if (bit === 0) {
      // Redis prints the word as a C string.
      reply.error(`ERR Unsupported option ${args.text(i).split("\0", 1)[0]}`);
      return undefined;
    }
    bits |= bit;
  }
  if ((bits & NX) !== 0 && bits !== NX) {
    reply.error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return undefined;
  }
  if ((bits & GT) !== 0 && (bits & LT) !== 0) {
    reply.error("ERR GT and LT options at the same time are not compatible");
    return undefined;
  }
  return bits;
}

function conditionAt(args: Args, i: number): number {
  if (args.is(i, "NX")) return NX;
  if (args.is(i, "XX")) return XX;
  if (args.is(i, "GT")) return GT;
  return args.is(i, "LT") ? LT : 0;
}

/**
 * Argument 2 as a time in ms since the epoch: a Number while it is safe, a bigint past that. If it
 * is no integer or past 64 bits, answers so: undefined.
 */
function readTime(ctx: Context, unit_ms: number, base_ms: number): number | bigint | undefined {
  const time = ctx.integer(2);
  if (time === undefined) return undefined;
  if (time <= PLAIN_TIME_MAX && time >= -PLAIN_TIME_MAX) return Number(time) * unit_ms + base_ms;
  const scaled = BigInt(time) * BigInt(unit_ms);
  const at_ms = scaled + BigInt(base_ms);
  if (scaled >= INT64_MIN && scaled <= INT64_MAX && at_ms <= INT64_MAX) return at_ms;
  ctx.reply.error(`ERR invalid expire time in '${ctx.command.fullName}' command`);
  return undefined;
}

function allows(conditions: number, current: number | undefined, at_ms: number | bigint): boolean {
  if (conditions === 0) return true;
  if ((conditions & NX) !== 0 && current !== undefined) return false;
  if ((conditions & XX) !== 0 && current === undefined) return false;
  // No expiry is the latest of all.
  if ((conditions & GT) !== 0 && (current === undefined || at_ms <= current)) return false;
  return (conditions & LT) === 0 || current === undefined || at_ms < current;
}

/** The four commands: the time is argument 2 times `unit_ms`, from now or from the epoch. */
function expireAt(ctx: Context, unit_ms: number, isRelative: boolean): void {
  const { args, db, reply } = ctx;
  const conditions = readConditions(ctx);
  if (conditions === undefined) return;
  const at_ms = readTime(ctx, unit_ms, isRelative ? ctx.now_ms : 0);
  if (at_ms === undefined) return;

  const ref = db.lookupWrite(args, 1);
  if (ref === NONE || !allows(conditions, db.expiry(ref), at_ms)) return reply.integer(0);
  if (at_ms <= ctx.now_ms && !ctx.server.keyspace.loading) {
    removeNow(ctx, db, ref);
  } else {
    db.setExpiry(ref, Number(at_ms));
    db.changed(EXPIRE, args, 1);
    // A bare PEXPIREAT is logged as it came.
    const isBare = unit_ms === 1 && !isRelative && conditions === 0;
    if (!isBare) logKey(ctx, "PEXPIREAT", at_ms);
  }
  reply.integer(1);
}

function removeNow(ctx: Context, db: Database, ref: Ref): void {
  db.remove(ref);
  db.changed(DEL, ctx.args, 1);
  logKey(ctx, ctx.server.config.values["lazyfree-lazy-expire"] ? "UNLINK" : "DEL");
}

/** Logs a command on the key in argument 1 instead of the one that came. */
function logKey(ctx: Context, name: string, ...rest: readonly (number | bigint)[]): void {
  // Without a log the view of the key need not be made.
  if (!ctx.server.effects.active) return ctx.logNothing();
  ctx.logAs(name, ctx.args.bytes(1), ...rest);
}

/** What the four records have in common. */
const shared = {
  arity: -3,
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: [keyAt(1, "RW UPDATE")],
  group: "generic",
  complexity: "O(1)",
  history: [["7.0.0", "Added options: `NX`, `XX`, `GT` and `LT`."]],
} satisfies Partial<CommandRecord>;

const expire = command({
  ...shared,
  name: "expire",
  since: "1.0.0",
  summary: "Ends a key's life in so many seconds.",
  syntax: "key seconds [NX | XX | GT | LT]",
  run: (ctx) => expireAt(ctx, MS_PER_SECOND, true),
});

const pexpire = command({
  ...shared,
  name: "pexpire",
  since: "2.6.0",
  summary: "Ends a key's life in so many milliseconds.",
  syntax: "key milliseconds [NX | XX | GT | LT]",
  run: (ctx) => expireAt(ctx, 1, true),
});

const expireat = command({
  ...shared,
  name: "expireat",
  since: "1.2.0",
  summary: "Ends a key's life at a Unix time in seconds.",
  syntax: "key unix-time-seconds [NX | XX | GT | LT]",
  run: (ctx) => expireAt(ctx, MS_PER_SECOND, false),
});

const pexpireat = command({
  ...shared,
  name: "pexpireat",
  since: "2.6.0",
  summary: "Ends a key's life at a Unix time in milliseconds.",
  syntax: "key unix-time-milliseconds [NX | XX | GT | LT]",
  run: (ctx) => expireAt(ctx, 1, false),
});

const persist = command({
  name: "persist",
  arity: 2,
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: [keyAt(1, "RW UPDATE")],
  group: "generic",
  since: "2.2.0",
  summary: "Takes back that a key's life is to end.",
  complexity: "O(1)",
  syntax: "key",
  run({ args, db, reply }) {
    const ref = db.lookupWrite(args, 1);
    if (ref === NONE || db.expiry(ref) === undefined) return reply.integer(0);
    db.setExpiry(ref, undefined);
    db.changed(PERSIST, args, 1);
    reply.integer(1);
  },
});

/** EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST. */
export const expireCommands: readonly Command[] = [expire, pexpire, expireat, pexpireat, persist];
