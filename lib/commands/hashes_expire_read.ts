/** How long fields live: HTTL HPTTL HEXPIRETIME HPEXPIRETIME, as in Redis 7.4. */

import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { readFields } from "./hashes_fields.ts";
import { readHash } from "./hashes_lookup.ts";

const NO_FIELD = -2;
const NO_EXPIRY = -1;
const MS_PER_SECOND = 1000;

/** Answers when each field expires, in units of `unit_ms`, rounded up, from `base_ms` on. */
function replyTimes(ctx: Context, unit_ms: number, isRelative: boolean): void {
  const { args, reply } = ctx;
  const first = readFields(ctx, 2, "ERR Number of fields must be a positive integer");
  if (first === undefined) return;
  const hash = readHash(ctx);
  if (hash === undefined) return;

  const base_ms = isRelative ? ctx.now_ms : 0;
  reply.array(args.count - first);
  for (let i = first; i < args.count; i++) {
    const found = hash.find(args.buf, args.start(i), args.end(i));
    if (!found) reply.integer(NO_FIELD);
    else if (hash.expiry === undefined) reply.integer(NO_EXPIRY);
    else reply.integer(Math.ceil((hash.expiry - base_ms) / unit_ms));
  }
}

/** What the records have in common. */
const shared = {
  arity: -5,
  flags: ["readonly", "fast"],
  acl: ["hash"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "hash",
  since: "7.4.0",
  complexity: "O(N) where N is the number of fields named.",
  syntax: "key FIELDS numfields field [field ...]",
} satisfies Partial<CommandRecord>;

const httl = command({
  ...shared,
  name: "httl",
  summary: "Returns how many seconds fields have to live.",
  tips: ["nondeterministic_output"],
  run: (ctx) => replyTimes(ctx, MS_PER_SECOND, true),
});

const hpttl = command({
  ...shared,
  name: "hpttl",
  summary: "Returns how many milliseconds fields have to live.",
  tips: ["nondeterministic_output"],
  run: (ctx) => replyTimes(ctx, 1, true),
});

const hexpiretime = command({
  ...shared,
  name: "hexpiretime",
  summary: "Returns the Unix time in seconds at which fields expire.",
  run: (ctx) => replyTimes(ctx, MS_PER_SECOND, false),
});

const hpexpiretime = command({
  ...shared,
  name: "hpexpiretime",
  summary: "Returns the Unix time in milliseconds at which fields expire.",
  run: (ctx) => replyTimes(ctx, 1, false),
});

/** The commands of this file. */
export const hashExpireReadCommands: readonly Command[] = [
  httl,
  hpttl,
  hexpiretime,
  hpexpiretime,
];
