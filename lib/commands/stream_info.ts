/** XINFO CONSUMERS GROUPS HELP STREAM: what streams, groups and consumers have and have had. */

import { NONE } from "../keyspace/database.ts";
import type { Reply } from "../resp/reply.ts";
import { type Consumer, type ConsumerGroup, UNKNOWN_READ } from "../types/stream/group.ts";
import type { Stream } from "../types/stream/stream.ts";
import { ID_MAX, ID_MIN } from "../types/stream/stream_id.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { replyHelp } from "./help.ts";
import { noSuchGroup, wrongSubcommand } from "./stream_group.ts";
import { groupIn, replyEntries, replyEntry, replyId, streamIn } from "./stream_kit.ts";

/** Entries, and pending ones of each group and consumer, that FULL shows unless COUNT says more. */
const FULL_COUNT = 10;

const HELP = [
  "CONSUMERS <key> <groupname>",
  "    Show consumers of <groupname>.",
  "GROUPS <key>",
  "    Show the stream consumer groups.",
  "STREAM <key> [FULL [COUNT <count>]",
  "    Show information about the stream.",
];

/** The stream in argument 2; or answers that there is none. */
function needStream(ctx: Context): Stream | undefined {
  const ref = ctx.db.lookup(ctx.args, 2);
  if (ref === NONE) return void ctx.reply.error("ERR no such key");
  if (!ctx.check(ref, "stream")) return undefined;
  return streamIn(ctx, ref);
}

const consumers = command({
  name: "consumers",
  arity: 4,
  flags: ["readonly"],
  acl: ["stream"],
  keys: [keyAt(2, "RO ACCESS")],
  tips: ["nondeterministic_output"],
  group: "stream",
  since: "5.0.0",
  summary: "Lists the consumers of a group.",
  complexity: "O(1)",
  syntax: "key groupname",
  run(ctx) {
    const { reply, now_ms } = ctx;
    const stream = needStream(ctx);
    if (stream === undefined) return;
    const group = groupIn(stream, ctx.args, 3);
    if (group === undefined) return reply.error(noSuchGroup(ctx, 2, 3));
    reply.array(group.consumers.size);
    for (const { name, pending, seen_ms } of group.consumers) {
      reply.map(3);
      reply.bulkText("name");
      reply.bulkText(name);
      reply.bulkText("pending");
      reply.integer(pending.size);
      reply.bulkText("idle");
      reply.integer(Math.max(now_ms - seen_ms, 0));
    }
  },
});

const groups = command({
  name: "groups",
  arity: 3,
  flags: ["readonly"],
  acl: ["stream"],
  keys: [keyAt(2, "RO ACCESS")],
  group: "stream",
  since: "5.0.0",
  history: [["7.0.0", "Added the `entries-read` and `lag` fields"]],
  summary: "Lists the consumer groups of a stream.",
  complexity: "O(1)",
  syntax: "key",
  run(ctx) {
    const { reply } = ctx;
    const stream = needStream(ctx);
    if (stream === undefined) return;
    reply.array(stream.groups.size);
    for (const group of stream.groups) {
      reply.map(6);
      reply.bulkText("name");
      reply.bulkText(group.name);
      reply.bulkText("consumers");
      reply.integer(group.consumers.size);
      reply.bulkText("pending");
      reply.integer(group.pending.size);
      replyProgress(reply, stream, group);
    }
  },
});

/** Three fields: how far a group has read. */
function replyProgress(reply: Reply, stream: Stream, group: ConsumerGroup): void {
  reply.bulkText("last-delivered-id");
  replyId(reply, group.lastId);
  reply.bulkText("entries-read");
  if (group.entriesRead === UNKNOWN_READ) reply.null();
  else reply.integer(group.entriesRead);
  reply.bulkText("lag");
  const lag = stream.lag(group);
  if (lag === undefined) reply.null();
  else reply.integer(lag);
}

const stream = command({
  name: "stream",
  arity: -3,
  flags: ["readonly"],
  acl: ["stream"],
  keys: [keyAt(2, "RO ACCESS")],
  group: "stream",
  since: "5.0.0",
  history: [
    ["6.0.0", "Added the `FULL` modifier."],
    [
      "7.0.0",
      "Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, " +
      "`entries-read` and `lag` fields",
    ],
  ],
  summary: "Tells what a stream has and has had.",
  complexity: "O(1)",
  syntax: "key [FULL [COUNT count]]",
  run(ctx) {
    const found = needStream(ctx);
    if (found === undefined) return;
    const { args, reply } = ctx;
    if (args.count === 3) return replySummary(reply, found);
    const isFull = args.is(3, "FULL") &&
      (args.count === 4 || (args.count === 6 && args.is(4, "COUNT")));
    if (!isFull) return reply.error(wrongSubcommand(ctx));
    const given = args.count === 6 ? ctx.integer(5) : FULL_COUNT;
    if (given === undefined) return;
    replyFull(reply, found, given < 0 ? FULL_COUNT : Number(given));
  },
});

