/**
 * XAUTOCLAIM XCLAIM: what is pending with one consumer goes to another.
 *
 * Promise: what changed hands is logged entry by entry, with the time and the count it has now.
 */

import type { Reply } from "../resp/reply.ts";
import type { Consumer, ConsumerGroup } from "../types/stream/group.ts";
import type { RowCursor } from "../types/stream/pending.ts";
import type { Stream } from "../types/stream/stream.ts";
import { compareIds, EXACT, ID_MIN, parseId, type StreamId } from "../types/stream/stream_id.ts";
import { addUint64 } from "../types/stream/uint64.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import {
  appendReply,
  changedQuietly,
  groupIn,
  printed,
  readId,
  readStart,
  replyArray,
  replyBeside,
  replyEntryOf,
  replyId,
  streamIn,
  useConsumer,
} from "./stream_kit.ts";
import { ClaimLog, logPosition } from "./stream_log.ts";
import { noKeyOrGroup } from "./stream_pending.ts";

const DEFAULT_COUNT = 100;
/** XAUTOCLAIM looks at so many times COUNT entries at most. */
const ATTEMPTS_PER_COUNT = 10;
/** Redis's bound of COUNT: `LONG_MAX / sizeof(streamID)`. */
const COUNT_MAX = 2n ** 63n / 16n - 1n;
/** From this COUNT on Redis cannot get the memory to remember deleted IDs: 2^47 bytes. */
const COUNT_IMPOSSIBLE = 2 ** 43;

/** One run of a claiming command: the group, the claimer, and how claims are answered and logged. */
class Claiming {
  readonly log: ClaimLog;
  #consumer: Consumer | undefined;

  constructor(
    readonly ctx: Context,
    readonly stream: Stream,
    readonly group: ConsumerGroup,
    readonly justId: boolean,
  ) {
    this.log = new ClaimLog(ctx, 1, group);
  }

  /** The consumer who claims; created when it first gets something. */
  consumer(): Consumer {
    if (this.#consumer !== undefined) return this.#consumer;
    return this.#consumer = useConsumer(this.ctx, 1, this.group, 3);
  }

  /** The entry of the row has gone: so does the row, and the cursor is at the next one. */
  forget(row: RowCursor): void {
    const { ctx, group, log } = this;
    log.add(row.id, group.owner(row).name, row.time_ms, row.deliveries);
    group.forget(row);
    changedQuietly(ctx, undefined, 1);
  }

  /** Answers and logs that the row's entry is the consumer's now. */
  claimed(row: RowCursor, items: Reply): void {
    const { id } = row;
    if (this.justId) replyId(items, id);
    else if (!replyEntryOf(items, this.stream, id)) throw new Error("a claimed entry is gone");
    this.log.add(id, this.consumer().name, row.time_ms, row.deliveries);
    changedQuietly(this.ctx, undefined, 1);
  }
}

/** The options of XCLAIM. */
interface ClaimOptions {
  readonly ids: StreamId[];
  idle_min_ms: number | bigint;
  time_ms: number;
  /** undefined: one more than before. */
  deliveries: number | bigint | undefined;
  force: boolean;
  justId: boolean;
  lastId: StreamId;
}

const xclaim = command({
  name: "xclaim",
  arity: -6,
  flags: ["write", "fast"],
  acl: ["stream"],
  keys: [keyAt(1, "RW UPDATE")],
  tips: ["nondeterministic_output"],
  group: "stream",
  since: "5.0.0",
  summary: "Takes over pending entries of a consumer group, as if they were delivered anew.",
  complexity: "O(log N) for each entry, N being the number of pending ones.",
  syntax: "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] " +
    "[RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookup(args, 1);
    if (!ctx.check(ref, "stream")) return;
    const stream = streamIn(ctx, ref);
    const group = groupIn(stream, args, 2);
    if (stream === undefined || group === undefined) return reply.error(noKeyOrGroup(ctx));
    const options = readClaimOptions(ctx);
    if (options === undefined) return;

    const claiming = new Claiming(ctx, stream, group, options.justId);
    const moves = compareIds(options.lastId, group.lastId) > 0;
    if (moves) group.lastId = options.lastId;
    const dirtyBefore = db.keyspace.dirty;
    replyArray(reply, (items) => {
      let claimed = 0;
      for (const id of options.ids) if (claim(claiming, id, options, items)) claimed++;
      return claimed;
    });
    claiming.log.flush();
    if (moves && db.keyspace.dirty === dirtyBefore) { // else the claims have told of it
      logPosition(ctx, 1, group);
      changedQuietly(ctx, undefined, 1);
    }
  },
});

