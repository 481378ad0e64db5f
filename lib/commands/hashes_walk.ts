/**
 * Some fields of a hash: by chance (HRANDFIELD), or step by step (HSCAN).
 *
 * Promise: a full HSCAN returns every field that was there from its beginning to its end.
 */

import type { Ref } from "../keyspace/database.ts";
import { globMatchRange } from "../numbers/glob.ts";
import { INT64_MAX, INT64_MIN } from "../numbers/int64.ts";
import type { Hash } from "../types/hash/hash.ts";
import type { HashTable } from "../types/hash/hash_table.ts";
import { drawFields, sampleFields } from "../types/hash/sample.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { readHash } from "./hashes_lookup.ts";
import { readCursor, readScanOptions, type ScanOptions } from "./scan_options.ts";

/** An HSCAN looks at no more than this many times COUNT buckets, however empty they are. */
const STEPS_PER_COUNT = 10;

/** The options of HRANDFIELD: how many, negative if the same one may come again. */
interface Choice {
  readonly count: number;
  readonly withValues: boolean;
}

/** Arguments 2 and 3; if they make no sense, answers so: undefined. */
function readChoice(ctx: Context): Choice | undefined {
  const { args, reply } = ctx;
  const count = ctx.integer(2);
  if (count === undefined) return undefined;
  if (count === INT64_MIN) {
    const range = `${-INT64_MAX} and ${INT64_MAX}`;
    reply.error(`ERR value is out of range, value must between ${range}`);
    return undefined;
  }
  const withValues = args.count === 4;
  if (args.count > 4 || (withValues && !args.is(3, "WITHVALUES"))) {
    reply.error(SYNTAX_ERROR);
    return undefined;
  }
  if (withValues && (count < -(INT64_MAX / 2n) || count > INT64_MAX / 2n)) {
    reply.error("ERR value is out of range");
    return undefined;
  }
  return { count: Number(count), withValues };
}

/** Answers with several fields. */
function replyFields(ctx: Context, hash: Hash, { count, withValues }: Choice): void {
  const { reply, server } = ctx;
  const size = count <= 0 || hash.isEmpty ? 0 : hash.size;
  const total = hash.isEmpty ? 0 : count < 0 ? -count : Math.min(count, size);
  const inPairs = withValues && reply.resp3;
  reply.array(withValues && !inPairs ? total * 2 : total);
  const show: Parameters<Hash["forEach"]>[0] = (field, fs, fe, value, vs, ve) => {
    if (inPairs) reply.array(2);
    reply.bulk(field, fs, fe);
    if (withValues) reply.bulk(value, vs, ve);
  };
  if (total === 0) return;
  if (count < 0) drawFields(hash, total, server.random, show);
  else if (total === size) hash.forEach(show);
  else sampleFields(hash, total, server.random, show, size);
}

const hrandfield = command({
  name: "hrandfield",
  arity: -2,
  flags: ["readonly"],
  acl: ["hash"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "hash",
  since: "6.2.0",
  summary: "Returns fields by chance, each equally likely.",
  complexity: "O(N) where N is the number of fields returned",
  syntax: "key [count [WITHVALUES]]",
  tips: ["nondeterministic_output"],
  run(ctx) {
    const { args, reply, server } = ctx;
    const choice = args.count > 2 ? readChoice(ctx) : undefined;
    if (args.count > 2 && choice === undefined) return;
    const hash = readHash(ctx);
    if (hash === undefined) return;

    if (choice !== undefined) return replyFields(ctx, hash, choice);
    if (hash.isEmpty) return reply.null();
    drawFields(hash, 1, server.random, (field, start, end) => reply.bulk(field, start, end));
  },
});

/** Looks at about `count` fields from `cursor` on, and returns where to go on and what matches. */
function look(
  table: HashTable,
  hash: Hash,
  cursor: number,
  { count, pattern }: ScanOptions,
): { cursor: number; matching: Ref[] } {
  const records = table.table;
  const matching: Ref[] = [];
  let seen = 0;
  let steps = count * STEPS_PER_COUNT;
  const visit = (ref: Ref) => {
    seen++;
    if (hash.isExpired(ref)) return;
    if (pattern !== undefined) {
      records.locate(ref);
      const { bytes, keyStart, valueStart } = records;
      if (!globMatchRange(pattern, bytes, keyStart, valueStart)) return;
    }
    matching.push(ref);
  };
  do {
    cursor = records.scan(cursor, visit);
  } while (cursor !== 0 && steps-- > 0 && seen < count);
  return { cursor, matching };
}

/** A packed hash is shown whole. */
function replyPacked({ reply }: Context, hash: Hash, { pattern }: ScanOptions): void {
  const matches = (field: Uint8Array, start: number, end: number) =>
    pattern === undefined || globMatchRange(pattern, field, start, end);
  let count = 0;
  hash.forEach((field, start, end) => {
    if (matches(field, start, end)) count++;
  });
  reply.array(2);
  reply.bulkText("0");
  reply.array(count * 2);
  hash.forEach((field, start, end, value, from, to) => {
    if (!matches(field, start, end)) return;
    reply.bulk(field, start, end);
    reply.bulk(value, from, to);
  });
}

const hscan = command({
  name: "hscan",
  arity: -3,
  flags: ["readonly"],
  acl: ["hash"],
  keys: [keyAt(1, "RO ACCESS")],
  group: "hash",
  since: "2.8.0",
  summary: "Walks through the fields of a hash, with their values, step by step.",
  complexity: "O(1) for a call, O(N) for a full walk, where N is the number of fields.",
  syntax: "key cursor [MATCH pattern] [COUNT count]",
  tips: ["nondeterministic_output"],
  run(ctx) {
    const { reply } = ctx;
    const cursor = readCursor(ctx, 2);
    if (cursor === undefined) return;
    const hash = readHash(ctx);
    if (hash === undefined) return;
    if (hash.isEmpty) { // Redis does not look at the options then
      reply.array(2);
      reply.bulkText("0");
      return reply.array(0);
    }
    const options = readScanOptions(ctx, 3, false);
    if (options === undefined) return;

    const { table } = hash;
    if (table === undefined) return replyPacked(ctx, hash, options);
    const found = look(table, hash, cursor, options);
    reply.array(2);
    reply.bulkInteger(found.cursor);
    reply.array(found.matching.length * 2);
    for (const ref of found.matching) {
      hash.show(ref, (field, start, end, value, from, to) => {
        reply.bulk(field, start, end);
        reply.bulk(value, from, to);
      });
    }
  },
});

/** The commands of this file. */
export const hashWalkCommands: readonly Command[] = [hrandfield, hscan];
