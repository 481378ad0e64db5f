/**
 * Lists at their ends: LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP.
 *
 * Promise: what is pushed goes from the input buffer to the list, what is popped from the list to
 * the reply; O(1) for each element.
 */

import { NONE } from "../keyspace/database.ts";
import { listLength, longList, pushArguments } from "../types/list/list.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { chunkLimit, POPPED, PUSHED, replyEdge, replyFromEdge, takeOut } from "./list_common.ts";

const NOT_POSITIVE = "ERR value is out of range, must be positive";
const PUSH_COMPLEXITY = "O(1) for each element added, so O(N) to add N elements when the command " +
  "is called with multiple arguments.";

const lpush = pushCommand({
  name: "lpush",
  since: "1.0.0",
  history: [["2.4.0", "Accepts multiple `element` arguments."]],
  summary: "Adds elements at the left end of a list, one after another.",
  run: (ctx) => push(ctx, true, false),
});

const rpush = pushCommand({
  name: "rpush",
  since: "1.0.0",
  history: [["2.4.0", "Accepts multiple `element` arguments."]],
  summary: "Adds elements at the right end of a list, one after another.",
  run: (ctx) => push(ctx, false, false),
});

const lpushx = pushCommand({
  name: "lpushx",
  since: "2.2.0",
  history: [["4.0.0", "Accepts multiple `element` arguments."]],
  summary: "Adds elements at the left end of a list that exists.",
  run: (ctx) => push(ctx, true, true),
});

const rpushx = pushCommand({
  name: "rpushx",
  since: "2.2.0",
  history: [["4.0.0", "Accepts multiple `element` arguments."]],
  summary: "Adds elements at the right end of a list that exists.",
  run: (ctx) => push(ctx, false, true),
});

function pushCommand(
  record: Pick<CommandRecord, "name" | "since" | "history" | "summary" | "run">,
): Command {
  return command({
    ...record,
    arity: -3,
    flags: ["write", "denyoom", "fast"],
    acl: ["list"],
    keys: [keyAt(1, "RW INSERT")],
    group: "list",
    complexity: PUSH_COMPLEXITY,
    syntax: "key element [element ...]",
  });
}

function push(ctx: Context, left: boolean, onlyIfExists: boolean): void {
  const { args, db, reply } = ctx;
  let ref = db.lookupWrite(args, 1);
  const list = longList(db, ref);
  if (list !== undefined) { // the case that must be fast
    for (let i = 2; i < args.count; i++) list.push(left, args.buf, args.start(i), args.end(i));
    db.changed(PUSHED[left ? 1 : 0], args, 1);
    return reply.integer(list.length);
  }
  if (!ctx.check(ref, "list")) return;
  if (ref === NONE && onlyIfExists) return reply.integer(0);

  ref = pushArguments(db, ref, args, 1, 2, left, chunkLimit(ctx));
  db.changed(PUSHED[left ? 1 : 0], args, 1);
  reply.integer(listLength(db, ref));
}

const lpop = popCommand({
  name: "lpop",
  summary: "Takes the first elements out of a list and returns them.",
  run: (ctx) => pop(ctx, true),
});

const rpop = popCommand({
  name: "rpop",
  summary: "Takes the last elements out of a list and returns them.",
  run: (ctx) => pop(ctx, false),
});

function popCommand(record: Pick<CommandRecord, "name" | "summary" | "run">): Command {
  return command({
    ...record,
    arity: -2,
    flags: ["write", "fast"],
    acl: ["list"],
    keys: [keyAt(1, "RW ACCESS DELETE")],
    group: "list",
    since: "1.0.0",
    history: [["6.2.0", "Added the `count` argument."]],
    complexity: "O(N) where N is the number of elements returned",
    syntax: "key [count]",
  });
}

function pop(ctx: Context, left: boolean): void {
  const { args, db, reply } = ctx;
  if (args.count > 2) return popSeveral(ctx, left);
  const ref = db.lookupWrite(args, 1);
  const list = longList(db, ref);
  if (list !== undefined && list.length > 1) { // the case that must be fast
    const edge = list.edge(left);
    reply.bulk(edge.bytes, edge.start, edge.end);
    list.dropEdge(left, edge);
    return db.changed(POPPED[left ? 1 : 0], args, 1);
  }
  if (!ctx.check(ref, "list")) return;
  if (ref === NONE) return reply.null();

  replyEdge(reply, db, ref, left);
  takeOut(db, ref, args, 1, left, 1);
}

function popSeveral(ctx: Context, left: boolean): void {
  const { args, db, reply } = ctx;
  if (args.count > 3) {
    return reply.error(`ERR wrong number of arguments for '${ctx.command.name}' command`);
  }
  const count = ctx.integer(2, NOT_POSITIVE);
  if (count === undefined) return;
  if (count < 0) return reply.error(NOT_POSITIVE);
  const ref = db.lookupWrite(args, 1);
  if (!ctx.check(ref, "list")) return;
  if (ref === NONE) return reply.nullArray();
  if (count === 0) return reply.array(0);

  const taken = Math.min(Number(count), listLength(db, ref));
  replyFromEdge(reply, db, ref, left, taken);
  takeOut(db, ref, args, 1, left, taken);
}

/** LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP. */
export const listEndCommands: readonly Command[] = [lpush, rpush, lpushx, rpushx, lpop, rpop];
