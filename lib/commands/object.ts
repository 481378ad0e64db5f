/**
 * OBJECT ENCODING FREQ HELP IDLETIME REFCOUNT: what the server knows of a value.
 *
 * REFCOUNT tells what Redis tells of a value as a rule: values here are not shared. It differs where in
 * Redis the arguments of a transaction still refer to a value that it has stored, after COPY of a small
 * integer, and with `maxmemory` and an LRU or LFU policy, where Redis shares no integers.
 */

import { frequency, idleSeconds } from "../keyspace/access.ts";
import { type Database, NONE, type Ref } from "../keyspace/database.ts";
import { ENCODINGS, INT, OBJECT } from "../keyspace/value.ts";
import { parseInt64 } from "../numbers/int64.ts";
import { type Command, command, type CommandRecord, keyAt } from "./command.ts";
import type { Context } from "./context.ts";
import { replyHelp } from "./help.ts";
import { countedPeek } from "./keys_lookup.ts";

/** Redis shares the objects of integers below this (OBJ_SHARED_INTEGERS) ... */
const SHARED_INTEGERS = 10_000;
/** ... and says that so many refer to each (OBJ_SHARED_REFCOUNT). */
const SHARED_REFCOUNT = 2147483647;

const POLICY_NOTE = "Please note that when switching between policies at runtime LRU and LFU " +
  "data will take some time to adjust.";
const NOT_LFU = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. " +
  POLICY_NOTE;
const NOT_LRU = "ERR An LFU maxmemory policy is selected, idle time not tracked. " + POLICY_NOTE;

const HELP = [
  "ENCODING <key>",
  "    Return the kind of internal representation used in order to store the value",
  "    associated with a <key>.",
  "FREQ <key>",
  "    Return the access frequency index of the <key>. The returned integer is",
  "    proportional to the logarithm of the recent access frequency of the key.",
  "IDLETIME <key>",
  "    Return the idle time of the <key>, that is the approximated number of",
  "    seconds elapsed since the last access to the key.",
  "REFCOUNT <key>",
  "    Return the number of references of the value associated with the specified",
  "    <key>.",
];

/** The name of a value's encoding, in Redis's words. */
export function encodingName(db: Database, ref: Ref): string {
  const encoding = db.encoding(ref);
  if (encoding === OBJECT) return db.object(ref).encodingName;
  return ENCODINGS[encoding].name;
}

/** How many refer to a value, as Redis counts: small integers are shared. */
export function refCount(db: Database, ref: Ref): number {
  if (db.encoding(ref) !== INT) return 1;
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  const value = parseInt64(bytes, valueStart, valueEnd)!;
  return value >= 0 && value < SHARED_INTEGERS ? SHARED_REFCOUNT : 1;
}

/** A subcommand that looks at the key in argument 2 and answers null if there is none. */
function lookingAt(answer: (ctx: Context, ref: Ref) => void): (ctx: Context) => void {
  return (ctx) => {
    const ref = countedPeek(ctx.db, ctx.args, 2);
    if (ref === NONE) ctx.reply.null();
    else answer(ctx, ref);
  };
}

/** What the records of the subcommands have in common. */
const shared = {
  arity: 3,
  flags: ["readonly"],
  acl: ["keyspace"],
  keys: [keyAt(2, "RO")],
  group: "generic",
  complexity: "O(1)",
  syntax: "key",
  tips: ["nondeterministic_output"],
} satisfies Partial<CommandRecord>;

const encoding = command({
  ...shared,
  name: "encoding",
  since: "2.2.3",
  summary: "Names the way a value is kept in memory.",
  run: lookingAt(({ db, reply }, ref) => reply.bulkText(encodingName(db, ref))),
});

const freq = command({
  ...shared,
  name: "freq",
  since: "4.0.0",
  summary: "Tells the logarithmic counter of a key's uses.",
  run: lookingAt(({ db, reply, now_ms }, ref) => {
    if (!db.keyspace.lfu) return reply.error(NOT_LFU);
    reply.integer(frequency(db.table.meta(ref), now_ms));
  }),
});

const idletime = command({
  ...shared,
  name: "idletime",
  since: "2.2.3",
  summary: "Tells how many seconds ago a key was last used.",
  run: lookingAt(({ db, reply, now_ms }, ref) => {
    if (db.keyspace.lfu) return reply.error(NOT_LRU);
    reply.integer(idleSeconds(db.table.meta(ref), now_ms));
  }),
});

const refcount = command({
  ...shared,
  name: "refcount",
  since: "2.2.3",
  summary: "Tells how many refer to a value.",
  run: lookingAt(({ db, reply }, ref) => reply.integer(refCount(db, ref))),
});

const help = command({
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  acl: ["keyspace"],
  group: "generic",
  since: "6.2.0",
  summary: "Tells what the subcommands do.",
  complexity: "O(1)",
  syntax: "",
  run: ({ reply }) => replyHelp(reply, "OBJECT", HELP),
});

/** OBJECT. */
export const objectCommand: Command = command({
  name: "object",
  arity: -2,
  flags: [],
  group: "generic",
  since: "2.2.3",
  summary: "Looks into how values are kept.",
  complexity: "Depends on the subcommand.",
  syntax: "",
  subcommands: [encoding, freq, help, idletime, refcount],
});
