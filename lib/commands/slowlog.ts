/** SLOWLOG GET HELP LEN RESET: the commands that took long. */

import { command, type CommandRecord } from "./command.ts";
import type { SlowLogEntry } from "./context.ts";
import { replyHelp } from "./help.ts";
import type { Reply } from "../resp/reply.ts";

/** Entries that SLOWLOG GET shows where it is not told how many. */
const SHOWN = 10;
const BAD_COUNT = "ERR count should be greater than or equal to -1";

const HELP = [
  "GET [<count>]",
  "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
  "    Entries are made of:",
  "    id, timestamp, time in microseconds, arguments array, client IP and port,",
  "    client name",
  "LEN",
  "    Return the length of the slowlog.",
  "RESET",
  "    Reset the slowlog.",
];

/** What the records of the subcommands have in common. */
const shared = {
  flags: ["admin", "loading", "stale"],
  group: "server",
  since: "2.2.12",
} satisfies Partial<CommandRecord>;

const get = command({
  ...shared,
  name: "get",
  arity: -2,
  summary: "Returns the commands that took long, the last one first.",
  complexity: "O(N) where N is the number of entries returned",
  syntax: "[count]",
  tips: ["request_policy:all_nodes", "nondeterministic_output"],
  history: [["4.0.0", "Added client IP address, port and name to the reply."]],
  run({ args, reply, server }) {
    if (args.count > 3) {
      return reply.error(
        `ERR unknown subcommand or wrong number of arguments for '${args.text(1)}'. ` +
          "Try SLOWLOG HELP.",
      );
    }
    const count = args.count === 3 ? args.int64(2) : SHOWN;
    if (count === undefined || count < -1) return reply.error(BAD_COUNT);

    const { slowLog } = server;
    const entries = slowLog.latest(count === -1 ? slowLog.length : Number(count));
    reply.array(entries.length);
    for (const entry of entries) replyEntry(reply, entry);
  },
});

const len = command({
  ...shared,
  name: "len",
  arity: 2,
  summary: "Counts the commands that took long and are still remembered.",
  complexity: "O(1)",
  syntax: "",
  tips: ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
  run: ({ reply, server }) => reply.integer(server.slowLog.length),
});

const reset = command({
  ...shared,
  name: "reset",
  arity: 2,
  summary: "Forgets the commands that took long.",
  complexity: "O(N) where N is the number of entries in the slowlog",
  syntax: "",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  run({ reply, server }) {
    server.slowLog.reset();
    reply.ok();
  },
});

const help = command({
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  group: "server",
  since: "6.2.0",
  summary: "Tells what the subcommands do.",
  complexity: "O(1)",
  syntax: "",
  run: ({ reply }) => replyHelp(reply, "SLOWLOG", HELP),
});

/** SLOWLOG. */
export const slowlogCommand = command({
  name: "slowlog",
  arity: -2,
  flags: [],
  group: "server",
  since: "2.2.12",
  summary: "Tells which commands took long.",
  complexity: "Depends on subcommand.",
  syntax: "",
  subcommands: [get, help, len, reset],
});

function replyEntry(reply: Reply, entry: SlowLogEntry): void {
  reply.array(6);
  reply.integer(entry.id);
  reply.integer(entry.time_s);
  reply.integer(entry.duration_us);
  reply.bulkTexts(entry.args);
  reply.bulkText(entry.address);
  reply.bulkText(entry.name);
}
