/**
 * COMMAND and its subcommands: COUNT, DOCS, GETKEYS, GETKEYSANDFLAGS, HELP, INFO, LIST. All of it
 * is read off the records in the table of commands.
 */

import { Buffer } from "node:buffer";
import { globMatch } from "../numbers/glob.ts";
import { Args } from "../resp/args.ts";
import { isInCategory } from "./acl_categories.ts";
import { type Command, command, type CommandRecord } from "./command.ts";
import { writeCommandDocs } from "./command_docs.ts";
import { shownKeyFlags, writeCommandInfo, writeSimpleSet } from "./command_info.ts";
import { allCommands, commandByName, commandOfArgs } from "./command_lookup.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { replyHelp } from "./help.ts";
import { findKeys, hasKeys, type KeyUse } from "./key_extraction.ts";

const INVALID_COMMAND = "ERR Invalid command specified";
const NO_KEYS = "ERR The command has no key arguments";
const INVALID_COUNT = "ERR Invalid number of arguments specified for command";
const INVALID_ARGUMENTS = "ERR Invalid arguments specified for command";

const count = subcommand({
  name: "count",
  arity: 2,
  since: "2.8.13",
  summary: "Returns how many commands there are.",
  complexity: "O(1)",
  syntax: "",
  run({ server, reply }) {
    reply.integer(server.commands.size);
  },
});

const docs = subcommand({
  name: "docs",
  arity: -2,
  since: "7.0.0",
  summary: "Returns what there is to read about commands.",
  complexity: "O(N) where N is the number of commands to look up",
  syntax: "[command-name [command-name ...]]",
  tips: ["nondeterministic_output_order"],
  run({ args, server, reply }) {
    const found: Command[] = args.count === 2 ? [...server.commands.values()] : [];
    for (let i = 2; i < args.count; i++) {
      const one = commandByName(server.commands, args.text(i));
      if (one !== undefined) found.push(one);
    }
    reply.map(found.length);
    for (const one of found) {
      reply.bulkText(one.fullName);
      writeCommandDocs(reply, one);
    }
  },
});

const getKeys = subcommand({
  name: "getkeys",
  arity: -4,
  since: "2.8.13",
  summary: "Returns the keys among the arguments of a command.",
  complexity: "O(N) where N is the number of arguments to the command",
  syntax: "",
  run(ctx) {
    const found = keysOfGivenCommand(ctx);
    if (found === undefined) return;
    ctx.reply.array(found.length);
    for (const { at } of found) replyArgument(ctx, at);
  },
});

const getKeysAndFlags = subcommand({
  name: "getkeysandflags",
  arity: -4,
  since: "7.0.0",
  summary: "Returns the keys among the arguments of a command and how it uses them.",
  complexity: "O(N) where N is the number of arguments to the command",
  syntax: "",
  run(ctx) {
    const found = keysOfGivenCommand(ctx);
    if (found === undefined) return;
    ctx.reply.array(found.length);
    for (const { at, flags } of found) {
      ctx.reply.array(2);
      replyArgument(ctx, at);
      writeSimpleSet(ctx.reply, shownKeyFlags(flags));
    }
  },
});

const info = subcommand({
  name: "info",
  arity: -2,
  since: "2.8.13",
  summary: "Returns how commands are called, for clients: arity, flags, keys.",
  complexity: "O(N) where N is the number of commands to look up",
  syntax: "[command-name [command-name ...]]",
  tips: ["nondeterministic_output_order"],
  history: [["7.0.0", "Allowed to be called with no argument to get info on all commands."]],
  run(ctx) {
    const { args, server, reply } = ctx;
    if (args.count === 2) return replyAll(ctx);
    reply.array(args.count - 2);
    for (let i = 2; i < args.count; i++) {
      const one = commandByName(server.commands, args.text(i));
      if (one === undefined) reply.null();
      else writeCommandInfo(reply, one);
    }
  },
});

