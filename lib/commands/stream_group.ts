/** XGROUP CREATE CREATECONSUMER DELCONSUMER DESTROY HELP SETID: groups and their consumers. */

import { keyEvent } from "../keyspace/events.ts";
import { ConsumerGroup, UNKNOWN_READ } from "../types/stream/group.ts";
import { Stream } from "../types/stream/stream.ts";
import {
  EXACT,
  ID_MIN,
  type IdForm,
  RANGE_START,
  type StreamId,
} from "../types/stream/stream_id.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { replyHelp } from "./help.ts";
import {
  changedQuietly,
  createConsumer,
  groupIn,
  printed,
  readId,
  streamIn,
} from "./stream_kit.ts";

const CREATE = keyEvent("xgroup-create", "stream");
const SET_ID = keyEvent("xgroup-setid", "stream");
const DESTROY = keyEvent("xgroup-destroy", "stream");
const DELETE_CONSUMER = keyEvent("xgroup-delconsumer", "stream");

const KEY_REQUIRED =
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you " +
  "may want to use the MKSTREAM option to create an empty stream automatically.";

const HELP = [
  "CREATE <key> <groupname> <id|$> [option]",
  "    Create a new consumer group. Options are:",
  "    * MKSTREAM",
  "      Create the empty stream if it does not exist.",
  "    * ENTRIESREAD entries_read",
  "      Set the group's entries_read counter (internal use).",
  "CREATECONSUMER <key> <groupname> <consumer>",
  "    Create a new consumer in the specified group.",
  "DELCONSUMER <key> <groupname> <consumer>",
  "    Remove the specified consumer.",
  "DESTROY <key> <groupname>",
  "    Remove the specified group.",
  "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
  "    Set the current group ID and entries_read counter.",
];

/** Redis's answer to a subcommand with arguments that it does not know. */
export function wrongSubcommand({ args, command }: Context): string {
  const container = command.fullName.split("|")[0].toUpperCase();
  const name = printed(args, 1).slice(0, 128);
  return `ERR unknown subcommand or wrong number of arguments for '${name}'. ` +
    `Try ${container} HELP.`;
}

interface Options {
  mkStream: boolean;
  entriesRead: number | bigint;
}

/** The options of CREATE and SETID, from argument 5 on; or answers an error. */
function readOptions(ctx: Context, isCreate: boolean): Options | undefined {
  const { args, reply } = ctx;
  const options: Options = { mkStream: false, entriesRead: UNKNOWN_READ };
  for (let i = 5; i < args.count; i++) {
    if (isCreate && args.is(i, "MKSTREAM")) {
      options.mkStream = true;
    } else if (args.is(i, "ENTRIESREAD") && i + 1 < args.count) {
      const entriesRead = ctx.integer(++i);
      if (entriesRead === undefined) return undefined;
      if (entriesRead < UNKNOWN_READ) {
        return void reply.error("ERR value for ENTRIESREAD must be positive or -1");
      }
      options.entriesRead = entriesRead;
    } else {
      return void reply.error(wrongSubcommand(ctx));
    }
  }
  return options;
}

/** The stream in argument 2; or answers that there must be one. */
function needStream(ctx: Context): Stream | undefined {
  const ref = ctx.db.lookupWrite(ctx.args, 2);
  if (!ctx.check(ref, "stream")) return undefined;
  const stream = streamIn(ctx, ref);
  if (stream === undefined) ctx.reply.error(KEY_REQUIRED);
  return stream;
}

/** Redis's answer where the stream in argument `key` has no group of the name in argument `group`. */
export function noSuchGroup({ args }: Context, key: number, group: number): string {
  return `NOGROUP No such consumer group '${printed(args, group)}' ` +
    `for key name '${printed(args, key)}'`;
}

/** The group in argument 3 of the stream in argument 2; or answers that there is none. */
function needGroup(ctx: Context): { stream: Stream; group: ConsumerGroup } | undefined {
  const stream = needStream(ctx);
  if (stream === undefined) return undefined;
  const group = groupIn(stream, ctx.args, 3);
  if (group === undefined) return void ctx.reply.error(noSuchGroup(ctx, 2, 3));
  return { stream, group };
}

/** Argument 4 as the ID up to which a group has read; or answers an error. */
function readPosition(
  ctx: Context,
  stream: Stream | undefined,
  form: IdForm,
): StreamId | undefined {
  return printed(ctx.args, 4) === "$" ? stream?.lastId ?? ID_MIN : readId(ctx, 4, form);
}

/** What the records have in common. */
const shared = { acl: ["stream"], group: "stream", complexity: "O(1)" } satisfies Partial<
  CommandRecord
>;

