/**
 * What the commands on sorted sets have in common: the limits of the packed form, the end of a set
 * that has lost its last member, elements as replies, results that are stored.
 */

import type { Database, Ref } from "../keyspace/database.ts";
import { DEL, type KeyEvent } from "../keyspace/events.ts";
import type { Args } from "../resp/args.ts";
import type { Reply } from "../resp/reply.ts";
import { storeZset } from "../types/zset/build.ts";
import type { MemberList } from "../types/zset/member_list.ts";
import type { Zset } from "../types/zset/zset.ts";
import type { PackedLimits } from "../types/zset/zset_writer.ts";
import type { Context } from "./context.ts";
import { storeNothing } from "./empty_result.ts";

/** Redis's text for a score that is no number. */
export const NOT_A_FLOAT = "ERR value is not a valid float";

/** Up to what size sorted sets are packed, as the configuration says now. */
export function packedLimits(ctx: Context): PackedLimits {
  const { values } = ctx.server.config;
  limits.entries_max = values["zset-max-listpack-entries"];
  limits.member_bytes_max = values["zset-max-listpack-value"];
  return limits;
}

const limits = { entries_max: 0, member_bytes_max: 0 };

/** Removes the key in argument `i`, which has lost its last member, and tells of it. */
export function removeEmpty(db: Database, ref: Ref, args: Args, i: number): void {
  db.remove(ref);
  db.notify(DEL, args, i);
}

/** Announces `count` elements with or without their scores: flat in RESP2, as pairs in RESP3. */
export function replyElementCount(reply: Reply, count: number, withScores: boolean): void {
  reply.array(withScores && !reply.resp3 ? 2 * count : count);
}

/** One of these elements. */
export function replyElement(
  reply: Reply,
  buf: Uint8Array,
  start: number,
  end: number,
  score: number,
  withScores: boolean,
): void {
  if (withScores && reply.resp3) reply.array(2);
  reply.bulk(buf, start, end);
  if (withScores) reply.double(score);
}

/** Replies `count` elements from rank `first` on, the highest first if `backwards`. */
export function replyRanks(
  reply: Reply,
  zset: Zset,
  first: number,
  count: number,
  backwards: boolean,
  withScores: boolean,
): void {
  replyElementCount(reply, count, withScores);
  if (count === 0) return;
  zset.seek(backwards ? first + count - 1 : first, backwards);
  for (let i = 0; i < count; i++) {
    zset.step();
    const score = withScores ? zset.score : 0; // it is looked up
    replyElement(reply, zset.bytes, zset.start, zset.end, score, withScores);
  }
}

/** Replies sorted members. */
export function replyMembers(reply: Reply, members: MemberList, withScores: boolean): void {
  replyElementCount(reply, members.count, withScores);
  for (let rank = 0; rank < members.count; rank++) {
    const [start, end] = [members.startAt(rank), members.endAt(rank)];
    replyElement(reply, members.bytes, start, end, members.scoreAt(rank), withScores);
  }
}

/**
 * Stores a result under argument `i` and answers how many members it has; without any the key is
 * deleted. Returns whether something has changed.
 */
export function storeResult(
  ctx: Context,
  i: number,
  members: MemberList,
  event: KeyEvent,
): boolean {
  const { args, db, reply } = ctx;
  members.sort();
  reply.integer(members.count);
  if (members.count === 0) return storeNothing(db, args, i);
  storeZset(db, db.lookupWrite(args, i), args, i, members, packedLimits(ctx));
  db.changed(event, args, i);
  return true;
}
