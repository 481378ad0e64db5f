/**
 * Ranges of sorted sets: ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX
 * ZRANGESTORE.
 *
 * Whatever a range is given by, it becomes a stretch of ranks, found in O(log n); LIMIT cuts the
 * stretch, and only what is answered is walked over.
 */

import { NONE, type Ref } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import { MemberList } from "../types/zset/member_list.ts";
import { Zset } from "../types/zset/zset.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { type RangeForm, type RangeRequest, readRange } from "./zset_range_arguments.ts";
import { packedLimits, replyRanks, storeResult } from "./zset_replies.ts";

const ZRANGESTORE = keyEvent("zrangestore", "zset");

const zset = new Zset();

/** Ranks of what a request asks for: in the order of the answer they go on from `first`, or back. */
interface Selection {
  /** The lowest rank. */
  readonly first: number;
  readonly count: number;
}

const NOTHING: Selection = { first: 0, count: 0 };

/** What a request asks for of the sorted set in a record. */
function select(ctx: Context, ref: Ref, request: RangeRequest): Selection {
  zset.open(ctx.db, ref);
  const { range, backwards } = request;
  if (range.by === "rank") return selectRanks(range.start, range.stop, backwards);
  const { offset, count } = request;
  if (offset < 0) return NOTHING;
  if (range.by === "score") zset.byScore(range.scores, backwards, offset);
  else zset.byMember(range.members, backwards, offset);
  const taken = count < 0 ? zset.count : Math.min(zset.count, count);
  return { first: backwards ? zset.first + zset.count - taken : zset.first, count: taken };
}

function selectRanks(start: number, stop: number, backwards: boolean): Selection {
  const { size } = zset;
  const from = Math.max(start < 0 ? start + size : start, 0);
  const to = Math.min(stop < 0 ? stop + size : stop, size - 1);
  if (from > to) return NOTHING;
  const count = to - from + 1;
  return { first: backwards ? size - 1 - to : from, count };
}

/** Answers the range that the arguments from 1 on ask for. */
function replyRange(ctx: Context, form: RangeForm): void {
  const { args, db, reply } = ctx;
  const request = readRange(ctx, 1, form, false);
  if (request === undefined) return;
  const ref = db.lookup(args, 1);
  if (!ctx.check(ref, "zset")) return;
  if (ref === NONE) return reply.array(0);
  const { first, count } = select(ctx, ref, request);
  replyRanks(reply, zset, first, count, request.backwards, request.withScores);
}

/** What the records of this file have in common. */
const shared = {
  arity: -4,
  flags: ["readonly"],
  acl: ["sortedset"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "sorted-set",
  complexity: "O(log(N)+M) where N is the size of the sorted set, and M is how many are returned.",
} satisfies Partial<CommandRecord>;

const zrange = command({
  ...shared,
  name: "zrange",
  since: "1.2.0",
  history: [["6.2.0", "Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options."]],
  summary: "Returns a range of the members of a sorted set, by rank, score or text.",
  syntax: "key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
  run: (ctx) => replyRange(ctx, { by: undefined, backwards: undefined }),
});

const zrevrange = command({
  ...shared,
  name: "zrevrange",
  since: "1.2.0",
  deprecated: { since: "6.2.0", replacedBy: "`ZRANGE` with the `REV` argument" },
  summary: "Returns a range of the members of a sorted set by rank, the highest scores first.",
  syntax: "key start stop [WITHSCORES]",
  run: (ctx) => replyRange(ctx, { by: "rank", backwards: true }),
});

const zrangebyscore = command({
  ...shared,
  name: "zrangebyscore",
  since: "1.0.5",
  history: [["2.0.0", "Added the `WITHSCORES` modifier."]],
  deprecated: { since: "6.2.0", replacedBy: "`ZRANGE` with the `BYSCORE` argument" },
  summary: "Returns the members of a sorted set whose scores are in a range.",
  syntax: "key min max [WITHSCORES] [LIMIT offset count]",
  run: (ctx) => replyRange(ctx, { by: "score", backwards: false }),
});

const zrevrangebyscore = command({
  ...shared,
  name: "zrevrangebyscore",
  since: "2.2.0",
  history: [["2.1.6", "`min` and `max` can be exclusive."]],
  deprecated: { since: "6.2.0", replacedBy: "`ZRANGE` with the `REV` and `BYSCORE` arguments" },
  summary: "Returns the members of a sorted set whose scores are in a range, the highest first.",
  syntax: "key max min [WITHSCORES] [LIMIT offset count]",
  run: (ctx) => replyRange(ctx, { by: "score", backwards: true }),
});

const zrangebylex = command({
  ...shared,
  name: "zrangebylex",
  since: "2.8.9",
  deprecated: { since: "6.2.0", replacedBy: "`ZRANGE` with the `BYLEX` argument" },
  summary: "Returns the members of a sorted set that are in a range of texts.",
  syntax: "key min max [LIMIT offset count]",
  run: (ctx) => replyRange(ctx, { by: "lex", backwards: false }),
});

const zrevrangebylex = command({
  ...shared,
  name: "zrevrangebylex",
  since: "2.8.9",
  deprecated: { since: "6.2.0", replacedBy: "`ZRANGE` with the `REV` and `BYLEX` arguments" },
  summary: "Returns the members of a sorted set that are in a range of texts, the last one first.",
  syntax: "key max min [LIMIT offset count]",
  run: (ctx) => replyRange(ctx, { by: "lex", backwards: true }),
});

/**
 * Copies the selected members in the order of the answer. In Redis they come into a packed set as
 * long as they fit, and there -0 becomes 0.
 */
function gather(
  ctx: Context,
  { first, count }: Selection,
  { range, backwards }: RangeRequest,
  members: MemberList,
): void {
  if (count === 0) return;
  const { entries_max, member_bytes_max } = packedLimits(ctx);
  let packed = range.by !== "rank" || count <= entries_max; // how many it will be, Redis knows then
  zset.seek(backwards ? first + count - 1 : first, backwards);
  for (let i = 0; i < count; i++) {
    zset.step();
    packed &&= i < entries_max && zset.end - zset.start <= member_bytes_max;
    members.add(zset.bytes, zset.start, zset.end, packed ? zset.score + 0 : zset.score);
  }
}

const zrangestore = command({
  name: "zrangestore",
  arity: -5,
  flags: ["write", "denyoom"],
  acl: ["sortedset"],
  keys: [keyAt(1, "OW UPDATE"), keyAt(2, "RO ACCESS")],
  group: "sorted-set",
  since: "6.2.0",
  summary: "Stores a range of the members of a sorted set under another key.",
  complexity: "O(log(N)+M) where N is the size of the sorted set, and M is how many are stored.",
  syntax: "dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
  run(ctx) {
    const { args, db } = ctx;
    const request = readRange(ctx, 2, { by: undefined, backwards: undefined }, true);
    if (request === undefined) return;
    const ref = db.lookup(args, 2);
    if (!ctx.check(ref, "zset")) return;

    const members = new MemberList(db.keyspace.seed);
    if (ref !== NONE) gather(ctx, select(ctx, ref, request), request, members);
    storeResult(ctx, 1, members, ZRANGESTORE);
  },
});

/** The commands of this file. */
export const zsetRangeCommands: readonly Command[] = [
  zrange,
  zrevrange,
  zrangebyscore,
  zrevrangebyscore,
  zrangebylex,
  zrevrangebylex,
  zrangestore,
];
