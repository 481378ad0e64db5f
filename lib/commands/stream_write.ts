/**
 * Entries come and go: XADD XDEL XLEN XSETID XTRIM.
 *
 * Promise: XADD is logged with the ID that it gave, approximate trimming with what it left.
 */

import { NONE } from "../keyspace/database.ts";
import { keyEvent } from "../keyspace/events.ts";
import type { Part } from "../resp/encoder.ts";
import { CHUNK_BYTES_MAX, type ChunkLimits, entrySize, Stream } from "../types/stream/stream.ts";
import {
  compareIds,
  ID_MAX,
  ID_MIN,
  idText,
  isZeroId,
  nextId,
  type StreamId,
} from "../types/stream/stream_id.ts";
import { addUint64, UINT64_MAX } from "../types/stream/uint64.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, SYNTAX_ERROR } from "./context.ts";
import { changedQuietly, readId, replyId, streamIn } from "./stream_kit.ts";
import { readTrimOptions, type TrimOptions } from "./stream_trim.ts";

const XADD = keyEvent("xadd", "stream");
const XDEL = keyEvent("xdel", "stream");
const XSETID = keyEvent("xsetid", "stream");
const XTRIM = keyEvent("xtrim", "stream");

const ID_TOO_SMALL =
  "ERR The ID specified in XADD is equal or smaller than the target stream top item";

const TOO_LARGE = "ERR Elements are too large to be stored";

/** The ID that XADD gives to the next entry; undefined: there is none above the last. */
function newId(options: TrimOptions, lastId: StreamId, now_ms: number): StreamId | undefined {
  const { id, openId } = options;
  if (id !== undefined) return compareIds(id, lastId) > 0 ? id : undefined;
  if (openId !== undefined) {
    if (openId !== lastId.ms) return openId > lastId.ms ? { ms: openId, seq: 0 } : undefined;
    return { ms: openId, seq: addUint64(lastId.seq, 1) };
  }
  return now_ms > lastId.ms ? { ms: now_ms, seq: 0 } : nextId(lastId);
}

function chunkLimits({ server }: Context): ChunkLimits {
  const { values } = server.config;
  return {
    bytes_max: values["stream-node-max-bytes"],
    entries_max: values["stream-node-max-entries"],
  };
}

/** Logs the command that runs, with some of its arguments replaced. */
function logReplaced(ctx: Context, replace: (parts: Part[]) => void): void {
  if (!ctx.server.effects.active) return ctx.logNothing();
  const parts: Part[] = [];
  for (let i = 0; i < ctx.args.count; i++) parts.push(ctx.args.bytes(i));
  replace(parts);
  ctx.logParts(parts);
}

const xadd = command({
  name: "xadd",
  arity: -5,
  flags: ["write", "denyoom", "fast"],
  acl: ["stream"],
  keys: [
    keyAt(1, "RW UPDATE", "UPDATE instead of INSERT because of the optional trimming feature"),
  ],
  tips: ["nondeterministic_output"],
  group: "stream",
  since: "5.0.0",
  history: [
    [
      "6.2.0",
      "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option.",
    ],
    ["7.0.0", "Added support for the `<ms>-*` explicit ID form."],
  ],
  summary: "Adds an entry to a stream.",
  complexity: "O(1), and O(N) for the N entries that trimming removes.",
  syntax: "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> " +
    "field value [field value ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const options = readTrimOptions(ctx, true);
    if (options === undefined) return;
    const first = options.idAt + 1;
    const count = args.count - first;
    if (options.idAt === 0 || count < 2 || count % 2 === 1) {
      return reply.error(`ERR wrong number of arguments for '${ctx.command.fullName}' command`);
    }
    if (options.id !== undefined && isZeroId(options.id)) {
      return reply.error("ERR The ID specified in XADD must be greater than 0-0");
    }
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "stream")) return;
    let stream = streamIn(ctx, ref);
    if (stream === undefined && options.noMkStream) return reply.null();
    const lastId = stream?.lastId ?? ID_MIN;
    if (compareIds(lastId, ID_MAX) === 0) {
      return reply.error(
        "ERR The stream has exhausted the last possible ID, unable to add more items",
      );
    }
    // Redis gives the wrong reason where there is no sequence number left.
    const isLastSeq = options.openId === lastId.ms && lastId.seq === UINT64_MAX;
    if (isLastSeq) return reply.error(TOO_LARGE);
    const id = newId(options, lastId, ctx.now_ms);
    if (id === undefined) return reply.error(ID_TOO_SMALL);
    if (entrySize(args, first, count / 2) > CHUNK_BYTES_MAX) return reply.error(TOO_LARGE);

    if (stream === undefined) db.storeObject(ref, args, 1, stream = new Stream());
    stream.append(id, args, first, count / 2, chunkLimits(ctx));
    replyId(reply, id);
    db.changed(XADD, args, 1);
    if (options.apply(stream) > 0) db.notify(XTRIM, args, 1);
    logAdd(ctx, stream, options, id);
  },
});

function logAdd(ctx: Context, stream: Stream, options: TrimOptions, id: StreamId): void {
  if (options.id !== undefined && !options.trim?.wholeOnly) return; // as it came
  logReplaced(ctx, (parts) => {
    options.makeExact(parts, stream);
    parts[options.idAt] = idText(id);
  });
}

