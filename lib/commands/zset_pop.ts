/**
 * Taking the lowest or highest members out of sorted sets: ZPOPMIN ZPOPMAX ZMPOP, and BZPOPMIN
 * BZPOPMAX BZMPOP, which wait until there are some.
 *
 * What is logged is the effect: BZPOPMIN and ZMPOP as ZPOPMIN of one key.
 */

import { NONE, type Ref } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import type { Args } from "../resp/args.ts";
import type { Reply } from "../resp/reply.ts";
import type { LargeZset } from "../types/zset/large_zset.ts";
import { Zset } from "../types/zset/zset.ts";
import { ZsetWriter } from "../types/zset/zset_writer.ts";
import { type Command, command, countedKeys, keyAt, keysFrom } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { waitSeconds } from "./wait_time.ts";
import { packedLimits, removeEmpty } from "./zset_replies.ts";

const ZPOPMIN = keyEvent("zpopmin", "zset");
const ZPOPMAX = keyEvent("zpopmax", "zset");

const NEGATIVE_COUNT = "ERR value is out of range, must be positive";
const NO_KEYS = "ERR numkeys should be greater than 0";
const NO_COUNT = "ERR count should be greater than 0";

const zset = new Zset();
const writer = new ZsetWriter();

/**
 * Takes `count` members - as many as there are at most - out of the sorted set in the key in argument
 * `i` of `args`, found at `ref`, which is open in `zset`: replies each, as pairs if `nested`, and
 * reports the change.
 */
function pop(
  ctx: Context,
  ref: Ref,
  args: Args,
  i: number,
  count: number,
  size: number,
  max: boolean,
  nested: boolean,
): void {
  const { db } = ctx;
  const { large } = zset;
  if (large !== undefined && count < size) {
    popLarge(ctx, large, count, max, nested);
  } else {
    replyEdge(ctx, count, max ? size - 1 : 0, max, nested);
    if (count < size) {
      writer.open(db, args, i, ref, packedLimits(ctx)).removeRanks(max ? size - count : 0, count);
    }
  }
  db.changed(max ? ZPOPMAX : ZPOPMIN, args, i);
  if (count === size) removeEmpty(db, ref, args, i);
}

function replyEdge(ctx: Context, count: number, rank: number, max: boolean, nested: boolean): void {
  zset.seek(rank, max);
  for (let k = 0; k < count; k++) {
    zset.step();
    replyPopped(ctx.reply, zset.bytes, zset.start, zset.end, zset.score, nested);
  }
}

function popLarge(
  ctx: Context,
  large: LargeZset,
  count: number,
  max: boolean,
  nested: boolean,
): void {
  const { table, tree } = large;
  for (let k = 0; k < count; k++) {
    large.goToEdge(max);
    replyPopped(ctx.reply, table.bytes, table.keyStart, table.valueStart, tree.score, nested);
    large.removeHere();
  }
}

function replyPopped(
  reply: Reply,
  buf: Uint8Array,
  start: number,
  end: number,
  score: number,
  nested: boolean,
): void {
  if (nested) reply.array(2);
  reply.bulk(buf, start, end);
  reply.double(score);
}

/** What ZPOPMIN and ZPOPMAX do. */
function popOne(ctx: Context, max: boolean): void {
  const { args, db, reply } = ctx;
  const hasCount = args.count > 2;
  if (args.count > 3) return reply.error(SYNTAX_ERROR);
  const wanted = hasCount ? ctx.integer(2, NEGATIVE_COUNT) : 1;
  if (wanted === undefined) return;
  if (wanted < 0) return reply.error(NEGATIVE_COUNT);
  const ref = db.lookupWrite(args, 1);
  if (!ctx.check(ref, "zset")) return;
  if (ref === NONE || wanted === 0) return reply.array(0);
  const { size } = zset.open(db, ref);
  const count = Math.min(Number(wanted), size);
  const nested = hasCount && reply.resp3;
  reply.array(nested ? count : 2 * count);
  pop(ctx, ref, args, 1, count, size, max, nested);
}

