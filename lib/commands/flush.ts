/**
 * FLUSHALL, FLUSHDB and SWAPDB: databases as a whole.
 *
 * Promise: all three are logged even where nothing was there to change, as Redis does: what reads
 * the log may hold keys that have expired here.
 */

import { type Command, command, type CommandRecord } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import type { Database } from "../keyspace/database.ts";

const flushAll = flush({
  name: "flushall",
  summary: "Removes all keys of all databases.",
  complexity: "O(N) where N is the total number of keys in all databases",
  run(ctx) {
    if (runFlush(ctx, () => ctx.server.keyspace.databases())) ctx.server.persistence.flushed();
  },
});

const flushDb = flush({
  name: "flushdb",
  summary: "Removes all keys of the selected database.",
  complexity: "O(N) where N is the number of keys in the selected database",
  run(ctx) {
    runFlush(ctx, () => [ctx.db]);
  },
});

const swapDb = command({
  name: "swapdb",
  arity: 3,
  flags: ["write", "fast"],
  acl: ["keyspace", "dangerous"],
  group: "server",
  since: "4.0.0",
  summary: "Swaps the contents of two databases.",
  complexity: "O(N) where N is the count of clients watching or blocking on keys from both " +
    "databases.",
  syntax: "index1 index2",
  run(ctx) {
    const { server: { keyspace }, reply } = ctx;
    const first = databaseIndex(ctx, 1, "ERR invalid first DB index");
    if (first === undefined) return;
    const second = databaseIndex(ctx, 2, "ERR invalid second DB index");
    if (second === undefined) return;
    const isKnown = (index: number) => index >= 0 && index < keyspace.count;
    if (!isKnown(first) || !isKnown(second)) return reply.error("ERR DB index is out of range");

    if (first !== second) keyspace.swap(first, second);
    keyspace.dirty++;
    reply.ok();
  },
});

/** FLUSHALL, FLUSHDB, SWAPDB. */
export const flushCommands: readonly Command[] = [flushAll, flushDb, swapDb];

/** FLUSHALL and FLUSHDB differ in what they empty only. */
function flush(
  record: Pick<CommandRecord, "name" | "summary" | "complexity" | "run">,
): Command {
  return command({
    ...record,
    arity: -1,
    flags: ["write"],
    acl: ["keyspace", "dangerous"],
    group: "server",
    since: "1.0.0",
    syntax: "[ASYNC | SYNC]",
    tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
    history: [
      ["4.0.0", "Added the `ASYNC` flushing mode modifier."],
      ["6.2.0", "Added the `SYNC` flushing mode modifier."],
    ],
  });
}

/** False: it was refused. Both modes are the same here: what was there is given back bit by bit, see `keyspace/retired.ts`. */
function runFlush(ctx: Context, databases: () => Iterable<Database>): boolean {
  const { args, server: { keyspace, config }, reply } = ctx;
  const isPlain = args.count === 1;
  if (!isPlain && !(args.count === 2 && (args.is(1, "ASYNC") || args.is(1, "SYNC")))) {
    reply.error(SYNTAX_ERROR);
    return false;
  }

  let removed = 0;
  for (const db of databases()) {
    removed += db.size;
    db.clear();
  }
  keyspace.dirty += removed;
  const isLazy = isPlain ? config.values["lazyfree-lazy-user-flush"] : args.is(1, "ASYNC");
  if (isLazy) keyspace.stats.lazyFreed += removed;
  if (removed === 0) ctx.logAs(...(isPlain ? [args.text(0)] : [args.text(0), args.text(1)]));
  reply.ok();
  return true;
}

/** Redis reads an index as a 32-bit integer. */
const INDEX_MAX = 2 ** 31 - 1;

function databaseIndex(ctx: Context, i: number, message: string): number | undefined {
  const index = ctx.integer(i, message);
  if (index === undefined) return undefined;
  if (typeof index === "number" && index >= -INDEX_MAX - 1 && index <= INDEX_MAX) return index;
  return void ctx.reply.error(message);
}
