/**
 * LCS: the longest common subsequence of two strings - its bytes, its length or where it stands.
 *
 * Promise: its memory is bounded by `proto-max-bulk-len`, and larger strings are refused as Redis
 * refuses them.
 */

import { NONE, type Ref } from "../keyspace/database.ts";
import { copyBytes, newBytes } from "../memory/bytes.ts";
import type { Reply } from "../resp/reply.ts";
import { command, keysFrom } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import {
  type ByteRun,
  commonLength,
  commonRuns,
  type Matches,
  RUN_NUMBERS,
  tableBytes,
} from "./lcs.ts";

const NOT_STRINGS = "ERR The specified keys must contain string values";
const LENGTH_AND_INDEXES = "ERR If you want both the length and indexes, please just use IDX.";
const TABLE_TOO_LARGE =
  "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
const NO_MEMORY = "ERR Insufficient memory, failed allocating transient memory for LCS";

/** Up to this length a subsequence is put together without memory of its own. */
const SHORT_LENGTH = 512;
const shortBytes = newBytes(SHORT_LENGTH);

const EMPTY: ByteRun = { buf: newBytes(0), start: 0, end: 0 };

interface LcsOptions {
  readonly length: boolean;
  readonly indexes: boolean;
  readonly withLengths: boolean;
  /** Shorter stretches are not listed. */
  readonly length_min: number | bigint;
}

/** The command LCS. */
export const lcs = command({
  name: "lcs",
  arity: -3,
  flags: ["readonly"],
  acl: ["string"],
  keys: [keysFrom(1, 1, 1, "RO ACCESS")],
  group: "string",
  since: "7.0.0",
  summary: "Finds the longest common subsequence of two strings.",
  complexity: "O(N*M) where N and M are the lengths of the two strings.",
  syntax: "key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]",
  run(ctx) {
    const { args, db, reply } = ctx;
    db.lookup(args, 1);
    const second = db.lookup(args, 2);
    // The second lookup may have removed an expired key: refs from before are void.
    const first = db.peek(args, 1);
    if (!isString(ctx, first) || !isString(ctx, second)) return reply.error(NOT_STRINGS);
    const options = readOptions(ctx);
    if (options === undefined) return;
    const a = bytesAt(ctx, first);
    const b = bytesAt(ctx, second);
    const size_bytes = tableBytes(a.end - a.start, b.end - b.start);
    if (size_bytes > ctx.server.config.values["proto-max-bulk-len"]) {
      return reply.error(TABLE_TOO_LARGE);
    }

    if (options.length) return reply.integer(commonLength(a, b));
    const matches = findMatches(ctx, a, b);
    if (matches === undefined) return;
    if (options.indexes) replyIndexes(ctx, matches, options);
    else replySubsequence(ctx, matches, a);
  },
});

function isString({ db }: Context, ref: Ref): boolean {
  return ref === NONE || db.type(ref) === "string";
}

function bytesAt({ db }: Context, ref: Ref): ByteRun {
  if (ref === NONE) return EMPTY;
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  return { buf: bytes, start: valueStart, end: valueEnd };
}

function readOptions(ctx: Context): LcsOptions | undefined {
  const { args, reply } = ctx;
  let length = false;
  let indexes = false;
  let withLengths = false;
  let length_min: number | bigint = 0;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, "IDX")) {
      indexes = true;
    } else if (args.is(i, "LEN")) {
      length = true;
    } else if (args.is(i, "WITHMATCHLEN")) {
      withLengths = true;
    } else if (args.is(i, "MINMATCHLEN") && i + 1 < args.count) {
      const value = ctx.integer(++i);
      if (value === undefined) return undefined;
      length_min = value;
    } else {
      return void reply.error(SYNTAX_ERROR);
    }
  }
  if (indexes && length) return void reply.error(LENGTH_AND_INDEXES);
  return { length, indexes, withLengths, length_min };
}

/** The stretches both share; where there is no memory for finding them, answers so. */
function findMatches(ctx: Context, a: ByteRun, b: ByteRun): Matches | undefined {
  try {
    return commonRuns(a, b);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return void ctx.reply.error(NO_MEMORY);
  }
}

function replyIndexes({ reply }: Context, matches: Matches, options: LcsOptions): void {
  const { runs } = matches;
  let listed = 0;
  for (let i = 0; i < runs.length; i += RUN_NUMBERS) {
    if (runs[i + 2] >= options.length_min) listed++;
  }
  reply.map(2);
  reply.bulkText("matches");
  reply.array(listed);
  for (let i = 0; i < runs.length; i += RUN_NUMBERS) {
    const length = runs[i + 2];
    if (length < options.length_min) continue;
    reply.array(options.withLengths ? 3 : 2);
    replyRange(reply, runs[i], length);
    replyRange(reply, runs[i + 1], length);
    if (options.withLengths) reply.integer(length);
  }
  reply.bulkText("len");
  reply.integer(matches.length);
}

function replyRange(reply: Reply, start: number, length: number): void {
  reply.array(2);
  reply.integer(start);
  reply.integer(start + length - 1);
}

function replySubsequence({ reply }: Context, { runs, length }: Matches, a: ByteRun): void {
  const bytes = length > SHORT_LENGTH ? newBytes(length) : shortBytes;
  let at = length;
  for (let i = 0; i < runs.length; i += RUN_NUMBERS) {
    const start = a.start + runs[i];
    at -= runs[i + 2];
    copyBytes(a.buf, start, start + runs[i + 2], bytes, at);
  }
  reply.bulk(bytes, 0, length);
}
