/** BGREWRITEAOF BGSAVE LASTSAVE SAVE: putting the data on disk, now or in the background. */

import { type Command, command, type CommandFlag } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";

const ADMIN: readonly CommandFlag[] = ["admin", "noscript", "no_async_loading"];

/** Answers with what `act` returns, or with the message of the error that it throws. */
function answer({ reply }: Context, act: () => string): void {
  let text: string;
  try {
    text = act();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return reply.error(/^[A-Z]+\b/.test(error.message) ? error.message : `ERR ${error.message}`);
  }
  reply.simple(text);
}

const bgRewriteAof = command({
  name: "bgrewriteaof",
  arity: 1,
  flags: ADMIN,
  group: "server",
  since: "1.0.0",
  summary: "Begins to rewrite the append-only file in the background.",
  complexity: "O(1)",
  syntax: "",
  run(ctx) {
    answer(ctx, () => {
      const how = ctx.server.persistence.rewriteLog(!ctx.mayWait);
      return `Background append only file rewriting ${how}`;
    });
  },
});

const bgSave = command({
  name: "bgsave",
  arity: -1,
  flags: ADMIN,
  group: "server",
  since: "1.0.0",
  summary: "Begins to save a snapshot of the data in the background.",
  complexity: "O(1)",
  syntax: "[SCHEDULE]",
  history: [["3.2.2", "Added the `SCHEDULE` option."]],
  run(ctx) {
    const { args, server, reply } = ctx;
    const schedule = args.count > 1;
    if (schedule && !(args.count === 2 && args.is(1, "SCHEDULE"))) return reply.error(SYNTAX_ERROR);
    answer(ctx, () => {
      return `Background saving ${server.persistence.saveInBackground(schedule, !ctx.mayWait)}`;
    });
  },
});

const lastSave = command({
  name: "lastsave",
  arity: 1,
  flags: ["loading", "stale", "fast"],
  acl: ["admin", "dangerous"],
  group: "server",
  since: "1.0.0",
  summary: "Returns when the data was last saved, in seconds since the epoch.",
  complexity: "O(1)",
  syntax: "",
  tips: ["nondeterministic_output"],
  run({ server, reply }) {
    reply.integer(server.persistence.lastSave_s);
  },
});

const save = command({
  name: "save",
  arity: 1,
  flags: ["admin", "noscript", "no_async_loading", "no_multi"],
  group: "server",
  since: "1.0.0",
  summary: "Saves a snapshot of the data; nothing else is served meanwhile.",
  complexity: "O(N) where N is the total number of keys in all databases",
  syntax: "",
  run(ctx) {
    answer(ctx, () => {
      ctx.server.persistence.save();
      return "OK";
    });
  },
});

/** BGREWRITEAOF BGSAVE LASTSAVE SAVE. */
export const savingCommands: readonly Command[] = [bgRewriteAof, bgSave, lastSave, save];
