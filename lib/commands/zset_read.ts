/**
 * Asking sorted sets: ZCARD ZCOUNT ZLEXCOUNT ZSCORE ZMSCORE ZRANK ZREVRANK ZSCAN.
 */

import { NONE } from "../keyspace/database.ts";
import { formatDouble } from "../numbers/double.ts";
import { globMatchRange } from "../numbers/glob.ts";
import { Zset } from "../types/zset/zset.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { readCursor, readScanOptions, type ScanOptions } from "./scan_options.ts";
import { lexRange, NOT_MEMBERS, NOT_SCORES, scoreRange } from "./zset_bounds.ts";

/** A ZSCAN looks at no more than this many times COUNT buckets, however empty they are. */
const STEPS_PER_COUNT = 10;

const zset = new Zset();

/** What the records of this file have in common. */
const shared = {
  flags: ["readonly", "fast"],
  acl: ["sortedset"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "sorted-set",
} satisfies Partial<CommandRecord>;

const zcard = command({
  ...shared,
  name: "zcard",
  arity: 2,
  keys: [keyAt(1, "RO")],
  since: "1.2.0",
  summary: "Counts the members of a sorted set.",
  complexity: "O(1)",
  syntax: "key",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "zset")) return;
    reply.integer(ref === NONE ? 0 : zset.open(db, ref).size);
  },
});

const zcount = command({
  ...shared,
  name: "zcount",
  arity: 4,
  since: "2.0.0",
  summary: "Counts the members of a sorted set whose scores are in a range.",
  complexity: "O(log(N)) where N is the size of the sorted set.",
  syntax: "key min max",
  run(ctx) {
    const { args, db, reply } = ctx;
    const range = scoreRange(args, 2, 3);
    if (range === undefined) return reply.error(NOT_SCORES);
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "zset")) return;
    if (ref === NONE) return reply.integer(0);
    zset.open(db, ref).byScore(range);
    reply.integer(zset.count);
  },
});

const zlexcount = command({
  ...shared,
  name: "zlexcount",
  arity: 4,
  since: "2.8.9",
  summary: "Counts the members of a sorted set that are in a range of texts.",
  complexity: "O(log(N)) where N is the size of the sorted set.",
  syntax: "key min max",
  run(ctx) {
    const { args, db, reply } = ctx;
    const range = lexRange(args, 2, 3);
    if (range === undefined) return reply.error(NOT_MEMBERS);
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "zset")) return;
    if (ref === NONE) return reply.integer(0);
    zset.open(db, ref).byMember(range);
    reply.integer(zset.count);
  },
});

const zscore = command({
  ...shared,
  name: "zscore",
  arity: 3,
  since: "1.2.0",
  summary: "Returns the score of a member of a sorted set.",
  complexity: "O(1)",
  syntax: "key member",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "zset")) return;
    const found = ref !== NONE && zset.open(db, ref).find(args.buf, args.start(2), args.end(2));
    if (found) reply.double(zset.score);
    else reply.null();
  },
});

const zmscore = command({
  ...shared,
  name: "zmscore",
  arity: -3,
  since: "6.2.0",
  summary: "Returns the scores of members of a sorted set.",
  complexity: "O(N) where N is the number of members asked for.",
  syntax: "key member [member ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "zset")) return;
    if (ref !== NONE) zset.open(db, ref);
    reply.array(args.count - 2);
    for (let i = 2; i < args.count; i++) {
      const found = ref !== NONE && zset.find(args.buf, args.start(i), args.end(i));
      if (found) reply.double(zset.score);
      else reply.null();
    }
  },
});

/** ZRANK and ZREVRANK: WITHSCORE is Redis 7.2's. */
function replyRank(ctx: Context, backwards: boolean): void {
  const { args, command, db, reply } = ctx;
  if (args.count > 4) {
    return reply.error(`ERR wrong number of arguments for '${command.fullName}' command`);
  }
  const withScore = args.count === 4;
  if (withScore && !args.is(3, "WITHSCORE")) return reply.error(SYNTAX_ERROR);
  const ref = db.lookup(args, 1);
  if (!ctx.check(ref, "zset")) return;

  const rank = ref === NONE ? -1 : zset.open(db, ref).rank(args.buf, args.start(2), args.end(2));
  if (rank < 0) return withScore ? reply.nullArray() : reply.null();
  const { score } = zset;
  if (withScore) reply.array(2);
  reply.integer(backwards ? zset.size - 1 - rank : rank);
  if (withScore) reply.double(score);
}

