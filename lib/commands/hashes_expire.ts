/**
 * When fields expire: HEXPIRE HPEXPIRE HEXPIREAT HPEXPIREAT HPERSIST, as in Redis 7.4.
 *
 * Promise: what is logged is absolute, HPEXPIREAT, or the HDEL where that time is over already; so a
 * replay, whenever it happens, comes to the same state.
 */

import { DEL, keyEvent } from "../keyspace/events.ts";
import type { Args } from "../resp/args.ts";
import type { Hash } from "../types/hash/hash.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { readFields } from "./hashes_fields.ts";
import { writeHash } from "./hashes_lookup.ts";

const HEXPIRE = keyEvent("hexpire", "hash");
const HPERSIST = keyEvent("hpersist", "hash");
const HDEL = keyEvent("hdel", "hash");

const MS_PER_SECOND = 1000;
/** The latest time that a field can expire at in Redis 7.4: it keeps 46 bits. */
const TIME_MAX_MS = 2 ** 46 - 1;

/** What becomes of each field. */
const Result = { NO_FIELD: -2, NO_EXPIRY: -1, REFUSED: 0, DONE: 1, DELETED: 2 } as const;

type Condition = "NX" | "XX" | "GT" | "LT";

function conditionAt(args: Args, i: number): Condition | undefined {
  return (["NX", "XX", "GT", "LT"] as const).find((word) => args.is(i, word));
}

/** No expiry is the latest of all. */
function allows(
  condition: Condition | undefined,
  current: number | undefined,
  at_ms: number,
): boolean {
  switch (condition) {
    case "NX":
      return current === undefined;
    case "XX":
      return current !== undefined;
    case "GT":
      return current !== undefined && at_ms > current;
    case "LT":
      return current === undefined || at_ms < current;
    default:
      return true;
  }
}

/** Argument 2 as a time in ms since the epoch; if it makes no sense, answers so: undefined. */
function readTime(ctx: Context, unit_ms: number, base_ms: number): number | undefined {
  const time = ctx.integer(2);
  if (time === undefined) return undefined;
  if (time < 0) {
    ctx.reply.error("ERR invalid expire time, must be >= 0");
    return undefined;
  }
  if (time <= TIME_MAX_MS / unit_ms) {
    const at_ms = Number(time) * unit_ms + base_ms;
    if (at_ms <= TIME_MAX_MS) return at_ms;
  }
  ctx.reply.error(`ERR invalid expire time in '${ctx.command.fullName}' command`);
  return undefined;
}

/** The four commands: the time is argument 2 times `unit_ms`, from now or from the epoch. */
function expireFields(ctx: Context, unit_ms: number, isRelative: boolean): void {
  const { args } = ctx;
  const at_ms = readTime(ctx, unit_ms, isRelative ? ctx.now_ms : 0);
  if (at_ms === undefined) return;
  const condition = conditionAt(args, 3);
  const first = readFields(
    ctx,
    condition === undefined ? 3 : 4,
    "ERR Parameter `numFields` should be greater than 0",
  );
  if (first === undefined) return;
  const hash = writeHash(ctx);
  if (hash === undefined) return;

  const isOver = at_ms <= ctx.now_ms && !ctx.server.keyspace.loading;
  const changed = changeEach(ctx, hash, first, (i) => {
    if (!allows(condition, hash.expiry, at_ms)) return Result.REFUSED;
    if (isOver) {
      hash.remove(args.buf, args.start(i), args.end(i));
      return Result.DELETED;
    }
    hash.setExpiry(at_ms);
    return Result.DONE;
  });
  if (changed.length === 0) return;
  const stays = hash.commit();
  ctx.db.changed(isOver ? HDEL : HEXPIRE, args, 1);
  if (!stays) ctx.db.notify(DEL, args, 1);
  const fields = changed.map((i) => args.bytes(i));
  if (isOver) ctx.logParts(["HDEL", args.bytes(1), ...fields]);
  else ctx.logParts(["HPEXPIREAT", args.bytes(1), at_ms, "FIELDS", fields.length, ...fields]);
}

/**
 * Answers with the result of each field from argument `first` on; `change` is called where
 * `hash.find` has found it. Returns the arguments whose fields have changed.
 */
function changeEach(
  { args, reply }: Context,
  hash: Hash,
  first: number,
  change: (i: number) => number,
): number[] {
  const changed: number[] = [];
  reply.array(args.count - first);
  for (let i = first; i < args.count; i++) {
    const found = hash.find(args.buf, args.start(i), args.end(i));
    const result = found ? change(i) : Result.NO_FIELD;
    if (result > 0) changed.push(i);
    reply.integer(result);
  }
  return changed;
}

/** What the records of the four have in common. */
const shared = {
  arity: -6,
  flags: ["write", "denyoom", "fast"],
  acl: ["hash"],
  keys: [keyAt(1, "RW UPDATE")],
  group: "hash",
  since: "7.4.0",
  complexity: "O(N) where N is the number of fields named.",
} satisfies Partial<CommandRecord>;
const TAIL = "[NX | XX | GT | LT] FIELDS numfields field [field ...]";

const hexpire = command({
  ...shared,
  name: "hexpire",
  summary: "Ends the life of fields in so many seconds.",
  syntax: `key seconds ${TAIL}`,
  run: (ctx) => expireFields(ctx, MS_PER_SECOND, true),
});

const hpexpire = command({
  ...shared,
  name: "hpexpire",
  summary: "Ends the life of fields in so many milliseconds.",
  syntax: `key milliseconds ${TAIL}`,
  run: (ctx) => expireFields(ctx, 1, true),
});

const hexpireat = command({
  ...shared,
  name: "hexpireat",
  summary: "Ends the life of fields at a Unix time in seconds.",
  syntax: `key unix-time-seconds ${TAIL}`,
  run: (ctx) => expireFields(ctx, MS_PER_SECOND, false),
});

const hpexpireat = command({
  ...shared,
  name: "hpexpireat",
  summary: "Ends the life of fields at a Unix time in milliseconds.",
  syntax: `key unix-time-milliseconds ${TAIL}`,
  run: (ctx) => expireFields(ctx, 1, false),
});

const hpersist = command({
  ...shared,
  name: "hpersist",
  arity: -5,
  flags: ["write", "fast"],
  summary: "Takes back that the life of fields is to end.",
  syntax: "key FIELDS numfields field [field ...]",
  run(ctx) {
    const first = readFields(ctx, 2, "ERR Number of fields must be a positive integer");
    if (first === undefined) return;
    const hash = writeHash(ctx);
    if (hash === undefined) return;

    const changed = changeEach(ctx, hash, first, () => {
      if (hash.expiry === undefined) return Result.NO_EXPIRY;
      hash.setExpiry(undefined);
      return Result.DONE;
    });
    if (changed.length === 0) return;
    hash.commit();
    ctx.db.changed(HPERSIST, ctx.args, 1);
  },
});

/** The commands of this file. */
export const hashExpireCommands: readonly Command[] = [
  hexpire,
  hpexpire,
  hexpireat,
  hpexpireat,
  hpersist,
];
