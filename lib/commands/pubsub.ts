/**
 * Pub/sub: SUBSCRIBE PSUBSCRIBE SSUBSCRIBE, UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE, PUBLISH SPUBLISH;
 * PUBSUB has a file of its own. Who is subscribed to what is known to `ctx.server.pubsub`.
 *
 * (Un)subscribing answers with one message for each name, also where CLIENT REPLY OFF wants no
 * replies: messages are none.
 */

import { releaseReply, Reply } from "../resp/reply.ts";
import type { SubscriptionKind } from "./client_subscriptions.ts";
import { type Command, command, type CommandRecord, keyAt, keysFrom } from "./command.ts";
import type { Context } from "./context.ts";
import { pubsubCommand } from "./pubsub_command.ts";

/** The words of each kind of subscription, in messages. */
const VERBS = {
  channel: { begin: "subscribe", end: "unsubscribe" },
  pattern: { begin: "psubscribe", end: "punsubscribe" },
  shard: { begin: "ssubscribe", end: "sunsubscribe" },
} as const;

/** Subscribes to all arguments. */
function subscribeAll(ctx: Context, kind: SubscriptionKind): void {
  const { args, client, server } = ctx;
  for (let i = 1; i < args.count; i++) {
    const name = args.text(i);
    server.pubsub.subscribe(kind, client, name);
    tell(ctx, kind, VERBS[kind].begin, name);
  }
}

/** Ends the subscriptions that are named, or all of a kind. */
function unsubscribeAll(ctx: Context, kind: SubscriptionKind): void {
  const { args, client } = ctx;
  if (args.count > 1) {
    for (let i = 1; i < args.count; i++) unsubscribe(ctx, kind, args.text(i));
    return;
  }
  const names = [...client.subscriptions?.[kind] ?? []];
  for (const name of names) unsubscribe(ctx, kind, name);
  if (names.length === 0) tell(ctx, kind, VERBS[kind].end, undefined);
}

function unsubscribe(ctx: Context, kind: SubscriptionKind, name: string): void {
  ctx.server.pubsub.unsubscribe(kind, ctx.client, name);
  tell(ctx, kind, VERBS[kind].end, name);
}

/** Sends `verb name count` to the client; the count is that of its subscriptions now. */
function tell(
  { client }: Context,
  kind: SubscriptionKind,
  verb: string,
  name: string | undefined,
): void {
  const wantsReplies = client.replyMode === "on";
  const reply = wantsReplies ? client.reply : new Reply();
  reply.resp3 = client.reply.resp3;
  reply.push(3);
  reply.bulkText(verb);
  if (name === undefined) reply.null();
  else reply.bulkText(name);
  reply.integer(client.subscriptions?.countOf(kind) ?? 0);
  if (wantsReplies) return;
  for (const part of reply.take()) {
    client.deliver(part.buffer, 0, part.length);
    releaseReply(part);
  }
}

/** What the records of the six have in common. */
const subscribing = {
  flags: ["pubsub", "noscript", "loading", "stale"],
  group: "pubsub",
} satisfies Partial<CommandRecord>;

const subscribe = command({
  ...subscribing,
  name: "subscribe",
  arity: -2,
  since: "2.0.0",
  summary: "Asks for the messages that are published to channels.",
  complexity: "O(N) where N is the number of channels.",
  syntax: "channel [channel ...]",
  run: (ctx) => subscribeAll(ctx, "channel"),
});

const psubscribe = command({
  ...subscribing,
  name: "psubscribe",
  arity: -2,
  since: "2.0.0",
  summary: "Asks for the messages that are published to channels that match patterns.",
  complexity: "O(N) where N is the number of patterns.",
  syntax: "pattern [pattern ...]",
  run: (ctx) => subscribeAll(ctx, "pattern"),
});

const ssubscribe = command({
  ...subscribing,
  name: "ssubscribe",
  arity: -2,
  keys: [keysFrom(1, -1, 1, "NOT_KEY")],
  since: "7.0.0",
  summary: "Asks for the messages that are published to shard channels.",
  complexity: "O(N) where N is the number of shard channels.",
  syntax: "shardchannel [shardchannel ...]",
  run: (ctx) => subscribeAll(ctx, "shard"),
});

const unsubscribeCommand = command({
  ...subscribing,
  name: "unsubscribe",
  arity: -1,
  since: "2.0.0",
  summary: "Ends the subscriptions to these channels, or to all.",
  complexity: "O(N) where N is the number of channels.",
  syntax: "[channel [channel ...]]",
  run: (ctx) => unsubscribeAll(ctx, "channel"),
});

const punsubscribe = command({
  ...subscribing,
  name: "punsubscribe",
  arity: -1,
  since: "2.0.0",
  summary: "Ends the subscriptions to these patterns, or to all.",
  complexity: "O(N) where N is the number of patterns.",
  syntax: "[pattern [pattern ...]]",
  run: (ctx) => unsubscribeAll(ctx, "pattern"),
});

const sunsubscribe = command({
  ...subscribing,
  name: "sunsubscribe",
  arity: -1,
  keys: [keysFrom(1, -1, 1, "NOT_KEY")],
  since: "7.0.0",
  summary: "Ends the subscriptions to these shard channels, or to all.",
  complexity: "O(N) where N is the number of shard channels.",
  syntax: "[shardchannel [shardchannel ...]]",
  run: (ctx) => unsubscribeAll(ctx, "shard"),
});

/** Publishes argument 2 to the channel in argument 1 and answers how many got it. */
function publishTo({ args, server, reply }: Context, kind: "channel" | "shard"): void {
  const { buf } = args;
  const receivers = server.pubsub.publish(
    kind,
    buf,
    args.start(1),
    args.end(1),
    buf,
    args.start(2),
    args.end(2),
  );
  reply.integer(receivers);
}

const publish = command({
  name: "publish",
  arity: 3,
  flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
  group: "pubsub",
  since: "2.0.0",
  summary: "Sends a message to all who are subscribed to a channel.",
  complexity: "O(N+M) where N is the number of the channel's subscribers and M the number of all " +
    "patterns.",
  syntax: "channel message",
  run: (ctx) => publishTo(ctx, "channel"),
});

const spublish = command({
  name: "spublish",
  arity: 3,
  flags: ["pubsub", "loading", "stale", "fast", "may_replicate"],
  keys: [keyAt(1, "NOT_KEY")],
  group: "pubsub",
  since: "7.0.0",
  summary: "Sends a message to all who are subscribed to a shard channel.",
  complexity: "O(N) where N is the number of the shard channel's subscribers.",
  syntax: "shardchannel message",
  run: (ctx) => publishTo(ctx, "shard"),
});

/** All commands of pub/sub. */
export const pubsubCommands: readonly Command[] = [
  subscribe,
  psubscribe,
  ssubscribe,
  unsubscribeCommand,
  punsubscribe,
  sunsubscribe,
  publish,
  spublish,
  pubsubCommand,
];
