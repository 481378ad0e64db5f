/** How long a key has to live: TTL PTTL EXPIRETIME PEXPIRETIME. */

import { NONE } from "../keyspace/database.ts";
import { INT64_MAX } from "../numbers/int64.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { lookupUntouched } from "./keys_lookup.ts";

const NO_SUCH_KEY = -2;
const NO_EXPIRY = -1;
const MS_PER_SECOND = 1000;

/** Answers when the key in argument 1 expires, or in how long if `isRelative`. */
function answerExpiry(ctx: Context, unit_ms: number, isRelative: boolean): void {
  const { args, db, reply } = ctx;
  const ref = lookupUntouched(db, args, 1);
  if (ref === NONE) return reply.integer(NO_SUCH_KEY);
  const expiry = db.expiry(ref);
  if (expiry === undefined) return reply.integer(NO_EXPIRY);
  // While the log is replayed, what has expired is still there.
  const time_ms = isRelative ? Math.max(expiry - ctx.now_ms, 0) : expiry;
  // Seconds are rounded, half up.
  reply.integer(exact(unit_ms === 1 ? time_ms : Math.floor((time_ms + unit_ms / 2) / unit_ms)));
}

/** Past 2^53 a double stands for the nearest 64-bit integer. */
function exact(time: number): number | bigint {
  if (time <= Number.MAX_SAFE_INTEGER) return time;
  const whole = BigInt(time);
  return whole > INT64_MAX ? INT64_MAX : whole;
}

/** What the four records have in common. */
const shared = {
  arity: 2,
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "generic",
  complexity: "O(1)",
  syntax: "key",
} satisfies Partial<CommandRecord>;

const ttl = command({
  ...shared,
  name: "ttl",
  since: "1.0.0",
  history: [["2.8.0", "Added the -2 reply."]],
  summary: "Tells how many seconds a key has to live: -1 no end, -2 no such key.",
  tips: ["nondeterministic_output"],
  run: (ctx) => answerExpiry(ctx, MS_PER_SECOND, true),
});

const pttl = command({
  ...shared,
  name: "pttl",
  since: "2.6.0",
  history: [["2.8.0", "Added the -2 reply."]],
  summary: "Tells how many milliseconds a key has to live: -1 no end, -2 no such key.",
  tips: ["nondeterministic_output"],
  run: (ctx) => answerExpiry(ctx, 1, true),
});

const expiretime = command({
  ...shared,
  name: "expiretime",
  since: "7.0.0",
  summary: "Tells the Unix time, in seconds, at which a key's life ends.",
  run: (ctx) => answerExpiry(ctx, MS_PER_SECOND, false),
});

const pexpiretime = command({
  ...shared,
  name: "pexpiretime",
  since: "7.0.0",
  summary: "Tells the Unix time, in milliseconds, at which a key's life ends.",
  run: (ctx) => answerExpiry(ctx, 1, false),
});

/** TTL PTTL EXPIRETIME PEXPIRETIME. */
export const expireReadCommands: readonly Command[] = [ttl, pttl, expiretime, pexpiretime];
