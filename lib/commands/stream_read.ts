/**
 * XREAD XREADGROUP: the entries behind an ID, or behind what a consumer group has read, of several
 * streams; with BLOCK, as soon as there are any.
 *
 * Promise: what a group is given is logged with it, so that a replay gives it to the same consumer.
 */

import type { Reply } from "../resp/reply.ts";
import type { Consumer, ConsumerGroup } from "../types/stream/group.ts";
import type { Stream } from "../types/stream/stream.ts";
import { compareIds, ID_MIN, nextId, type StreamId } from "../types/stream/stream_id.ts";
import { addUint64 } from "../types/stream/uint64.ts";
import { type Command, command, type CommandRecord } from "./command.ts";
import type { Context } from "./context.ts";
import {
  appendReply,
  changedQuietly,
  groupIn,
  replyArray,
  replyBeside,
  replyEntries,
  replyEntry,
  replyEntryOf,
  replyId,
  streamIn,
  useConsumer,
} from "./stream_kit.ts";
import { ClaimLog, logPosition } from "./stream_log.ts";
import { NEW_ENTRIES, readRequest, type Request, resolveIds } from "./stream_request.ts";

/** Entries that a client gets at most that had to wait and gave no COUNT. */
const BLOCKED_COUNT = 1000;

/** What is read from one stream, and for whom. */
interface Delivery {
  readonly stream: Stream;
  /** The argument that is the stream's key. */
  readonly key: number;
  /** The entries behind this ID. */
  readonly after: StreamId;
  readonly group: ConsumerGroup | undefined;
  /** Of the group: what the consumer has got already, not what is new. */
  readonly history: boolean;
}

function read(ctx: Context, isGroup: boolean): void | Promise<void> {
  const request = readRequest(ctx, isGroup);
  if (request === undefined || !resolveIds(ctx, request)) return;

  if (serveAll(ctx, request)) return;
  if (request.timeout_ms < 0) return ctx.reply.nullArray();
  return wait(ctx, request);
}

/** Serves what there is now; returns whether that is anything. */
function serveAll(ctx: Context, request: Request): boolean {
  const { reply } = ctx;
  const { streamCount } = request;
  if (streamCount === 1) {
    const delivery = deliveryNow(ctx, request, 0);
    if (delivery === undefined) return false;
    begin(reply, 1);
    deliver(ctx, request, delivery, request.count, reply);
    return true;
  }
  const items = replyBeside(reply);
  let served = 0;
  for (let i = 0; i < streamCount; i++) {
    // One by one: reading from a stream may leave nothing for the same stream named again.
    const delivery = deliveryNow(ctx, request, i);
    if (delivery === undefined) continue;
    deliver(ctx, request, delivery, request.count, items);
    served++;
  }
  if (served > 0) begin(reply, served);
  appendReply(reply, items);
  return served > 0;
}

/** Begins the reply for so many streams: a map, and an array of pairs in RESP2. */
function begin(reply: Reply, streams: number): void {
  if (reply.resp3) reply.map(streams);
  else reply.array(streams);
}

/** What the i-th stream has to give at once. */
function deliveryNow(ctx: Context, request: Request, i: number): Delivery | undefined {
  const key = request.firstKey + i;
  const stream = streamIn(ctx, ctx.db.lookup(ctx.args, key));
  if (stream === undefined) return undefined;
  const id = request.ids[i];
  if (request.groupArg === 0) {
    if (!hasBehind(stream, id)) return undefined;
    return { stream, key, after: id, group: undefined, history: false };
  }
  const group = groupIn(stream, ctx.args, request.groupArg)!;
  if (id !== NEW_ENTRIES) return { stream, key, after: id, group, history: true };
  if (!hasBehind(stream, group.lastId)) return undefined;
  return { stream, key, after: group.lastId, group, history: false };
}

/** Whether there is an entry with a larger ID. */
function hasBehind(stream: Stream, id: StreamId): boolean {
  if (stream.length === 0 || compareIds(stream.lastId, id) <= 0) return false;
  return compareIds(stream.lastEntryId, id) > 0; // the last one may have been deleted
}

/** Writes a stream's key and entries. */
function deliver(
  ctx: Context,
  request: Request,
  delivery: Delivery,
  count: number | bigint,
  out: Reply,
): void {
  const { args } = ctx;
  const { stream, key, group } = delivery;
  if (!out.resp3) out.array(2);
  out.bulk(args.buf, args.start(key), args.end(key));
  if (group !== undefined) return deliverToGroup(ctx, request, delivery, group, count, out);
  const start = nextId(delivery.after);
  // Behind the last ID of all Redis begins anew.
  replyEntries(out, stream.read(start ?? ID_MIN), count);
}

function deliverToGroup(
  ctx: Context,
  request: Request,
  delivery: Delivery,
  group: ConsumerGroup,
  count: number | bigint,
  out: Reply,
): void {
  const { key } = delivery;
  ctx.db.preserveKey(ctx.args, key); // a group named STREAMS leads the key specs astray
  ctx.logNothing(); // but what follows
  const consumer = useConsumer(ctx, key, group, request.groupArg + 1);
  if (delivery.history) writeHistory(ctx, delivery, group, consumer, count, out);
  else writeNew(ctx, request, delivery, group, consumer, count, out);
  changedQuietly(ctx, undefined, key);
}