const create = command({
  ...shared,
  name: "create",
  arity: -5,
  flags: ["write", "denyoom"],
  keys: [keyAt(2, "RW INSERT")],
  since: "5.0.0",
  history: [["7.0.0", "Added the `entries_read` named argument."]],
  summary: "Creates a consumer group.",
  syntax: "key groupname <id | $> [MKSTREAM] [ENTRIESREAD entries_read]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const options = readOptions(ctx, true);
    if (options === undefined) return;
    const ref = db.lookupWrite(args, 2);
    if (!ctx.check(ref, "stream")) return;
    let stream = streamIn(ctx, ref);
    if (stream === undefined && !options.mkStream) return reply.error(KEY_REQUIRED);
    if (args.count > 8) return reply.error(wrongSubcommand(ctx));
    const id = readPosition(ctx, stream, EXACT);
    if (id === undefined) return;
    const name = args.text(3);
    if (stream?.groups.get(name) !== undefined) {
      return reply.error("BUSYGROUP Consumer Group name already exists");
    }

    const group = new ConsumerGroup(name, id, options.entriesRead);
    if (stream === undefined) {
      db.storeObject(ref, args, 2, stream = new Stream());
      stream.groups.add(name, group);
      db.changed(CREATE, args, 2);
    } else {
      stream.groups.add(name, group);
      changedQuietly(ctx, CREATE, 2);
    }
    reply.ok();
  },
});

const setid = command({
  ...shared,
  name: "setid",
  arity: -5,
  flags: ["write"],
  keys: [keyAt(2, "RW UPDATE")],
  since: "5.0.0",
  history: [["7.0.0", "Added the optional `entries_read` argument."]],
  summary: "Sets the last entry that a consumer group has read.",
  syntax: "key groupname <id | $> [ENTRIESREAD entries_read]",
  run(ctx) {
    const options = readOptions(ctx, false);
    const found = options && needGroup(ctx);
    if (options === undefined || found === undefined) return;
    if (ctx.args.count > 7) return ctx.reply.error(wrongSubcommand(ctx));
    const { stream, group } = found;
    const id = readPosition(ctx, stream, RANGE_START);
    if (id === undefined) return;

    group.lastId = id;
    group.entriesRead = options.entriesRead;
    changedQuietly(ctx, SET_ID, 2);
    ctx.reply.ok();
  },
});

const destroy = command({
  ...shared,
  name: "destroy",
  arity: 4,
  flags: ["write"],
  keys: [keyAt(2, "RW DELETE")],
  since: "5.0.0",
  summary: "Removes a consumer group; returns whether there was one.",
  complexity: "O(N) where N is how many entries of the group are pending.",
  syntax: "key groupname",
  run(ctx) {
    const stream = needStream(ctx);
    if (stream === undefined) return;
    const group = stream.groups.remove(ctx.args.text(3));
    if (group !== undefined) {
      changedQuietly(ctx, DESTROY, 2);
      ctx.db.waiters?.touched(ctx.args.text(2)); // its consumers wait for nothing any more
    }
    ctx.reply.integer(group === undefined ? 0 : 1);
  },
});

const createconsumer = command({
  ...shared,
  name: "createconsumer",
  arity: 5,
  flags: ["write", "denyoom"],
  keys: [keyAt(2, "RW INSERT")],
  since: "6.2.0",
  summary: "Creates a consumer in a group; returns whether it is new.",
  syntax: "key groupname consumername",
  run(ctx) {
    const found = needGroup(ctx);
    if (found === undefined) return;
    const name = ctx.args.text(4);
    const isNew = found.group.consumers.get(name) === undefined;
    if (isNew) createConsumer(ctx, 2, found.group, name);
    ctx.reply.integer(isNew ? 1 : 0);
  },
});

const delconsumer = command({
  ...shared,
  name: "delconsumer",
  arity: 5,
  flags: ["write"],
  keys: [keyAt(2, "RW DELETE")],
  since: "5.0.0",
  summary: "Removes a consumer from a group; returns how many entries were pending with it.",
  complexity: "O(N) where N is how many entries are pending with the consumer.",
  syntax: "key groupname consumername",
  run(ctx) {
    const found = needGroup(ctx);
    if (found === undefined) return;
    const consumer = found.group.consumers.get(ctx.args.text(4));
    if (consumer === undefined) return ctx.reply.integer(0);
    const pending = found.group.removeConsumer(consumer);
    changedQuietly(ctx, DELETE_CONSUMER, 2);
    ctx.reply.integer(pending);
  },
});

const help = command({
  ...shared,
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  since: "5.0.0",
  summary: "Tells what the subcommands do.",
  syntax: "",
  run: ({ reply }) => replyHelp(reply, "XGROUP", HELP),
});

/** XGROUP. */
export const xgroup: Command = command({
  name: "xgroup",
  arity: -2,
  flags: [],
  group: "stream",
  since: "5.0.0",
  summary: "Creates, changes and removes consumer groups.",
  complexity: "Depends on the subcommand.",
  syntax: "",
  subcommands: [create, createconsumer, delconsumer, destroy, help, setid],
});
