/**
 * Elements from the first of several lists that has any: LMPOP, and BLPOP BRPOP BLMPOP, which wait
 * for them. They are logged as the LPOP or RPOP that they come to.
 */

import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import type { Args } from "../resp/args.ts";
import { listLength } from "../types/list/list.ts";
import { type Command, command, type CommandRecord, countedKeys, keysFrom } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import {
  firstList,
  isLeft,
  keyTexts,
  peekList,
  replyEdge,
  replyFromEdge,
  takeOut,
} from "./list_common.ts";
import { waitSeconds } from "./wait_time.ts";

const NUMKEYS_RANGE = "ERR numkeys should be greater than 0";
const COUNT_RANGE = "ERR count should be greater than 0";

const blpop = waitingPop({
  name: "blpop",
  summary: "Takes the first element out of the first of several lists that has one; waits for it " +
    "if need be.",
  run: (ctx) => popOrWait(ctx, true),
});

const brpop = waitingPop({
  name: "brpop",
  summary: "Takes the last element out of the first of several lists that has one; waits for it " +
    "if need be.",
  run: (ctx) => popOrWait(ctx, false),
});

function waitingPop(record: Pick<CommandRecord, "name" | "summary" | "run">): Command {
  return command({
    ...record,
    arity: -3,
    flags: ["write", "noscript", "blocking"],
    acl: ["list"],
    keys: [keysFrom(1, -2, 1, "RW ACCESS DELETE")],
    group: "list",
    since: "2.0.0",
    history: [["6.0.0", "`timeout` is interpreted as a double instead of an integer."]],
    complexity: "O(N) where N is the number of provided keys.",
    syntax: "key [key ...] timeout",
  });
}

function popOrWait(ctx: Context, left: boolean): Promise<void> | undefined {
  const { args } = ctx;
  const timeout_ms = waitSeconds(ctx, args.count - 1);
  if (timeout_ms === undefined) return;
  return popAnyOrWait(ctx, 1, args.count - 1, timeout_ms, popWithKey, left, 1);
}

const lmpop = command({
  name: "lmpop",
  arity: -4,
  flags: ["write", "movablekeys"],
  acl: ["list"],
  keys: [countedKeys(1, "RW ACCESS DELETE")],
  group: "list",
  since: "7.0.0",
  summary: "Takes elements out of the first of several lists that has any.",
  complexity: "O(N+M) where N is the number of provided keys and M is the number of elements " +
    "returned.",
  syntax: "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const call = readCall(ctx, 1);
    if (call === undefined) return;
    const k = firstList(ctx, 2, call.keysEnd);
    if (k === undefined) return;

    if (k === 0) return reply.nullArray();
    popSeveralWithKey(ctx, db.peek(args, k), args, k, call.left, call.count);
  },
});

const blmpop = command({
  name: "blmpop",
  arity: -5,
  flags: ["write", "blocking", "movablekeys"],
  acl: ["list"],
  keys: [countedKeys(2, "RW ACCESS DELETE")],
  group: "list",
  since: "7.0.0",
  summary: "Takes elements out of the first of several lists that has any; waits for them if " +
    "need be.",
  complexity: "O(N+M) where N is the number of provided keys and M is the number of elements " +
    "returned.",
  syntax: "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
  run(ctx) {
    const call = readCall(ctx, 2);
    if (call === undefined) return;
    const timeout_ms = waitSeconds(ctx, 1);
    if (timeout_ms === undefined) return;
    const { keysEnd, left, count } = call;
    return popAnyOrWait(ctx, 3, keysEnd, timeout_ms, popSeveralWithKey, left, count);
  },
});

/** What LMPOP and BLMPOP are asked for. */
interface MultiPop {
  /** Index of the argument behind the last key. */
  readonly keysEnd: number;
  readonly left: boolean;
  readonly count: number;
}

/** Reads the arguments from `n`, the number of keys, on; undefined: an error has been answered. */
function readCall(ctx: Context, n: number): MultiPop | undefined {
  const { args, reply } = ctx;
  const keyCount = ctx.integer(n, NUMKEYS_RANGE);
  if (keyCount === undefined) return undefined;
  if (keyCount <= 0) return void reply.error(NUMKEYS_RANGE);
  const keysEnd = n + 1 + Number(keyCount);
  if (keysEnd >= args.count) return void reply.error(SYNTAX_ERROR);
  const left = isLeft(ctx, keysEnd);
  if (left === undefined) return undefined;
  if (args.count === keysEnd + 1) return { keysEnd, left, count: 1 };
  if (!args.is(keysEnd + 1, "COUNT") || args.count < keysEnd + 3) {
    return void reply.error(SYNTAX_ERROR);
  }
  const count = ctx.integer(keysEnd + 2, COUNT_RANGE);
  if (count === undefined) return undefined;
  if (count <= 0) return void reply.error(COUNT_RANGE);
  if (args.count > keysEnd + 3) return void reply.error(SYNTAX_ERROR);
  return { keysEnd, left, count: Number(count) };
}

/** Takes elements out of the list in argument `k`, replies with its key and them, and reports it. */
type Pop = (
  ctx: Context,
  ref: Ref,
  args: Args,
  k: number,
  left: boolean,
  count: number,
) => void;

const popWithKey: Pop = (ctx, ref, args, k, left) => {
  const { db, reply } = ctx;
  reply.array(2);
  reply.bulk(args.buf, args.start(k), args.end(k));
  replyEdge(reply, db, ref, left);
  takeOut(db, ref, args, k, left, 1);
  ctx.logAs(left ? "LPOP" : "RPOP", args.bytes(k));
};

const popSeveralWithKey: Pop = (ctx, ref, args, k, left, count) => {
  const { db, reply } = ctx;
  const taken = Math.min(count, listLength(db, ref));
  reply.array(2);
  reply.bulk(args.buf, args.start(k), args.end(k));
  replyFromEdge(reply, db, ref, left, taken);
  takeOut(db, ref, args, k, left, taken);
  ctx.logAs(left ? "LPOP" : "RPOP", args.bytes(k), taken);
};

/** Pops from the first list among arguments `first .. end`, or waits for one. */
function popAnyOrWait(
  ctx: Context,
  first: number,
  end: number,
  timeout_ms: number,
  pop: Pop,
  left: boolean,
  count: number,
): Promise<void> | undefined {
  const { args, db, reply } = ctx;
  const k = firstList(ctx, first, end);
  if (k === undefined) return;
  if (k !== 0) return pop(ctx, db.peek(args, k), args, k, left, count) as undefined;
  const keys = keyTexts(args, first, end);
  const attempt = (_key: string, keyArgs: Args) => popFrom(ctx, db, keyArgs, pop, left, count);
  return ctx.server.blocking.wait(ctx, keys, timeout_ms, attempt, () => reply.nullArray());
}

function popFrom(
  ctx: Context,
  db: Database,
  keyArgs: Args,
  pop: Pop,
  left: boolean,
  count: number,
): boolean {
  const ref = peekList(db, keyArgs);
  if (ref === NONE) return false;
  pop(ctx, ref, keyArgs, 0, left, count);
  return true;
}

/** BLPOP BRPOP LMPOP BLMPOP. */
export const listPopAnyCommands: readonly Command[] = [blpop, brpop, lmpop, blmpop];