/** New entries for the group: they are pending with the consumer from now on, unless NOACK. */
function writeNew(
  ctx: Context,
  request: Request,
  { stream, key, after }: Delivery,
  group: ConsumerGroup,
  consumer: Consumer,
  count: number | bigint,
  out: Reply,
): void {
  const reader = stream.read(nextId(after) ?? ID_MIN);
  const claims = new ClaimLog(ctx, key, group);
  let moved = false;
  replyArray(out, (items) => {
    let found = 0;
    while (reader.next()) {
      const { id } = reader;
      if (compareIds(id, group.lastId) > 0) {
        stream.advance(group, id);
        moved = true;
      }
      replyEntry(items, reader.entry);
      if (!request.noAck) {
        group.deliver(id, consumer, ctx.now_ms, 1);
        claims.add(id, consumer.name, ctx.now_ms, 1);
      }
      if (++found === count) break;
    }
    return found;
  });
  claims.flush();
  if (moved) logPosition(ctx, key, group);
}

/** What is pending with the consumer: it counts as delivered once more. */
function writeHistory(
  ctx: Context,
  { stream, key, after }: Delivery,
  group: ConsumerGroup,
  consumer: Consumer,
  count: number | bigint,
  out: Reply,
): void {
  const claims = new ClaimLog(ctx, key, group);
  replyArray(out, (items) => {
    const own = consumer.pending.from(nextId(after) ?? ID_MIN);
    let found = 0;
    for (; own.hasRow && (count === 0 || found < count); own.next()) {
      const { id } = own;
      if (replyEntryOf(items, stream, id)) {
        const row = group.pending.from(id);
        row.time_ms = ctx.now_ms;
        row.deliveries = addUint64(row.deliveries, 1);
        claims.add(id, consumer.name, row.time_ms, row.deliveries);
      } else { // deleted meanwhile
        items.array(2);
        replyId(items, id);
        items.nullArray();
      }
      found++;
    }
    return found;
  });
  claims.flush();
}

// --- waiting ----------------------------------------------------------------------------------

/** A stream as it was when the client began to wait. */
interface Seen {
  readonly stream: Stream | undefined;
  readonly appends: number;
}

function wait(ctx: Context, request: Request): void | Promise<void> {
  const { args, db, reply, server } = ctx;
  const keys: string[] = [];
  const seen: Seen[] = [];
  for (let i = 0; i < request.streamCount; i++) {
    const key = request.firstKey + i;
    const stream = streamIn(ctx, db.peek(args, key));
    keys.push(args.text(key));
    seen.push({ stream, appends: stream?.appends ?? 0 });
  }
  const attempt = (key: string) => {
    const i = keys.indexOf(key);
    return request.groupArg === 0
      ? serveWaiting(ctx, request, i, seen[i])
      : serveWaitingGroup(ctx, request, i, seen[i]);
  };
  return server.blocking.wait(ctx, keys, request.timeout_ms, attempt, () => reply.nullArray());
}

/** Whether entries may have come since the client began to wait: other changes do not concern it. */
function mayHaveMore(stream: Stream, seen: Seen): boolean {
  return stream !== seen.stream || stream.appends !== seen.appends;
}

function serveWaiting(ctx: Context, request: Request, i: number, seen: Seen): boolean {
  const key = request.firstKey + i;
  const stream = streamIn(ctx, ctx.db.peek(ctx.args, key));
  if (stream === undefined || !mayHaveMore(stream, seen)) return false;
  const after = request.ids[i];
  if (compareIds(stream.lastId, after) <= 0) return false;
  const delivery = { stream, key, after, group: undefined, history: false };
  begin(ctx.reply, 1);
  deliver(ctx, request, delivery, request.count || BLOCKED_COUNT, ctx.reply);
  return true;
}

function serveWaitingGroup(
  ctx: Context,
  request: Request,
  i: number,
  seen: Seen,
): boolean {
  const { reply } = ctx;
  const key = request.firstKey + i;
  const stream = streamIn(ctx, ctx.db.peek(ctx.args, key));
  if (stream === undefined) {
    reply.error("UNBLOCKED the stream key no longer exists");
    return true;
  }
  const group = groupIn(stream, ctx.args, request.groupArg);
  if (group === undefined) {
    reply.error("NOGROUP the consumer group this client was blocked on no longer exists");
    return true;
  }
  if (!mayHaveMore(stream, seen) || compareIds(stream.lastId, group.lastId) <= 0) return false;
  const delivery = { stream, key, after: group.lastId, group, history: false };
  begin(reply, 1);
  deliver(ctx, request, delivery, request.count || BLOCKED_COUNT, reply);
  return true;
}

/** What both records have in common. */
const shared = {
  acl: ["stream"],
  group: "stream",
  since: "5.0.0",
  complexity: "O(N) for N entries returned; an XADD that serves M waiting clients pays O(M).",
} satisfies Partial<CommandRecord>;

const xread = command({
  ...shared,
  name: "xread",
  arity: -4,
  flags: ["readonly", "blocking", "movablekeys"],
  keys: [{
    flags: ["RO", "ACCESS"],
    begin: { keyword: "STREAMS", from: 1 },
    find: { last: -1, step: 1, limit: 2 },
  }],
  summary: "Returns the entries behind given IDs of several streams, and can wait for them.",
  syntax: "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
  run: (ctx) => read(ctx, false),
});

const xreadgroup = command({
  ...shared,
  name: "xreadgroup",
  arity: -7,
  flags: ["write", "blocking", "movablekeys"],
  keys: [{
    flags: ["RO", "ACCESS"],
    begin: { keyword: "STREAMS", from: 4 },
    find: { last: -1, step: 1, limit: 2 },
  }],
  summary: "Returns what is new to a consumer group, or what one of its consumers has not " +
    "acknowledged, and can wait for it.",
  syntax: "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] " +
    "STREAMS key [key ...] id [id ...]",
  run: (ctx) => read(ctx, true),
});

/** XREAD XREADGROUP. */
export const streamReadCommands: readonly Command[] = [xread, xreadgroup];
