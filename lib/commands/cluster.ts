/**
 * ASKING, CLUSTER, READONLY, READWRITE: this server is no node of a cluster. Clients ask all the same,
 * and get the answer of a Redis that is none: every command here, CLUSTER HELP and CLUSTER KEYSLOT not
 * excepted, says that cluster support is disabled.
 */

import { type Command, command, type CommandFlag, type CommandRecord } from "./command.ts";
import type { Context } from "./context.ts";

/** What the records of the commands have in common, where they do not say otherwise. */
const shared = {
  group: "cluster",
  since: "3.0.0",
  complexity: "O(1)",
  syntax: "",
  run: refuse,
} satisfies Partial<CommandRecord>;

const CONNECTION = { ...shared, arity: 1, acl: ["connection"] } satisfies Partial<CommandRecord>;

const asking = command({
  ...CONNECTION,
  name: "asking",
  flags: ["fast"],
  summary: "Says that a node of a cluster has sent the client here for the next command.",
});

const readOnly = command({
  ...CONNECTION,
  name: "readonly",
  flags: ["loading", "stale", "fast"],
  summary: "Lets the connection read from a replica of a cluster.",
});

const readWrite = command({
  ...CONNECTION,
  name: "readwrite",
  flags: ["loading", "stale", "fast"],
  summary: "Ends READONLY.",
});

/** Flags of the subcommands that ask, that ask what is not for everybody, and that change. */
const ASKS: readonly CommandFlag[] = ["stale"];
const ASKS_ADMIN: readonly CommandFlag[] = ["admin", "stale"];
const CHANGES: readonly CommandFlag[] = ["admin", "stale", "no_async_loading"];

const UNSTABLE = ["nondeterministic_output"];
const OF_SLOTS = "O(N) where N is the total number of hash slot arguments";
const OF_RANGES = "O(N) where N is the total number of the slots between the start slot and end " +
  "slot arguments.";
const OF_NODES = "O(N) where N is the total number of Cluster nodes";
const SLOTS = "slot [slot ...]";
const RANGES = "start-slot end-slot [start-slot end-slot ...]";

const subcommands: readonly Command[] = [
  sub("addslots", -3, CHANGES, "Gives hash slots to the node.", {
    complexity: OF_SLOTS,
    syntax: SLOTS,
  }),
  sub("addslotsrange", -4, CHANGES, "Gives ranges of hash slots to the node.", {
    since: "7.0.0",
    complexity: OF_RANGES,
    syntax: RANGES,
  }),
  sub("bumpepoch", 2, CHANGES, "Advances the epoch of the cluster's configuration.", {
    tips: UNSTABLE,
  }),
  sub("count-failure-reports", 3, ASKS_ADMIN, "Counts the nodes that report another's failure.", {
    complexity: "O(N) where N is the number of failure reports",
    syntax: "node-id",
    tips: UNSTABLE,
  }),
  sub("countkeysinslot", 3, ASKS, "Counts the keys of a hash slot.", { syntax: "slot" }),
  sub("delslots", -3, CHANGES, "Takes hash slots from the node.", {
    complexity: OF_SLOTS,
    syntax: SLOTS,
  }),
  sub("delslotsrange", -4, CHANGES, "Takes ranges of hash slots from the node.", {
    since: "7.0.0",
    complexity: OF_RANGES,
    syntax: RANGES,
  }),
  sub("failover", -2, CHANGES, "Makes a replica take its master's place.", {
    syntax: "[FORCE | TAKEOVER]",
  }),
  sub("flushslots", 2, CHANGES, "Takes all hash slots from the node."),
  sub("forget", 3, CHANGES, "Removes a node from those that are known.", { syntax: "node-id" }),
  sub("getkeysinslot", 4, ASKS, "Returns keys of a hash slot.", {
    complexity: "O(log(N)) where N is the number of requested keys",
    syntax: "slot count",
    tips: UNSTABLE,
  }),
  sub("help", 2, ["loading", "stale"], "Is refused as all of CLUSTER is.", { since: "5.0.0" }),
  sub("info", 2, ASKS, "Returns the state of the cluster.", { tips: UNSTABLE }),
  sub("keyslot", 3, ASKS, "Returns the hash slot of a key.", {
    complexity: "O(N) where N is the number of bytes in the key",
    syntax: "key",
  }),
  sub("links", 2, ASKS, "Returns the connections between the node and the others.", {
    since: "7.0.0",
    complexity: OF_NODES,
    tips: UNSTABLE,
  }),
  sub("meet", -4, CHANGES, "Makes the node known to another.", {
    syntax: "ip port [cluster_bus_port]",
    history: [["4.0.0", "Added the optional `cluster_bus_port` argument."]],
  }),
  sub("myid", 2, ASKS, "Returns the node's ID."),
  sub("nodes", 2, ASKS, "Returns the nodes as the node has them in its configuration.", {
    complexity: OF_NODES,
    tips: UNSTABLE,
  }),
  sub("replicas", 3, ASKS_ADMIN, "Returns the replicas of a master.", {
    since: "5.0.0",
    syntax: "node-id",
    tips: UNSTABLE,
  }),
  sub("replicate", 3, CHANGES, "Makes the node a replica of another.", { syntax: "node-id" }),
  sub("reset", -2, ["admin", "noscript", "stale"], "Makes the node forget the cluster.", {
    complexity:
      "O(N) where N is the number of known nodes. The command may execute a FLUSHALL as " +
      "a side effect.",
    syntax: "[HARD | SOFT]",
  }),
  sub("saveconfig", 2, CHANGES, "Writes the state of the cluster to disk."),
  sub("set-config-epoch", 3, CHANGES, "Sets the epoch of a new node's configuration.", {
    syntax: "config-epoch",
  }),
  sub("setslot", -4, CHANGES, "Gives a hash slot to a node, or begins or ends its move.", {
    syntax: "slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>",
  }),
  sub("shards", 2, ASKS, "Returns which nodes have which hash slots, by shard.", {
    since: "7.0.0",
    complexity: OF_NODES,
    tips: UNSTABLE,
  }),
  sub("slaves", 3, ASKS_ADMIN, "Returns the replicas of a master.", {
    syntax: "node-id",
    tips: UNSTABLE,
    deprecated: { since: "5.0.0", replacedBy: "`CLUSTER REPLICAS`" },
  }),
  sub("slots", 2, ASKS, "Returns which nodes have which hash slots.", {
    complexity: OF_NODES,
    tips: UNSTABLE,
    deprecated: { since: "7.0.0", replacedBy: "`CLUSTER SHARDS`" },
    history: [
      ["4.0.0", "Added node IDs."],
      ["7.0.0", "Added additional networking metadata field."],
    ],
  }),
];

const cluster = command({
  ...shared,
  name: "cluster",
  arity: -2,
  flags: [],
  summary: "Holds the commands about a cluster; this server is in none, and says so.",
  complexity: "Depends on subcommand.",
  run: undefined,
  subcommands,
});

/** The commands of clusters. */
export const clusterCommands: readonly Command[] = [asking, cluster, readOnly, readWrite];

function sub(
  name: string,
  arity: number,
  flags: readonly CommandFlag[],
  summary: string,
  more: Partial<CommandRecord> = {},
): Command {
  return command({ ...shared, name, arity, flags, summary, ...more });
}

function refuse({ reply }: Context): void {
  reply.error("ERR This instance has cluster support disabled");
}
