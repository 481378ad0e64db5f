/**
 * Walking through all keys: KEYS and SCAN.
 *
 * Promise: a full SCAN returns every key that was there from its beginning to its end, whatever came
 * and went meanwhile, and never one that has expired.
 */

import type { Database, Ref } from "../keyspace/database.ts";
import { globMatchRange } from "../numbers/glob.ts";
import type { Reply } from "../resp/reply.ts";
import { type Command, command } from "./command.ts";
import { readCursor, readScanOptions, type ScanOptions } from "./scan_options.ts";

/** A SCAN looks at no more than this many times COUNT buckets, however empty they are. */
const STEPS_PER_COUNT = 10;

function matches(db: Database, ref: Ref, pattern: Uint8Array | undefined): boolean {
  if (pattern === undefined) return true;
  const { bytes, keyStart, valueStart } = db.locate(ref);
  return globMatchRange(pattern, bytes, keyStart, valueStart);
}

function replyKeys(db: Database, refs: readonly Ref[], reply: Reply): void {
  reply.array(refs.length);
  for (const ref of refs) {
    const { bytes, keyStart, valueStart } = db.locate(ref);
    reply.bulk(bytes, keyStart, valueStart);
  }
}

/** One call of SCAN: what it found, and where the next one goes on. */
interface Findings {
  readonly cursor: number;
  readonly matching: readonly Ref[];
  /** Keys (latin1) whose time is over. */
  readonly expired: readonly string[];
}

/** Looks at about `count` keys from `cursor` on; changes nothing, so that refs stay valid. */
function look(db: Database, cursor: number, { pattern, count, type }: ScanOptions): Findings {
  const matching: Ref[] = [];
  const expired: string[] = [];
  let seen = 0;
  const visit = (ref: Ref) => {
    seen++;
    if (db.isExpired(ref)) {
      if (matches(db, ref, pattern)) expired.push(db.keyOf(ref).toString("latin1"));
    } else if (matches(db, ref, pattern) && (type === undefined || type === db.type(ref))) {
      matching.push(ref);
    }
  };
  let steps = count * STEPS_PER_COUNT;
  do {
    cursor = db.table.scan(cursor, visit);
  } while (cursor !== 0 && steps-- > 0 && seen < count);
  return { cursor, matching, expired };
}

const scan = command({
  name: "scan",
  arity: -2,
  flags: ["readonly"],
  acl: ["keyspace"],
  group: "generic",
  since: "2.8.0",
  history: [["6.0.0", "Added the `TYPE` subcommand."]],
  summary: "Walks through the keys step by step.",
  complexity: "O(1) for a call, O(N) for a full walk, where N is the number of keys.",
  syntax: "cursor [MATCH pattern] [COUNT count] [TYPE type]",
  tips: ["nondeterministic_output", "request_policy:special"],
  run(ctx) {
    const { db, reply } = ctx;
    const cursor = readCursor(ctx, 1);
    if (cursor === undefined) return;
    const options = readScanOptions(ctx, 2, true);
    if (options === undefined) return;

    const found = look(db, cursor, options);
    reply.array(2);
    reply.bulkInteger(found.cursor);
    replyKeys(db, found.matching, reply);
    for (const key of found.expired) db.expireIfDue(key);
  },
});

const keys = command({
  name: "keys",
  arity: 2,
  flags: ["readonly"],
  acl: ["keyspace", "dangerous"],
  group: "generic",
  since: "1.0.0",
  summary: "Returns all keys that match a pattern.",
  complexity: "O(N) where N is the number of keys.",
  syntax: "pattern",
  tips: ["request_policy:all_shards", "nondeterministic_output_order"],
  run({ args, db, reply }) {
    const pattern = args.is(1, "*") ? undefined : args.bytes(1);
    const found: Ref[] = [];
    db.table.forEach((ref) => {
      if (matches(db, ref, pattern) && !db.isExpired(ref)) found.push(ref);
    });
    replyKeys(db, found, reply);
  },
});

/** KEYS SCAN. */
export const scanCommands: readonly Command[] = [keys, scan];