const xtrim = command({
  name: "xtrim",
  arity: -4,
  flags: ["write"],
  acl: ["stream"],
  keys: [keyAt(1, "RW DELETE")],
  tips: ["nondeterministic_output"],
  group: "stream",
  since: "5.0.0",
  history: [["6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option."]],
  summary: "Removes the oldest entries of a stream.",
  complexity: "O(N) for N entries removed, with a small factor: most go by the chunk.",
  syntax: "key <<MAXLEN | MINID> [= | ~] threshold [LIMIT count]>",
  run(ctx) {
    const { args, db, reply } = ctx;
    const options = readTrimOptions(ctx, false);
    if (options === undefined) return;
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "stream")) return;
    const stream = streamIn(ctx, ref);

    const removed = stream === undefined ? 0 : options.apply(stream);
    if (removed > 0) {
      db.changed(XTRIM, args, 1);
      if (options.trim?.wholeOnly) logReplaced(ctx, (parts) => options.makeExact(parts, stream!));
    }
    reply.integer(removed);
  },
});

const xdel = command({
  name: "xdel",
  arity: -3,
  flags: ["write", "fast"],
  acl: ["stream"],
  keys: [keyAt(1, "RW DELETE")],
  group: "stream",
  since: "5.0.0",
  summary: "Removes entries from a stream; returns how many there were.",
  complexity: "O(1) for each entry, whatever the size of the stream.",
  syntax: "key id [id ...]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const ref = db.lookupWrite(args, 1);
    if (!ctx.check(ref, "stream")) return;
    const stream = streamIn(ctx, ref);
    if (stream === undefined) return reply.integer(0);
    const ids: StreamId[] = [];
    for (let i = 2; i < args.count; i++) {
      const id = readId(ctx, i);
      if (id === undefined) return;
      ids.push(id);
    }

    const deleted = stream.delete(ids);
    if (deleted > 0) db.changed(XDEL, args, 1);
    reply.integer(deleted);
  },
});

const xlen = command({
  name: "xlen",
  arity: 2,
  flags: ["readonly", "fast"],
  acl: ["stream"],
  keys: [keyAt(1, "RO")],
  group: "stream",
  since: "5.0.0",
  summary: "Returns how many entries a stream has.",
  complexity: "O(1)",
  syntax: "key",
  run(ctx) {
    const ref = ctx.db.lookup(ctx.args, 1);
    if (!ctx.check(ref, "stream")) return;
    ctx.reply.integer(streamIn(ctx, ref)?.length ?? 0);
  },
});

const xsetid = command({
  name: "xsetid",
  arity: -3,
  flags: ["write", "denyoom", "fast"],
  acl: ["stream"],
  keys: [keyAt(1, "RW UPDATE")],
  group: "stream",
  since: "5.0.0",
  history: [["7.0.0", "Added the `entries_added` and `max_deleted_entry_id` arguments."]],
  summary: "Sets the counters of a stream: for copies of it.",
  complexity: "O(1)",
  syntax: "key last-id [ENTRIESADDED entries_added] [MAXDELETEDID max_deleted_entry_id]",
  run(ctx) {
    const { args, db, reply } = ctx;
    const lastId = readId(ctx, 2);
    const figures = lastId && readFigures(ctx, lastId);
    if (lastId === undefined || figures === undefined) return;
    const ref = db.lookupWrite(args, 1);
    if (ref === NONE) return reply.error("ERR no such key");
    if (!ctx.check(ref, "stream")) return;
    const stream = streamIn(ctx, ref)!;
    const refusal = whyNot(stream, lastId, figures.entriesAdded);
    if (refusal !== undefined) return reply.error(`ERR The ${refusal}`);

    stream.lastId = lastId;
    stream.entriesAdded = figures.entriesAdded ?? stream.entriesAdded;
    if (!isZeroId(figures.maxDeletedId)) stream.maxDeletedId = figures.maxDeletedId;
    changedQuietly(ctx, XSETID, 1);
    reply.ok();
  },
});

interface Figures {
  entriesAdded: number | bigint | undefined;
  maxDeletedId: StreamId;
}

/** The options of XSETID; or answers an error. */
function readFigures(ctx: Context, lastId: StreamId): Figures | undefined {
  const { args, reply } = ctx;
  const figures: Figures = { entriesAdded: undefined, maxDeletedId: ID_MIN };
  for (let i = 3; i < args.count; i += 2) {
    const more = i + 1 < args.count;
    if (args.is(i, "ENTRIESADDED") && more) {
      figures.entriesAdded = ctx.integer(i + 1);
      if (figures.entriesAdded === undefined) return undefined;
      if (figures.entriesAdded < 0) return void reply.error("ERR entries_added must be positive");
    } else if (args.is(i, "MAXDELETEDID") && more) {
      const id = readId(ctx, i + 1);
      if (id === undefined) return undefined;
      figures.maxDeletedId = id;
      if (compareIds(lastId, id) < 0) {
        return void reply.error(
          "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id",
        );
      }
    } else {
      return void reply.error(SYNTAX_ERROR);
    }
  }
  return figures;
}

/** Why a stream cannot have these figures; undefined: it can. */
function whyNot(
  stream: Stream,
  lastId: StreamId,
  entriesAdded: number | bigint | undefined,
): string | undefined {
  if (stream.length === 0) return undefined;
  if (compareIds(lastId, stream.lastEntryId) < 0) {
    return "ID specified in XSETID is smaller than the target stream top item";
  }
  if (entriesAdded !== undefined && stream.length > entriesAdded) {
    return "entries_added specified in XSETID is smaller than the target stream length";
  }
  return undefined;
}

/** XADD XDEL XLEN XSETID XTRIM. */
export const streamWriteCommands: readonly Command[] = [xadd, xdel, xlen, xsetid, xtrim];
