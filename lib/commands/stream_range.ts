/** XRANGE XREVRANGE: the entries in an interval of IDs. */

import { NONE } from "../keyspace/database.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { readEnd, readStart, replyEntries, streamIn } from "./stream_kit.ts";

/** The count that COUNT gives from argument 4 on, -1: none; or answers an error. */
function readCount(ctx: Context): number | bigint | undefined {
  const { args, reply } = ctx;
  let count: number | bigint = -1;
  for (let i = 4; i < args.count; i += 2) {
    if (!args.is(i, "COUNT") || i + 1 === args.count) return void reply.error(SYNTAX_ERROR);
    const given = ctx.integer(i + 1);
    if (given === undefined) return undefined;
    count = given < 0 ? 0 : given;
  }
  return count;
}

/** XRANGE, whose interval begins with argument `from` and ends with argument `to`. */
function range(ctx: Context, from: number, to: number): void {
  const { args, db, reply } = ctx;
  const start = readStart(ctx, from);
  if (start === undefined) return;
  const end = readEnd(ctx, to);
  if (end === undefined) return;
  const count = readCount(ctx);
  if (count === undefined) return;
  const ref = db.lookup(args, 1);
  if (ref === NONE) return reply.array(0);
  if (!ctx.check(ref, "stream")) return;
  if (count === 0) return reply.nullArray();
  replyEntries(reply, streamIn(ctx, ref)!.read(start, end, from > to), count);
}

/** What both records have in common. */
const shared = {
  arity: -4,
  flags: ["readonly"],
  acl: ["stream"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "stream",
  since: "5.0.0",
  history: [["6.2.0", "Added exclusive ranges."]],
  complexity: "O(N) for N entries returned.",
} as const;

const xrange = command({
  ...shared,
  name: "xrange",
  summary: "Returns the entries in an interval of IDs.",
  syntax: "key start end [COUNT count]",
  run: (ctx) => range(ctx, 2, 3),
});

const xrevrange = command({
  ...shared,
  name: "xrevrange",
  summary: "Returns the entries in an interval of IDs, the last one first.",
  syntax: "key end start [COUNT count]",
  run: (ctx) => range(ctx, 3, 2),
});

/** XRANGE XREVRANGE. */
export const streamRangeCommands: readonly Command[] = [xrange, xrevrange];
