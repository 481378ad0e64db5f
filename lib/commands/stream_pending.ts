/** XACK XPENDING: what a group has been given and not done with yet. */

import type { Consumer, ConsumerGroup } from "../types/stream/group.ts";
import { compareIds, ID_MIN, type StreamId } from "../types/stream/stream_id.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import {
  changedQuietly,
  groupIn,
  printed,
  readEnd,
  readId,
  readStart,
  replyArray,
  replyId,
  streamIn,
} from "./stream_kit.ts";

/** Redis's answer where there is no stream in argument 1, or no group of the name in argument 2. */
export function noKeyOrGroup({ args }: Context): string {
  return `NOGROUP No such key '${printed(args, 1)}' or consumer group '${printed(args, 2)}'`;
}

const xack = command({
  name: "xack",
  arity: -4,
  flags: ["write", "fast"],
  acl: ["stream"],
  keys: [keyAt(1, "RW UPDATE")],
  group: "stream",
  since: "5.0.0",
  summary: "Marks entries as done with by a consumer group; returns how many were pending.",
  complexity: "O(1) for each ID.",
  syntax: "key group id [id ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "stream")) return;
    const group = groupIn(streamIn(ctx, ref), args, 2);
    if (group === undefined) return reply.integer(0);
    const ids: StreamId[] = [];
    for (let i = 3; i < args.count; i++) {
      const id = readId(ctx, i);
      if (id === undefined) return;
      ids.push(id);
    }

    let acknowledged = 0;
    for (const id of ids) if (group.acknowledge(id)) acknowledged++;
    if (acknowledged > 0) changedQuietly(ctx, undefined, 1);
    reply.integer(acknowledged);
  },
});

/** Which pending entries XPENDING asks for. */
interface Range {
  readonly start: StreamId;
  readonly end: StreamId;
  readonly count: number | bigint;
  readonly idle_min_ms: number | bigint;
  /** Latin1; undefined: those of all consumers. */
  readonly consumerName: string | undefined;
}

const xpending = command({
  name: "xpending",
  arity: -3,
  flags: ["readonly"],
  acl: ["stream"],
  keys: [keyAt(1, "RO ACCESS")],
  tips: ["nondeterministic_output"],
  group: "stream",
  since: "5.0.0",
  history: [["6.2.0", "Added the `IDLE` option and exclusive range intervals."]],
  summary: "Tells which entries a consumer group has not acknowledged.",
  complexity: "O(N) for N entries returned, or looked at with IDLE; O(N) in the number of " +
    "consumers where only a summary is asked for.",
  syntax: "key group [[IDLE min-idle-time] start end count [consumer]]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const wantsRange = args.count !== 3;
    const range = wantsRange ? readRange(ctx) : undefined;
    if (wantsRange && range === undefined) return;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "stream")) return;
    const group = groupIn(streamIn(ctx, ref), args, 2);
    if (group === undefined) return reply.error(noKeyOrGroup(ctx));
    if (range === undefined) replySummary(ctx, group);
    else replyRange(ctx, group, range);
  },
});

/** The arguments of XPENDING from 3 on; or answers an error. */
function readRange(ctx: Context): Range | undefined {
  const { args, reply } = ctx;
  if (args.count < 6 || args.count > 9) return void reply.error(SYNTAX_ERROR);
  let idle_min_ms: number | bigint | undefined = 0;
  let at = 3;
  if (args.is(3, "IDLE")) {
    idle_min_ms = ctx.integer(4);
    if (idle_min_ms === undefined) return undefined;
    if (args.count < 8) return void reply.error(SYNTAX_ERROR);
    at = 5;
  }
  const count = ctx.integer(at + 2);
  if (count === undefined) return undefined;
  const start = readStart(ctx, at);
  const end = start && readEnd(ctx, at + 1);
  if (start === undefined || end === undefined) return undefined;
  const consumerName = at + 3 < args.count ? args.text(at + 3) : undefined;
  return { start, end, count, idle_min_ms, consumerName };
}

/** How many entries are pending, the first and the last, and with whom how many. */
function replySummary({ reply }: Context, group: ConsumerGroup): void {
  const { pending } = group;
  reply.array(4);
  reply.integer(pending.size);
  if (pending.size === 0) {
    reply.null();
    reply.null();
    return reply.nullArray();
  }
  replyId(reply, pending.from(ID_MIN).id);
  replyId(reply, pending.last().id);
  let busy = 0;
  for (const { pending } of group.consumers) if (pending.size > 0) busy++;
  reply.array(busy);
  for (const { name, pending } of group.consumers) {
    if (pending.size === 0) continue;
    reply.array(2);
    reply.bulkText(name);
    reply.bulkInteger(pending.size);
  }
}

function replyRange(ctx: Context, group: ConsumerGroup, range: Range): void {
  const { reply, now_ms } = ctx;
  const { start, end, count, idle_min_ms, consumerName } = range;
  let consumer: Consumer | undefined;
  if (consumerName !== undefined) {
    consumer = group.consumers.get(consumerName);
    if (consumer === undefined) return reply.array(0);
  }
  replyArray(reply, (items) => {
    let found = 0;
    for (
      const at = (consumer?.pending ?? group.pending).from(start);
      found < count && at.hasRow;
      at.next()
    ) {
      const { id } = at;
      if (compareIds(id, end) > 0) break;
      const row = consumer === undefined ? at : group.pending.from(id);
      const idle_ms = now_ms - row.time_ms;
      if (idle_min_ms !== 0 && idle_ms < idle_min_ms) continue;
      items.array(4);
      replyId(items, id);
      items.bulkText(group.owner(row).name);
      items.integer(Math.max(idle_ms, 0));
      items.integer(row.deliveries);
      found++;
    }
    return found;
  });
}

/** XACK XPENDING. */
export const streamPendingCommands: readonly Command[] = [xack, xpending];