/** Seven fields: the figures of a stream. */
function replyFigures(reply: Reply, stream: Stream): void {
  reply.bulkText("length");
  reply.integer(stream.length);
  reply.bulkText("radix-tree-keys");
  reply.integer(stream.chunks.length);
  reply.bulkText("radix-tree-nodes");
  reply.integer(stream.radixTreeNodes);
  reply.bulkText("last-generated-id");
  replyId(reply, stream.lastId);
  reply.bulkText("max-deleted-entry-id");
  replyId(reply, stream.maxDeletedId);
  reply.bulkText("entries-added");
  reply.integer(stream.entriesAdded);
  reply.bulkText("recorded-first-entry-id");
  replyId(reply, stream.firstId);
}

function replySummary(reply: Reply, stream: Stream): void {
  reply.map(10);
  replyFigures(reply, stream);
  reply.bulkText("groups");
  reply.integer(stream.groups.size);
  reply.bulkText("first-entry");
  replyEdge(reply, stream, false);
  reply.bulkText("last-entry");
  replyEdge(reply, stream, true);
}

/** The first or last entry, or null. */
function replyEdge(reply: Reply, stream: Stream, last: boolean): void {
  const reader = stream.read(ID_MIN, ID_MAX, last);
  if (reader.next()) replyEntry(reply, reader.entry);
  else reply.null();
}

/** @param count entries, and pending ones of each group and consumer, at most; 0: all. */
function replyFull(reply: Reply, stream: Stream, count: number): void {
  reply.map(9);
  replyFigures(reply, stream);
  reply.bulkText("entries");
  replyEntries(reply, stream.read(), count);
  reply.bulkText("groups");
  reply.array(stream.groups.size);
  for (const group of stream.groups) {
    reply.map(7);
    reply.bulkText("name");
    reply.bulkText(group.name);
    replyProgress(reply, stream, group);
    reply.bulkText("pel-count");
    reply.integer(group.pending.size);
    reply.bulkText("pending");
    replyPending(reply, group, undefined, count);
    reply.bulkText("consumers");
    reply.array(group.consumers.size);
    for (const consumer of group.consumers) {
      reply.map(4);
      reply.bulkText("name");
      reply.bulkText(consumer.name);
      reply.bulkText("seen-time");
      reply.integer(consumer.seen_ms);
      reply.bulkText("pel-count");
      reply.integer(consumer.pending.size);
      reply.bulkText("pending");
      replyPending(reply, group, consumer, count);
    }
  }
}

/** What is pending with a consumer, or, with names, in the whole group. */
function replyPending(
  reply: Reply,
  group: ConsumerGroup,
  consumer: Consumer | undefined,
  count: number,
): void {
  const rows = consumer?.pending ?? group.pending;
  let left = count === 0 ? rows.size : Math.min(rows.size, count);
  reply.array(left);
  for (const at = rows.from(ID_MIN); left > 0; at.next(), left--) {
    const { id } = at;
    const row = consumer === undefined ? at : group.pending.from(id);
    reply.array(consumer === undefined ? 4 : 3);
    replyId(reply, id);
    if (consumer === undefined) reply.bulkText(group.owner(row).name);
    reply.integer(row.time_ms);
    reply.integer(row.deliveries);
  }
}

const help = command({
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  acl: ["stream"],
  group: "stream",
  since: "5.0.0",
  summary: "Tells what the subcommands do.",
  complexity: "O(1)",
  syntax: "",
  run: ({ reply }) => replyHelp(reply, "XINFO", HELP),
});

/** XINFO. */
export const xinfo: Command = command(
  {
    name: "xinfo",
    arity: -2,
    flags: [],
    group: "stream",
    since: "5.0.0",
    summary: "Looks into streams and their consumer groups.",
    complexity: "Depends on the subcommand.",
    syntax: "",
    subcommands: [consumers, groups, help, stream],
  } satisfies CommandRecord,
);