/** Claims one entry, if it may be; returns whether it was. */
function claim(claiming: Claiming, id: StreamId, options: ClaimOptions, items: Reply): boolean {
  const { ctx, stream, group } = claiming;
  const row = group.pending.from(id);
  if (!stream.has(id)) {
    if (row.isAtId) claiming.forget(row);
    return false;
  }
  if (row.isAtId) {
    const idle_ms = ctx.now_ms - row.time_ms;
    if (options.idle_min_ms > 0 && idle_ms < options.idle_min_ms) return false;
    group.assign(row, claiming.consumer());
  } else if (options.force) {
    group.deliver(id, claiming.consumer(), ctx.now_ms, 1);
  } else {
    return false;
  }
  const own = row.isAtId ? row : group.pending.from(id);
  own.time_ms = options.time_ms;
  if (options.deliveries !== undefined) own.deliveries = options.deliveries;
  else if (!options.justId) own.deliveries = addUint64(own.deliveries, 1);
  claiming.claimed(own, items);
  return true;
}

/** The arguments of XCLAIM from 4 on; or answers an error. */
function readClaimOptions(ctx: Context): ClaimOptions | undefined {
  const { args, now_ms } = ctx;
  const idle_min_ms = ctx.integer(4, "ERR Invalid min-idle-time argument for XCLAIM");
  if (idle_min_ms === undefined) return undefined;
  const ids: StreamId[] = [];
  let i = 5;
  for (; i < args.count; i++) {
    const id = parseId(args.buf, args.start(i), args.end(i), EXACT);
    if (id === undefined) break; // perhaps an option
    ids.push(id);
  }
  const options: ClaimOptions = {
    ids,
    idle_min_ms,
    time_ms: now_ms,
    deliveries: undefined,
    force: false,
    justId: false,
    lastId: ID_MIN,
  };
  while (i < args.count) {
    const next = readClaimOption(ctx, options, i);
    if (next === undefined) return undefined;
    i = next;
  }
  return options;
}

/** Reads the option at argument `i`; returns where the next one is, or answers an error. */
function readClaimOption(ctx: Context, options: ClaimOptions, i: number): number | undefined {
  const { args, now_ms } = ctx;
  const hasValue = i + 1 < args.count;
  const integer = (name: string) =>
    ctx.integer(i + 1, `ERR Invalid ${name} option argument for XCLAIM`);
  if (args.is(i, "FORCE")) {
    options.force = true;
    return i + 1;
  }
  if (args.is(i, "JUSTID")) {
    options.justId = true;
    return i + 1;
  }
  if (args.is(i, "IDLE") && hasValue) {
    const idle_ms = integer("IDLE");
    if (idle_ms === undefined) return undefined;
    options.time_ms = sane(now_ms - Number(idle_ms), now_ms);
  } else if (args.is(i, "TIME") && hasValue) {
    const time_ms = integer("TIME");
    if (time_ms === undefined) return undefined;
    options.time_ms = sane(Number(time_ms), now_ms);
  } else if (args.is(i, "RETRYCOUNT") && hasValue) {
    const count = integer("RETRYCOUNT");
    if (count === undefined) return undefined;
    options.deliveries = count < 0 ? undefined : count;
  } else if (args.is(i, "LASTID") && hasValue) {
    const id = readId(ctx, i + 1);
    if (id === undefined) return undefined;
    options.lastId = id;
  } else {
    return void ctx.reply.error(`ERR Unrecognized XCLAIM option '${printed(args, i)}'`);
  }
  return i + 2;
}

/** A time that a client has computed: now, if it cannot be right. */
function sane(time_ms: number, now_ms: number): number {
  return time_ms < 0 || time_ms > now_ms ? now_ms : time_ms;
}

