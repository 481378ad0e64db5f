/**
 * Keys whatever they hold: DEL UNLINK EXISTS TOUCH TYPE RANDOMKEY - and, gathered here, the other
 * commands of the keyspace: COPY MOVE RENAME RENAMENX (`keys_transfer.ts`), EXPIRE and its kin
 * (`expire.ts`, `expire_read.ts`), KEYS SCAN (`scan.ts`), OBJECT (`object.ts`).
 */

import { warmKeys } from "../keyspace/lookahead.ts";
import { NONE } from "../keyspace/database.ts";
import { DEL } from "../keyspace/events.ts";
import { type Command, command, keyAt, keysFrom } from "./command.ts";
import type { Context } from "./context.ts";
import { countLazyFree } from "./lazy_free.ts";
import { expireCommands } from "./expire.ts";
import { expireReadCommands } from "./expire_read.ts";
import { lookupUntouched } from "./keys_lookup.ts";
import { keysTransferCommands } from "./keys_transfer.ts";
import { objectCommand } from "./object.ts";
import { scanCommands } from "./scan.ts";

const PER_SHARD_SUM = ["request_policy:multi_shard", "response_policy:agg_sum"] as const;

/** DEL and UNLINK: memory is given back at once either way, which takes no longer than asking. */
function removeAll({ args, db, reply }: Context, isLazy: boolean): void {
  let removed = 0;
  for (let i = 1; i < args.count; i++) {
    warmKeys(db, args, i, 1);
    const ref = db.peek(args, i);
    if (ref === NONE) continue;
    if (isLazy) countLazyFree(db, ref);
    db.remove(ref);
    db.changed(DEL, args, i);
    removed++;
  }
  reply.integer(removed);
}

const del = command({
  name: "del",
  arity: -2,
  flags: ["write"],
  acl: ["keyspace"],
  keys: [keysFrom(1, -1, 1, "RM DELETE")],
  group: "generic",
  since: "1.0.0",
  summary: "Deletes keys and tells how many there were.",
  complexity: "O(N) where N is the number of keys, and the size of what they hold.",
  syntax: "key [key ...]",
  tips: PER_SHARD_SUM,
  run: (ctx) => removeAll(ctx, ctx.server.config.values["lazyfree-lazy-user-del"]),
});

const unlink = command({
  name: "unlink",
  arity: -2,
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: [keysFrom(1, -1, 1, "RM DELETE")],
  group: "generic",
  since: "4.0.0",
  summary: "Deletes keys; their memory may be given back later.",
  complexity: "O(1) for each key.",
  syntax: "key [key ...]",
  tips: PER_SHARD_SUM,
  run: (ctx) => removeAll(ctx, true),
});

const exists = command({
  name: "exists",
  arity: -2,
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: [keysFrom(1, -1, 1, "RO")],
  group: "generic",
  since: "1.0.0",
  history: [["3.0.3", "Accepts multiple `key` arguments."]],
  summary: "Counts how many of the keys exist; a key named twice counts twice.",
  complexity: "O(N) where N is the number of keys.",
  syntax: "key [key ...]",
  tips: PER_SHARD_SUM,
  run({ args, db, reply }) {
    let found = 0;
    for (let i = 1; i < args.count; i++) {
      warmKeys(db, args, i, 1);
      if (lookupUntouched(db, args, i) !== NONE) found++;
    }
    reply.integer(found);
  },
});

const touch = command({
  name: "touch",
  arity: -2,
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: [keysFrom(1, -1, 1, "RO")],
  group: "generic",
  since: "3.2.1",
  summary: "Marks keys as just used and tells how many of them exist.",
  complexity: "O(N) where N is the number of keys.",
  syntax: "key [key ...]",
  tips: PER_SHARD_SUM,
  run({ args, db, reply }) {
    let found = 0;
    for (let i = 1; i < args.count; i++) {
      if (db.lookup(args, i) !== NONE) found++;
    }
    reply.integer(found);
  },
});

const type = command({
  name: "type",
  arity: 2,
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: [keyAt(1, "RO")],
  group: "generic",
  since: "1.0.0",
  summary: "Names the type of what a key holds.",
  complexity: "O(1)",
  syntax: "key",
  run({ args, db, reply }) {
    const ref = lookupUntouched(db, args, 1);
    reply.simple(ref === NONE ? "none" : db.type(ref));
  },
});

const randomkey = command({
  name: "randomkey",
  arity: 1,
  flags: ["readonly"],
  acl: ["keyspace"],
  group: "generic",
  since: "1.0.0",
  summary: "Returns a key, each equally likely.",
  complexity: "O(1)",
  syntax: "",
  tips: ["request_policy:all_shards", "nondeterministic_output"],
  run({ db, reply }) {
    const ref = db.randomRef();
    if (ref === NONE) return reply.null();
    const { bytes, keyStart, valueStart } = db.locate(ref);
    reply.bulk(bytes, keyStart, valueStart);
  },
});

/** All commands on keys of any type. */
export const keyCommands: readonly Command[] = [
  del,
  unlink,
  exists,
  touch,
  type,
  randomkey,
  ...keysTransferCommands,
  ...expireCommands,
  ...expireReadCommands,
  ...scanCommands,
  objectCommand,
];