const zrank = command({
  ...shared,
  name: "zrank",
  arity: -3,
  since: "2.0.0",
  history: [["7.2.0", "Added the optional `WITHSCORE` argument."]],
  summary: "Returns how many members of a sorted set come before a member.",
  complexity: "O(log(N))",
  syntax: "key member [WITHSCORE]",
  run: (ctx) => replyRank(ctx, false),
});

const zrevrank = command({
  ...shared,
  name: "zrevrank",
  arity: -3,
  since: "2.0.0",
  history: [["7.2.0", "Added the optional `WITHSCORE` argument."]],
  summary: "Returns how many members of a sorted set come after a member.",
  complexity: "O(log(N))",
  syntax: "key member [WITHSCORE]",
  run: (ctx) => replyRank(ctx, true),
});

const zscan = command({
  ...shared,
  name: "zscan",
  arity: -3,
  flags: ["readonly"],
  since: "2.8.0",
  summary: "Walks through the members of a sorted set and their scores step by step.",
  complexity: "O(1) for a call, O(N) for a full walk, where N is the size of the sorted set.",
  syntax: "key cursor [MATCH pattern] [COUNT count]",
  tips: ["nondeterministic_output"],
  run(ctx) {
    const { args, db } = ctx;
    const cursor = readCursor(ctx, 2);
    if (cursor === undefined) return;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "zset")) return;
    if (ref === NONE) return replyPage(ctx, 0, []);
    const options = readScanOptions(ctx, 3, false);
    if (options === undefined) return;
    zset.open(db, ref);
    if (zset.large === undefined) scanPacked(ctx, options);
    else scanLarge(ctx, cursor, options);
  },
});

function replyPage({ reply }: Context, cursor: number, elements: readonly unknown[]): void {
  reply.array(2);
  reply.bulkInteger(cursor);
  reply.array(2 * elements.length);
}

/** A packed set is one page. */
function scanPacked(ctx: Context, { pattern }: ScanOptions): void {
  const matching: number[] = [];
  zset.seek(0, false);
  for (let rank = 0; zset.step(); rank++) {
    const { bytes, start, end } = zset;
    if (pattern === undefined || globMatchRange(pattern, bytes, start, end)) matching.push(rank);
  }
  replyPage(ctx, 0, matching);
  zset.seek(0, false);
  for (let rank = 0, next = 0; next < matching.length; rank++) {
    zset.step();
    if (rank !== matching[next]) continue;
    next++;
    ctx.reply.bulk(zset.bytes, zset.start, zset.end);
    ctx.reply.bulkText(packedScoreText(zset.score));
  }
}

/** A packed set keeps integers as such in Redis: 1e17 is shown with all its digits. */
function packedScoreText(score: number): string {
  const isInteger = Number.isInteger(score) && Math.abs(score) <= 2 ** 62;
  return isInteger ? BigInt(score).toString() : formatDouble(score);
}

function scanLarge(ctx: Context, cursor: number, { pattern, count }: ScanOptions): void {
  const large = zset.large!;
  const { table } = large;
  const matching: number[] = [];
  let seen = 0;
  const visit = (ref: number) => {
    seen++;
    table.locate(ref);
    const { bytes, keyStart, valueStart } = table;
    if (pattern === undefined || globMatchRange(pattern, bytes, keyStart, valueStart)) {
      matching.push(ref);
    }
  };
  let steps = count * STEPS_PER_COUNT;
  do {
    cursor = table.scan(cursor, visit);
  } while (cursor !== 0 && steps-- > 0 && seen < count);
  replyPage(ctx, cursor, matching);
  for (const ref of matching) {
    const score = large.scoreOf(ref);
    ctx.reply.bulk(table.bytes, table.keyStart, table.valueStart);
    ctx.reply.bulkText(formatDouble(score));
  }
}

/** ZCARD ZCOUNT ZLEXCOUNT ZSCORE ZMSCORE ZRANK ZREVRANK ZSCAN. */
export const zsetReadCommands: readonly Command[] = [
  zcard,
  zcount,
  zlexcount,
  zscore,
  zmscore,
  zrank,
  zrevrank,
  zscan,
];