const list = subcommand({
  name: "list",
  arity: -2,
  since: "7.0.0",
  summary: "Returns the names of all commands, or of some.",
  complexity: "O(N) where N is the total number of Redis commands",
  syntax: "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
  tips: ["nondeterministic_output_order"],
  run({ args, server, reply }) {
    let accepts = (_command: Command): boolean => true;
    if (args.count > 2) {
      const filter = args.count === 5 && args.is(2, "FILTERBY") ? filterOf(args) : undefined;
      if (filter === undefined) return reply.error(SYNTAX_ERROR);
      accepts = filter;
    }

    const found = [...allCommands(server.commands)].filter(accepts);
    reply.bulkTexts(found.map(({ fullName }) => fullName));
  },
});

const help = subcommand({
  name: "help",
  arity: 2,
  since: "5.0.0",
  summary: "Explains the subcommands.",
  complexity: "O(1)",
  syntax: "",
  run({ reply }) {
    replyHelp(reply, "COMMAND", [
      "(no subcommand)",
      "    Return details about all Redis commands.",
      "COUNT",
      "    Return the total number of commands in this Redis server.",
      "LIST",
      "    Return a list of all commands in this Redis server.",
      "INFO [<command-name> ...]",
      "    Return details about multiple Redis commands.",
      "    If no command names are given, documentation details for all",
      "    commands are returned.",
      "DOCS [<command-name> ...]",
      "    Return documentation details about multiple Redis commands.",
      "    If no command names are given, documentation details for all",
      "    commands are returned.",
      "GETKEYS <full-command>",
      "    Return the keys from a full Redis command.",
      "GETKEYSANDFLAGS <full-command>",
      "    Return the keys and the access flags from a full Redis command.",
    ]);
  },
});

/** COMMAND and its subcommands. */
export const commandCommands: readonly Command[] = [
  command({
    name: "command",
    arity: -1,
    flags: ["loading", "stale"],
    acl: ["connection"],
    group: "server",
    since: "2.8.13",
    summary: "Returns how all commands are called, for clients.",
    complexity: "O(N) where N is the total number of Redis commands",
    syntax: "",
    tips: ["nondeterministic_output_order"],
    subcommands: [count, docs, getKeys, getKeysAndFlags, help, info, list],
    run: replyAll,
  }),
];

/** A subcommand of COMMAND: all share flags, category and group. */
function subcommand(record: Omit<CommandRecord, "flags" | "acl" | "group">): Command {
  return command({ ...record, flags: ["loading", "stale"], acl: ["connection"], group: "server" });
}

function replyAll({ server, reply }: Context): void {
  reply.array(server.commands.size);
  for (const one of server.commands.values()) writeCommandInfo(reply, one);
}

/** The filter that arguments 3 and 4 describe. */
function filterOf(args: Args): ((command: Command) => boolean) | undefined {
  if (args.is(3, "MODULE")) return () => false;
  if (args.is(3, "ACLCAT")) {
    const category = args.text(4);
    return (one) => isInCategory(one, category);
  }
  if (!args.is(3, "PATTERN")) return undefined;
  const pattern = args.bytes(4);
  return ({ fullName }) => globMatch(pattern, Buffer.from(fullName), true);
}

/** The keys of the command in the arguments from 2 on, or an error reply. */
function keysOfGivenCommand({ args, server, reply }: Context): readonly KeyUse[] | undefined {
  const given = argsFrom(args, 2);
  const called = commandOfArgs(server.commands, given);
  if (called === undefined) return void reply.error(INVALID_COMMAND);
  if (!hasKeys(called)) return void reply.error(NO_KEYS);
  const { arity } = called;
  if (arity >= 0 ? given.count !== arity : given.count < -arity) {
    return void reply.error(INVALID_COUNT);
  }
  const found = findKeys(called, given);
  if (found !== undefined) return found;
  if (called.flags.includes("no_mandatory_keys")) return [];
  return void reply.error(INVALID_ARGUMENTS);
}

/** Answers with argument `at` of the command that stands from argument 2 on. */
function replyArgument({ args, reply }: Context, at: number): void {
  reply.bulk(args.buf, args.start(at + 2), args.end(at + 2));
}

/** The command that COMMAND GETKEYS is given; none outlives its command. */
const rest = new Args();

/** The arguments from `first` on, as arguments of their own, valid until the next call. */
function argsFrom(args: Args, first: number): Args {
  rest.buf = args.buf;
  rest.count = 0;
  for (let i = first; i < args.count; i++) rest.push(args.start(i), args.end(i));
  return rest;
}