/** ZPOPMIN or ZPOPMAX. */
function zpop(name: string, max: boolean): Command {
  const which = max ? "highest" : "lowest";
  return command({
    name,
    arity: -2,
    flags: ["write", "fast"],
    acl: ["sortedset"],
    keys: [keyAt(1, "RW ACCESS DELETE")],
    group: "sorted-set",
    since: "5.0.0",
    summary: `Removes and returns the members of a sorted set with the ${which} scores.`,
    complexity: "O(log(N)*M) where N is the size of the sorted set, and M is how many are removed.",
    syntax: "key [count]",
    run: (ctx) => popOne(ctx, max),
  });
}

/** What ZMPOP and BZMPOP ask for: `count` members from the first of the keys that has some. */
interface PopRequest {
  readonly firstKey: number;
  readonly afterKeys: number;
  readonly max: boolean;
  readonly count: number;
}

/** Reads `numkeys key ... MIN | MAX [COUNT count]` from argument `i` on. Undefined: an error. */
function readRequest(ctx: Context, i: number): PopRequest | undefined {
  const { args, reply } = ctx;
  const keys = ctx.integer(i, NO_KEYS);
  if (keys === undefined) return undefined;
  if (keys < 1) return void reply.error(NO_KEYS);
  const where = i + Number(keys) + 1;
  if (where >= args.count) return void reply.error(SYNTAX_ERROR);
  const max = args.is(where, "MAX");
  if (!max && !args.is(where, "MIN")) return void reply.error(SYNTAX_ERROR);
  let count: number | bigint | undefined;
  for (let k = where + 1; k < args.count; k += 2) {
    if (count !== undefined || k + 1 === args.count || !args.is(k, "COUNT")) {
      return void reply.error(SYNTAX_ERROR);
    }
    count = ctx.integer(k + 1, NO_COUNT);
    if (count === undefined) return undefined;
    if (count < 1) return void reply.error(NO_COUNT);
  }
  return { firstKey: i + 1, afterKeys: where, max, count: Number(count ?? 1) };
}

/** Pops from the key in argument `i` of `args`, which is a sorted set: its name, then the members. */
function popRequested(ctx: Context, ref: Ref, args: Args, i: number, request: PopRequest): void {
  const { size } = zset.open(ctx.db, ref);
  const count = Math.min(request.count, size);
  ctx.reply.array(2);
  ctx.reply.bulk(args.buf, args.start(i), args.end(i));
  ctx.reply.array(count);
  pop(ctx, ref, args, i, count, size, request.max, true);
  ctx.logAs(request.max ? "ZPOPMAX" : "ZPOPMIN", args.bytes(i), count);
}

/** Pops one member from a key: its name, the member and the score. */
function popSingle(ctx: Context, ref: Ref, args: Args, i: number, max: boolean): void {
  ctx.reply.array(3);
  ctx.reply.bulk(args.buf, args.start(i), args.end(i));
  pop(ctx, ref, args, i, 1, zset.open(ctx.db, ref).size, max, false);
  ctx.logAs(max ? "ZPOPMAX" : "ZPOPMIN", args.bytes(i));
}

/**
 * Serves the client from the first of the keys from argument `first` to before `after` that is there.
 * False: none is; an error (a key of another type) counts as served.
 */
function serveFrom(
  ctx: Context,
  first: number,
  after: number,
  serve: (ref: Ref, args: Args, i: number) => void,
): boolean {
  const { args, db } = ctx;
  for (let i = first; i < after; i++) {
    const ref = db.lookupWrite(args, i);
    if (ref === NONE) continue;
    if (ctx.check(ref, "zset")) serve(ref, args, i);
    return true;
  }
  return false;
}

