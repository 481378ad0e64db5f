/** BACKUP HELP LIST START STATUS: copies of the data, made while the server goes on. redeno's own. */

import { Buffer } from "node:buffer";
import { type Command, command, type CommandFlag } from "./command.ts";
import type { Context } from "./context.ts";
import { replyHelp } from "./help.ts";
import { messageOf } from "../platform/message_of.ts";

const HELP = [
  "LIST",
  "    Return the backups below 'dir' and next to those that were started: path, method (log or",
  "    snapshot), when each was complete, files and bytes.",
  "START <path>",
  "    Make a backup in the background: a new directory below 'dir', or, as far as",
  "    enable-protected-configs allows it, anywhere. Start a server on it with --dir <path>.",
  "STATUS",
  "    Return the state of the last backup: none, running, done, failed or aborted.",
];

/** What the subcommands have in common. */
const shared = {
  flags: ["admin", "noscript", "stale"] satisfies CommandFlag[],
  group: "server",
  since: "7.0.0",
} as const;

const start = command({
  ...shared,
  name: "start",
  arity: 3,
  flags: ["admin", "noscript", "no_multi"],
  summary: "Begins to make a backup in the background.",
  complexity: "O(1)",
  syntax: "path",
  async run(ctx) {
    const { args, client, reply } = ctx;
    const { backups } = ctx.server;
    try {
      await backups.start(args.text(2), client.link?.isLocal ?? true);
    } catch (error) {
      return reply.error(`ERR ${messageOf(error)}`);
    }
    reply.simple("Background backup started");
  },
});

const status = command({
  ...shared,
  name: "status",
  arity: 2,
  summary: "Tells how far the backup under way is, or what has become of the last one.",
  complexity: "O(1)",
  syntax: "",
  run(ctx) {
    const { backups } = ctx.server;
    const { state, path, method, began_s, ended_s, done_bytes, total_bytes, error } =
      backups.status;
    const share = total_bytes === 0 ? 0 : done_bytes / total_bytes;
    const percent = state === "done" ? 100 : 100 * share;
    replyFields(ctx, [
      ["state", state],
      ["path", path],
      ["method", method],
      ["percent", percent.toFixed(1)],
      ["bytes", done_bytes],
      ["total-bytes", total_bytes],
      ["started", began_s],
      ["ended", ended_s],
      ["error", error],
    ]);
  },
});

const list = command({
  ...shared,
  name: "list",
  arity: 2,
  flags: ["admin", "noscript", "no_multi"],
  summary: "Lists the backups that can be found.",
  complexity: "O(N) where N is the number of directories that are looked into.",
  syntax: "",
  async run(ctx) {
    const { backups } = ctx.server;
    const found = await backups.list();
    ctx.reply.array(found.length);
    for (const { path, method, ended_s, files, size_bytes } of found) {
      replyFields(ctx, [
        ["path", path],
        ["method", method],
        ["ended", ended_s],
        ["files", files],
        ["bytes", size_bytes],
      ]);
    }
  },
});

const help = command({
  ...shared,
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  acl: ["admin", "dangerous"],
  summary: "Tells what the subcommands do.",
  complexity: "O(1)",
  syntax: "",
  run: ({ reply }) => replyHelp(reply, "BACKUP", HELP),
});

/** BACKUP. */
export const backupCommand: Command = command({
  ...shared,
  name: "backup",
  arity: -2,
  flags: [],
  summary: "Makes backups while the server runs.",
  complexity: "Depends on the subcommand.",
  syntax: "",
  subcommands: [help, list, start, status],
});

/** A map of names and values. */
function replyFields(
  { reply }: Context,
  fields: readonly (readonly [string, string | number])[],
): void {
  reply.map(fields.length);
  for (const [name, value] of fields) {
    reply.bulkText(name);
    if (typeof value === "number") reply.integer(value);
    else reply.bulk(Buffer.from(value));
  }
}
