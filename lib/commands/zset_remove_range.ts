/** Removing ranges from sorted sets: ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX. */

import { NONE } from "../keyspace/database.ts";
import { type KeyEvent, keyEvent } from "../keyspace/events.ts";
import { Zset } from "../types/zset/zset.ts";
import { ZsetWriter } from "../types/zset/zset_writer.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { lexRange, NOT_MEMBERS, NOT_SCORES, scoreRange } from "./zset_bounds.ts";
import { packedLimits, removeEmpty } from "./zset_replies.ts";

const BY_RANK = keyEvent("zremrangebyrank", "zset");
const BY_SCORE = keyEvent("zremrangebyscore", "zset");
const BY_LEX = keyEvent("zremrangebylex", "zset");

const zset = new Zset();
const writer = new ZsetWriter();

/** Opens the key, lets `find` look for a stretch of it, and removes that. */
function removeRange(ctx: Context, event: KeyEvent, find: () => { first: number; count: number }) {
  const { args, db, reply } = ctx;
  const ref = db.lookupWrite(args, 1);
  if (!ctx.check(ref, "zset")) return;
  if (ref === NONE) return reply.integer(0);
  const { size } = zset.open(db, ref);
  const { first, count } = find();
  reply.integer(count);
  if (count === 0) return;
  if (count < size) writer.open(db, args, 1, ref, packedLimits(ctx)).removeRanks(first, count);
  db.changed(event, args, 1);
  if (count === size) removeEmpty(db, ref, args, 1);
}

/** What the records of this file have in common. */
const shared = {
  arity: 4,
  flags: ["write"],
  acl: ["sortedset"],
  keys: [keyAt(1, "RW DELETE")],
  group: "sorted-set",
  complexity: "O(log(N)+M) where N is the size of the sorted set, and M is how many are removed.",
} satisfies Partial<CommandRecord>;

const zremrangebyrank = command({
  ...shared,
  name: "zremrangebyrank",
  since: "2.0.0",
  summary: "Removes the members of a sorted set from one rank to another.",
  syntax: "key start stop",
  run(ctx) {
    const start = ctx.integer(2);
    const stop = start === undefined ? undefined : ctx.integer(3);
    if (start === undefined || stop === undefined) return;
    removeRange(ctx, BY_RANK, () => {
      const { size } = zset;
      const first = Math.max(start < 0 ? Number(start) + size : Number(start), 0);
      const last = Math.min(stop < 0 ? Number(stop) + size : Number(stop), size - 1);
      return { first, count: Math.max(last - first + 1, 0) };
    });
  },
});

const zremrangebyscore = command({
  ...shared,
  name: "zremrangebyscore",
  since: "1.2.0",
  summary: "Removes the members of a sorted set whose scores are in a range.",
  syntax: "key min max",
  run(ctx) {
    const range = scoreRange(ctx.args, 2, 3);
    if (range === undefined) return ctx.reply.error(NOT_SCORES);
    removeRange(ctx, BY_SCORE, () => {
      zset.byScore(range);
      return zset;
    });
  },
});

const zremrangebylex = command({
  ...shared,
  name: "zremrangebylex",
  since: "2.8.9",
  summary: "Removes the members of a sorted set that are in a range of texts.",
  syntax: "key min max",
  run(ctx) {
    const range = lexRange(ctx.args, 2, 3);
    if (range === undefined) return ctx.reply.error(NOT_MEMBERS);
    removeRange(ctx, BY_LEX, () => {
      zset.byMember(range);
      return zset;
    });
  },
});

/** ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX. */
export const zsetRemoveRangeCommands: readonly Command[] = [
  zremrangebyrank,
  zremrangebyscore,
  zremrangebylex,
];
