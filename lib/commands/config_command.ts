/** CONFIG GET, SET, RESETSTAT, REWRITE and HELP, on top of `lib/config`. */

import { ConfigCommandError, ConfigLoadingError } from "../config/errors.ts";
import { attempt } from "../config/maybe_async.ts";
import { rewriteConfigFile, type RewriteOptions } from "../config/rewrite.ts";
import { configFiles } from "../platform/std_fs/config_files.ts";
import { type Command, command, type CommandFlag } from "./command.ts";
import { type Context, LOADING, SYNTAX_ERROR } from "./context.ts";
import { replyHelp } from "./help.ts";

const ADMIN: readonly CommandFlag[] = ["admin", "noscript", "loading", "stale"];

const get = command({
  name: "get",
  arity: -3,
  flags: ADMIN,
  group: "server",
  since: "2.0.0",
  summary: "Returns the directives that match patterns, with their values.",
  complexity: "O(N) when N is the number of configuration parameters provided",
  syntax: "parameter [parameter ...]",
  history: [["7.0.0", "Added the ability to pass multiple pattern parameters in one call"]],
  run({ args, server, reply }) {
    const patterns: string[] = [];
    for (let i = 2; i < args.count; i++) patterns.push(args.text(i));

    const found = server.config.get(patterns);
    reply.map(found.length);
    for (const [name, value] of found) {
      reply.bulkText(name);
      reply.bulkText(value);
    }
  },
});

const set = command({
  name: "set",
  arity: -4,
  flags: ADMIN,
  group: "server",
  since: "2.0.0",
  summary: "Changes directives, all of those given or none.",
  complexity: "O(N) when N is the number of configuration parameters provided",
  syntax: "parameter value [parameter value ...]",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  history: [["7.0.0", "Added the ability to set multiple parameters in one call."]],
  run(ctx) {
    const { args, server, client } = ctx;
    if (args.count % 2 === 1) return ctx.reply.error(SYNTAX_ERROR);
    const pairs: [string, string][] = [];
    for (let i = 2; i < args.count; i += 2) pairs.push([args.text(i), args.text(i + 1)]);

    const isLocal = client.link?.isLocal ?? true;
    const done = attempt(
      () => {
        const underWay = server.config.set(pairs, {
          local: isLocal,
          loading: server.keyspace.loading,
        });
        if (underWay !== undefined && ctx.mayWait) return underWay.then(() => replySet(ctx, pairs));
        // In EXEC nobody waits for what takes its time: if it fails after all, the log says so.
        underWay?.catch(() => {});
        return replySet(ctx, pairs);
      },
      (error) => replyRefusal(ctx, error),
    );
    return done ?? undefined;
  },
});

/** OK after `appendonly yes` means that the log holds the data, all of it. */
function replySet(
  { reply, server, mayWait }: Context,
  pairs: readonly [name: string, value: string][],
): void | Promise<void> {
  const { logReady } = server.persistence;
  const isAboutLog = pairs.some(([name]) => name.toLowerCase() === "appendonly");
  if (logReady === undefined || !isAboutLog || !mayWait) return reply.ok();
  return logReady.then(
    () => reply.ok(),
    // The reason, which may name paths, is in the server's log.
    () =>
      reply.error(
        "ERR CONFIG SET failed (possibly related to argument 'appendonly') - " +
          "Unable to turn on AOF. Check server logs.",
      ),
  );
}

const resetStat = command({
  name: "resetstat",
  arity: 2,
  flags: ADMIN,
  group: "server",
  since: "2.0.0",
  summary: "Sets the figures of INFO to zero.",
  complexity: "O(1)",
  syntax: "",
  run({ server, reply }) {
    server.resetStatistics();
    reply.ok();
  },
});

const rewrite = command({
  name: "rewrite",
  arity: 2,
  flags: ADMIN,
  group: "server",
  since: "2.8.0",
  summary: "Writes the present values into the configuration file.",
  complexity: "O(1)",
  syntax: "",
  run: (ctx) => rewriteConfig(ctx),
});

const help = command({
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  group: "server",
  since: "5.0.0",
  summary: "Explains the subcommands.",
  complexity: "O(1)",
  syntax: "",
  run({ reply }) {
    replyHelp(reply, "CONFIG", [
      "GET <pattern>",
      "    Return parameters matching the glob-like <pattern> and their values.",
      "SET <directive> <value>",
      "    Set the configuration <directive> to <value>.",
      "RESETSTAT",
      "    Reset statistics reported by the INFO command.",
      "REWRITE",
      "    Rewrite the configuration file.",
    ]);
  },
});

/** CONFIG and its subcommands. */
export const configCommands: readonly Command[] = [
  command({
    name: "config",
    arity: -2,
    flags: [],
    group: "server",
    since: "2.0.0",
    summary: "Holds the commands about the server's configuration.",
    complexity: "Depends on subcommand.",
    syntax: "",
    subcommands: [get, help, resetStat, rewrite, set],
  }),
];

/** Writes the configuration file; answers OK, or why that was refused. */
export function rewriteConfig(ctx: Context, options: RewriteOptions = {}): void {
  try {
    rewriteConfigFile(ctx.server.config, configFiles(), options);
    ctx.reply.ok();
  } catch (error) {
    replyRefusal(ctx, error);
  }
}

function replyRefusal({ reply }: Context, error: unknown): void {
  if (error instanceof ConfigLoadingError) return reply.error(LOADING);
  if (!(error instanceof ConfigCommandError)) throw error;
  reply.error(`ERR ${error.message}`);
}
