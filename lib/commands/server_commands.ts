/** DBSIZE, SHUTDOWN and TIME. */

import type { Args } from "../resp/args.ts";
import { type Command, command } from "./command.ts";
import { type ShutdownOptions, SYNTAX_ERROR } from "./context.ts";

const dbSize = command({
  name: "dbsize",
  arity: 1,
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  group: "server",
  since: "1.0.0",
  summary: "Returns how many keys the selected database holds.",
  complexity: "O(1)",
  syntax: "",
  tips: ["request_policy:all_shards", "response_policy:agg_sum"],
  run({ db, reply }) {
    reply.integer(db.size);
  },
});

const shutdown = command({
  name: "shutdown",
  arity: -1,
  flags: ["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
  group: "server",
  since: "1.0.0",
  summary: "Saves what is to be saved and ends the server.",
  complexity:
    "O(N) when saving, where N is the total number of keys in all databases when saving " +
    "data, otherwise O(1)",
  syntax: "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
  history: [["7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."]],
  run({ args, server, reply }) {
    const options = shutdownOptions(args);
    if (options === undefined) return reply.error(SYNTAX_ERROR);

    // a shutdown waits for nobody, so there never is one that could be called off
    if (options === "abort") return reply.error("ERR No shutdown in progress.");
    return server.shutdown(options).catch((error: Error) => reply.error(`ERR ${error.message}`));
  },
});

const time = command({
  name: "time",
  arity: 1,
  flags: ["loading", "stale", "fast"],
  group: "server",
  since: "2.6.0",
  summary: "Returns the server's time in seconds and microseconds.",
  complexity: "O(1)",
  syntax: "",
  tips: ["nondeterministic_output"],
  run({ server, reply }) {
    const now_us = server.clock.now_us();
    reply.array(2);
    reply.bulkInteger(Math.floor(now_us / 1e6));
    reply.bulkInteger(now_us % 1e6);
  },
});

/** DBSIZE, SHUTDOWN, TIME. */
export const serverCommands: readonly Command[] = [dbSize, shutdown, time];

/** The options of SHUTDOWN; undefined: they are unknown or contradict each other. */
function shutdownOptions(args: Args): ShutdownOptions | "abort" | undefined {
  let save: boolean | undefined;
  let now = false;
  let force = false;
  let abort = false;
  for (let i = 1; i < args.count; i++) {
    if (args.is(i, "SAVE") && save !== false) save = true;
    else if (args.is(i, "NOSAVE") && save !== true) save = false;
    else if (args.is(i, "NOW")) now = true;
    else if (args.is(i, "FORCE")) force = true;
    else if (args.is(i, "ABORT")) abort = true;
    else return undefined;
  }
  if (!abort) return { save, now, force };
  return save !== undefined || now || force ? undefined : "abort";
}