/** The options of XAUTOCLAIM. */
interface AutoClaimOptions {
  readonly idle_min_ms: number | bigint;
  readonly start: StreamId;
  readonly count: number;
  readonly justId: boolean;
}

const xautoclaim = command({
  name: "xautoclaim",
  arity: -6,
  flags: ["write", "fast"],
  acl: ["stream"],
  keys: [keyAt(1, "RW DELETE")],
  tips: ["nondeterministic_output"],
  group: "stream",
  since: "6.2.0",
  history: [
    [
      "7.0.0",
      "Added an element to the reply array, containing deleted entries the command cleared from " +
      "the PEL",
    ],
  ],
  summary: "Takes over entries of a consumer group that were pending for some time.",
  complexity: "O(1) if COUNT is small.",
  syntax: "key group consumer min-idle-time start [COUNT count] [JUSTID]",
  run(ctx) {
    const { args, db, reply } = ctx;
    // Redis looks the key up before it reads the options, and answers what was wrong with it after.
    const ref = db.lookup(args, 1);
    const options = readAutoClaimOptions(ctx);
    if (options === undefined) return;
    if (!ctx.check(ref, "stream")) return;
    const stream = streamIn(ctx, ref);
    const group = groupIn(stream, args, 2);
    if (stream === undefined || group === undefined) return reply.error(noKeyOrGroup(ctx));
    if (options.count >= COUNT_IMPOSSIBLE) {
      return reply.error(
        "ERR Insufficient memory, failed allocating transient memory, COUNT too high.",
      );
    }

    autoClaim(new Claiming(ctx, stream, group, options.justId), options);
  },
});

function autoClaim(claiming: Claiming, options: AutoClaimOptions): void {
  const { ctx, stream, group, justId } = claiming;
  const { reply, now_ms } = ctx;
  const deleted: StreamId[] = [];
  const items = replyBeside(reply);
  let attempts = options.count * ATTEMPTS_PER_COUNT;
  let left = options.count;
  let claimed = 0;
  const row = group.pending.from(options.start);
  for (; attempts > 0 && left > 0 && row.hasRow; attempts--) {
    const { id } = row;
    if (!stream.has(id)) {
      deleted.push(id);
      claiming.forget(row);
      left--;
      continue;
    }
    if (options.idle_min_ms <= 0 || now_ms - row.time_ms >= options.idle_min_ms) {
      group.assign(row, claiming.consumer());
      row.time_ms = now_ms;
      if (!justId) row.deliveries = addUint64(row.deliveries, 1);
      claiming.claimed(row, items);
      claimed++;
      left--;
    }
    row.next();
  }
  claiming.log.flush();

  reply.array(3);
  replyId(reply, row.hasRow ? row.id : ID_MIN); // where the next call is to begin
  reply.array(claimed);
  appendReply(reply, items);
  reply.array(deleted.length);
  for (const id of deleted) replyId(reply, id);
}

/** The arguments of XAUTOCLAIM from 4 on; or answers an error. */
function readAutoClaimOptions(ctx: Context): AutoClaimOptions | undefined {
  const { args, reply } = ctx;
  const idle_min_ms = ctx.integer(4, "ERR Invalid min-idle-time argument for XAUTOCLAIM");
  if (idle_min_ms === undefined) return undefined;
  const start = readStart(ctx, 5);
  if (start === undefined) return undefined;
  let count: number | bigint = DEFAULT_COUNT;
  let justId = false;
  for (let i = 6; i < args.count; i++) {
    if (args.is(i, "COUNT") && i + 1 < args.count) {
      const given = args.int64(++i);
      if (given === undefined || given < 1 || given > COUNT_MAX) {
        return void reply.error("ERR COUNT must be > 0");
      }
      count = given;
    } else if (args.is(i, "JUSTID")) {
      justId = true;
    } else {
      return void reply.error(SYNTAX_ERROR);
    }
  }
  return { idle_min_ms, start, count: Number(count), justId };
}

/** XAUTOCLAIM XCLAIM. */
export const streamClaimCommands: readonly Command[] = [xautoclaim, xclaim];
