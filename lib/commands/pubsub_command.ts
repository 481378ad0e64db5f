/** PUBSUB CHANNELS HELP NUMPAT NUMSUB SHARDCHANNELS SHARDNUMSUB: who is subscribed to what. */

import { Buffer } from "node:buffer";
import { globMatch } from "../numbers/glob.ts";
import { command, type CommandRecord } from "./command.ts";
import type { Context } from "./context.ts";
import { replyHelp } from "./help.ts";

const HELP = [
  "CHANNELS [<pattern>]",
  "    Return the currently active channels matching a <pattern> (default: '*').",
  "NUMPAT",
  "    Return number of subscriptions to patterns.",
  "NUMSUB [<channel> ...]",
  "    Return the number of subscribers for the specified channels, excluding",
  "    pattern subscriptions(default: no channels).",
  "SHARDCHANNELS [<pattern>]",
  "    Return the currently active shard level channels matching a <pattern> (default: '*').",
  "SHARDNUMSUB [<shardchannel> ...]",
  "    Return the number of subscribers for the specified shard level channel(s)",
];

/** Answers the channels that match argument 2, or all. */
function replyChannels({ args, reply, server }: Context, kind: "channel" | "shard"): void {
  if (args.count > 3) {
    return reply.error(
      `ERR unknown subcommand or wrong number of arguments for '${args.text(1)}'. ` +
        "Try PUBSUB HELP.",
    );
  }
  const pattern = args.count === 3 ? args.bytes(2) : undefined;
  const found: string[] = [];
  for (const name of server.pubsub.names(kind)) {
    if (pattern === undefined || globMatch(pattern, Buffer.from(name, "latin1"))) found.push(name);
  }
  reply.bulkTexts(found);
}

/** Answers each channel named and how many are subscribed to it. */
function replyCounts({ args, reply, server }: Context, kind: "channel" | "shard"): void {
  reply.array((args.count - 2) * 2);
  for (let i = 2; i < args.count; i++) {
    reply.bulk(args.buf, args.start(i), args.end(i));
    reply.integer(server.pubsub.subscriberCount(kind, args.text(i)));
  }
}

/** What the records of the subcommands have in common. */
const shared = {
  flags: ["pubsub", "loading", "stale"],
  group: "pubsub",
} satisfies Partial<CommandRecord>;

const channels = command({
  ...shared,
  name: "channels",
  arity: -2,
  since: "2.8.0",
  summary: "Lists the channels that somebody is subscribed to.",
  complexity: "O(N) where N is the number of such channels.",
  syntax: "[pattern]",
  run: (ctx) => replyChannels(ctx, "channel"),
});

const numpat = command({
  ...shared,
  name: "numpat",
  arity: 2,
  since: "2.8.0",
  summary: "Counts the patterns that somebody is subscribed to.",
  complexity: "O(1)",
  syntax: "",
  run: ({ reply, server }) => reply.integer(server.pubsub.size("pattern")),
});

const numsub = command({
  ...shared,
  name: "numsub",
  arity: -2,
  since: "2.8.0",
  summary: "Counts the subscribers of channels, those of patterns not included.",
  complexity: "O(N) where N is the number of channels asked for.",
  syntax: "[channel [channel ...]]",
  run: (ctx) => replyCounts(ctx, "channel"),
});

const shardchannels = command({
  ...shared,
  name: "shardchannels",
  arity: -2,
  since: "7.0.0",
  summary: "Lists the shard channels that somebody is subscribed to.",
  complexity: "O(N) where N is the number of such shard channels.",
  syntax: "[pattern]",
  run: (ctx) => replyChannels(ctx, "shard"),
});

const shardnumsub = command({
  ...shared,
  name: "shardnumsub",
  arity: -2,
  since: "7.0.0",
  summary: "Counts the subscribers of shard channels.",
  complexity: "O(N) where N is the number of shard channels asked for.",
  syntax: "[shardchannel [shardchannel ...]]",
  run: (ctx) => replyCounts(ctx, "shard"),
});

const help = command({
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  group: "pubsub",
  since: "6.2.0",
  summary: "Tells what the subcommands do.",
  complexity: "O(1)",
  syntax: "",
  run: ({ reply }) => replyHelp(reply, "PUBSUB", HELP),
});

/** PUBSUB. */
export const pubsubCommand = command({
  name: "pubsub",
  arity: -2,
  flags: [],
  group: "pubsub",
  since: "2.8.0",
  summary: "Tells who is subscribed to what.",
  complexity: "Depends on the subcommand.",
  syntax: "",
  subcommands: [channels, help, numpat, numsub, shardchannels, shardnumsub],
});