/** Waits for one of the keys from argument `first` to before `after`. */
function waitFor(
  ctx: Context,
  first: number,
  after: number,
  timeout_ms: number,
  serve: (ref: Ref, args: Args, i: number) => void,
): Promise<void> | undefined {
  const keys: string[] = [];
  for (let i = first; i < after; i++) keys.push(ctx.args.text(i));
  const attempt = (_key: string, args: Args) => {
    const ref = ctx.db.lookupWrite(args, 0);
    if (ref === NONE || ctx.db.type(ref) !== "zset") return false;
    serve(ref, args, 0);
    return true;
  };
  return ctx.server.blocking.wait(ctx, keys, timeout_ms, attempt, () => ctx.reply.nullArray());
}

/** ZMPOP; or BZMPOP, which waits, and has a timeout before the number of keys. */
function mpop(name: string, waits: boolean): Command {
  const numkeysAt = waits ? 2 : 1;
  return command({
    name,
    arity: -3 - numkeysAt,
    flags: waits ? ["write", "blocking", "movablekeys"] : ["write", "movablekeys"],
    acl: ["sortedset"],
    keys: [countedKeys(numkeysAt, "RW ACCESS DELETE")],
    group: "sorted-set",
    since: "7.0.0",
    summary: "Removes and returns members of the first of several sorted sets that has some" +
      (waits ? ", or waits." : "."),
    complexity:
      "O(K) + O(M*log(N)) where K is the number of keys, N is the size of the sorted set, " +
      "and M is how many are removed.",
    syntax: `${waits ? "timeout " : ""}numkeys key [key ...] <MIN | MAX> [COUNT count]`,
    run(ctx) {
      const request = readRequest(ctx, numkeysAt);
      if (request === undefined) return;
      const timeout_ms = waits ? waitSeconds(ctx, 1) : 0;
      if (timeout_ms === undefined) return;
      const { firstKey, afterKeys } = request;
      const serve = (ref: Ref, args: Args, i: number) => popRequested(ctx, ref, args, i, request);
      if (serveFrom(ctx, firstKey, afterKeys, serve)) return;
      return waits ? waitFor(ctx, firstKey, afterKeys, timeout_ms, serve) : ctx.reply.nullArray();
    },
  });
}

/** What BZPOPMIN and BZPOPMAX do. */
function popOrWait(ctx: Context, max: boolean): Promise<void> | undefined {
  const last = ctx.args.count - 1;
  const timeout_ms = waitSeconds(ctx, last);
  if (timeout_ms === undefined) return undefined;
  const serve = (ref: Ref, args: Args, i: number) => popSingle(ctx, ref, args, i, max);
  if (serveFrom(ctx, 1, last, serve)) return undefined;
  return waitFor(ctx, 1, last, timeout_ms, serve);
}

/** BZPOPMIN or BZPOPMAX. */
function bzpop(name: string, max: boolean): Command {
  const which = max ? "highest" : "lowest";
  return command({
    name,
    arity: -3,
    flags: ["write", "noscript", "blocking", "fast"],
    acl: ["sortedset"],
    keys: [keysFrom(1, -2, 1, "RW ACCESS DELETE")],
    group: "sorted-set",
    since: "5.0.0",
    history: [["6.0.0", "`timeout` is interpreted as a double instead of an integer."]],
    summary: `Removes and returns the member with the ${which} score of the first set, or waits.`,
    complexity: "O(log(N)) where N is the size of the sorted set.",
    syntax: "key [key ...] timeout",
    run: (ctx) => popOrWait(ctx, max),
  });
}

/** ZPOPMIN ZPOPMAX ZMPOP BZPOPMIN BZPOPMAX BZMPOP. */
export const zsetPopCommands: readonly Command[] = [
  zpop("zpopmin", false),
  zpop("zpopmax", true),
  mpop("zmpop", false),
  bzpop("bzpopmin", false),
  bzpop("bzpopmax", true),
  mpop("bzmpop", true),
];
