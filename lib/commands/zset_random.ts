/** ZRANDMEMBER: members of a sorted set by chance. */

import { NONE } from "../keyspace/database.ts";
import { Zset } from "../types/zset/zset.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { replyElement, replyElementCount, replyRanks } from "./zset_replies.ts";

const INT64_MAX = 2n ** 63n - 1n;
const OUT_OF_RANGE = `ERR value is out of range, value must between -${INT64_MAX} and ${INT64_MAX}`;
const TOO_MANY = "ERR value is out of range";
/** Where more than this part of a large set's members is wanted, each is asked in turn. */
const SPARSE_FACTOR = 3;

const zset = new Zset();

const zrandmember = command({
  name: "zrandmember",
  arity: -2,
  flags: ["readonly"],
  acl: ["sortedset"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Returns members of a sorted set, each equally likely.",
  complexity: "O(N) where N is the number of members returned.",
  syntax: "key [count [WITHSCORES]]",
  tips: ["nondeterministic_output"],
  run(ctx) {
    if (ctx.args.count > 2) return replySample(ctx);
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "zset")) return;
    if (ref === NONE) return reply.null();
    zset.open(db, ref).goToMember(ctx.server.random.below(zset.size));
    reply.bulk(zset.bytes, zset.start, zset.end);
  },
});

function replySample(ctx: Context): void {
  const { args, db, reply } = ctx;
  const count = ctx.integer(2);
  if (count === undefined) return;
  if (count < -INT64_MAX) return reply.error(OUT_OF_RANGE);
  const withScores = args.count > 3;
  if (args.count > 4 || (withScores && !args.is(3, "WITHSCORES"))) return reply.error(SYNTAX_ERROR);
  if (withScores && (count < -(INT64_MAX / 2n) || count > INT64_MAX / 2n)) {
    return reply.error(TOO_MANY);
  }
  const ref = db.lookup(args, 1);
  if (!ctx.check(ref, "zset")) return;

  if (ref === NONE || count === 0) return reply.array(0);
  const size = zset.open(db, ref).index();
  if (count < 0) return replyWithRepetition(ctx, size, -Number(count), withScores);
  if (count >= size) return replyRanks(reply, zset, 0, size, true, withScores);
  replyElementCount(reply, Number(count), withScores);
  const isWalk = zset.large === undefined || Number(count) * SPARSE_FACTOR > size;
  if (isWalk) replySelection(ctx, size, Number(count), withScores);
  else replyDrawn(ctx, size, Number(count), withScores);
}

function replyRank({ reply }: Context, rank: number, withScores: boolean): void {
  zset.goTo(rank);
  replyElement(reply, zset.bytes, zset.start, zset.end, zset.score, withScores);
}

function replyWithRepetition(ctx: Context, size: number, count: number, withScores: boolean): void {
  replyElementCount(ctx.reply, count, withScores);
  for (let i = 0; i < count; i++) replyRank(ctx, ctx.server.random.below(size), withScores);
}

/** Asks each member in turn: it is taken with the chance that makes all choices equally likely. */
function replySelection(ctx: Context, size: number, count: number, withScores: boolean): void {
  const { random } = ctx.server;
  const walks = zset.large !== undefined;
  if (walks) zset.seek(0, false);
  for (let left = size; count > 0; left--) {
    if (walks) zset.step();
    if (random.below(left) >= count) continue;
    if (!walks) zset.goTo(size - left);
    count--;
    replyElement(ctx.reply, zset.bytes, zset.start, zset.end, zset.score, withScores);
  }
}

/** Draws ranks until there are enough different ones. */
function replyDrawn(ctx: Context, size: number, count: number, withScores: boolean): void {
  const drawn = new Set<number>();
  while (drawn.size < count) {
    const rank = ctx.server.random.below(size);
    if (drawn.has(rank)) continue;
    drawn.add(rank);
    replyRank(ctx, rank, withScores);
  }
}

/** ZRANDMEMBER. */
export const zsetRandomCommands: readonly Command[] = [zrandmember];
