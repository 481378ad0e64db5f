/** What the commands on streams have in common: finding streams, reading IDs, replying with entries. */

import { newBytes } from "../memory/bytes.ts";
import { NONE, type Ref } from "../keyspace/database.ts";
import { type KeyEvent, keyEvent } from "../keyspace/events.ts";
import { OBJECT } from "../keyspace/value.ts";
import { writeInt64 } from "../numbers/int64.ts";
import type { Args } from "../resp/args.ts";
import { releaseReply, Reply } from "../resp/reply.ts";
import type { Entry } from "../types/stream/chunk.ts";
import type { Consumer, ConsumerGroup } from "../types/stream/group.ts";
import type { StreamReader } from "../types/stream/reader.ts";
import { Stream } from "../types/stream/stream.ts";
import {
  EXACT,
  EXCLUDED_END,
  ID_TEXT_BYTES_MAX,
  type IdForm,
  nextId,
  parseId,
  previousId,
  RANGE_END,
  RANGE_START,
  type StreamId,
  writeId,
} from "../types/stream/stream_id.ts";
import type { Uint64 } from "../types/stream/uint64.ts";
import type { Context } from "./context.ts";
import { logConsumer } from "./stream_log.ts";

/** Redis's text for what should be an ID. */
export const INVALID_ID = "ERR Invalid stream ID specified as stream command argument";

const CREATE_CONSUMER = keyEvent("xgroup-createconsumer", "stream");
const PARENTHESIS = 0x28;
const DASH = 0x2d;
/** The ID written last, its milliseconds, and where its sequence begins. */
const idBytes = newBytes(ID_TEXT_BYTES_MAX);
let idMs: Uint64 = -1;
let idSeqAt = 0;

/** The stream in a record; undefined: there is no record, or no stream in it. */
export function streamIn(ctx: Context, ref: Ref): Stream | undefined {
  if (ref === NONE || ctx.db.encoding(ref) !== OBJECT) return undefined;
  const object = ctx.db.object(ref);
  return object instanceof Stream ? object : undefined;
}

/** Argument `i` as C prints it: up to its first zero byte. */
export function printed(args: Args, i: number): string {
  const text = args.text(i);
  const zero = text.indexOf("\0");
  return zero < 0 ? text : text.slice(0, zero);
}

/** Whether argument `i`, as C prints it, is one character: the byte `code`. */
export function isPrinted(args: Args, i: number, code: number): boolean {
  const start = args.start(i);
  if (args.buf[start] !== code) return false;
  return args.length(i) === 1 || (args.length(i) > 1 && args.buf[start + 1] === 0);
}

/** The group of a stream that argument `i` names; undefined: there is none. */
export function groupIn(
  stream: Stream | undefined,
  { buf, bounds }: Args,
  i: number,
): ConsumerGroup | undefined {
  return stream?.groups.find(buf, bounds[2 * i], bounds[2 * i + 1]);
}

/** Argument `i` as an ID; if it is none, answers so. */
export function readId(ctx: Context, i: number, form: IdForm = EXACT): StreamId | undefined {
  const { args } = ctx;
  const id = parseId(args.buf, args.start(i), args.end(i), form);
  if (id === undefined) ctx.reply.error(INVALID_ID);
  return id;
}

/** The first ID of the interval that argument `i` begins, `(` excluding it; or answers an error. */
export function readStart(ctx: Context, i: number): StreamId | undefined {
  return readBound(ctx, i, RANGE_START, EXACT, nextId, "ERR invalid start ID for the interval");
}

/** The last ID of the interval that argument `i` ends, `(` excluding it; or answers an error. */
export function readEnd(ctx: Context, i: number): StreamId | undefined {
  const text = "ERR invalid end ID for the interval";
  return readBound(ctx, i, RANGE_END, EXCLUDED_END, previousId, text);
}

function readBound(
  ctx: Context,
  i: number,
  form: IdForm,
  excludedForm: IdForm,
  neighbour: (id: StreamId) => StreamId | undefined,
  noNeighbour: string,
): StreamId | undefined {
  const { args } = ctx;
  const from = args.start(i);
  if (args.length(i) < 2 || args.buf[from] !== PARENTHESIS) return readId(ctx, i, form);
  const id = parseId(args.buf, from + 1, args.end(i), excludedForm);
  const bound = id && neighbour(id);
  if (bound === undefined) ctx.reply.error(id === undefined ? INVALID_ID : noNeighbour);
  return bound;
}

/** Replies with an ID. */
export function replyId(reply: Reply, { ms, seq }: StreamId): void {
  if (ms === idMs) { // neighbours often share their time, whose 13 digits are what costs
    reply.bulk(idBytes, 0, writeInt64(idBytes, idSeqAt, seq));
    return;
  }
  const end = writeId(idBytes, 0, ms, seq);
  idMs = ms;
  idSeqAt = idBytes.indexOf(DASH) + 1;
  reply.bulk(idBytes, 0, end);
}

/** Replies with an entry: its ID, and its fields and values. */
export function replyEntry(reply: Reply, entry: Entry): void {
  reply.array(2);
  replyId(reply, entry);
  reply.array(2 * entry.fieldCount);
  const { field, value } = entry;
  while (entry.nextPair()) {
    reply.bulk(field.bytes, field.start, field.end);
    reply.bulk(value.bytes, value.start, value.end);
  }
}

/** Replies with the next `count` entries (0: all) that the reader finds. */
export function replyEntries(reply: Reply, reader: StreamReader, count: number | bigint): void {
  replyArray(reply, (items) => {
    let found = 0;
    while (reader.next()) {
      replyEntry(items, reader.entry);
      if (++found === count) break;
    }
    return found;
  });
}

/** Replies with the entry of this ID, which must be there; returns whether it is. */
export function replyEntryOf(reply: Reply, stream: Stream, id: StreamId): boolean {
  const reader = stream.read(id, id);
  if (!reader.next()) return false;
  replyEntry(reply, reader.entry);
  return true;
}

/** Replies with an array whose length is known when its elements have been written. */
export function replyArray(reply: Reply, write: (items: Reply) => number): void {
  const items = replyBeside(reply);
  const count = write(items);
  reply.array(count);
  appendReply(reply, items);
}

/** An empty reply in the same protocol. */
export function replyBeside(reply: Reply): Reply {
  const items = new Reply();
  items.resp3 = reply.resp3;
  return items;
}

/** Adds what was written to another reply. */
export function appendReply(reply: Reply, items: Reply): void {
  for (const part of items.take()) {
    reply.raw(part.buffer, 0, part.length);
    releaseReply(part);
  }
}

/** Reports a change that WATCH does not count: in Redis those of consumer groups do not. */
export function changedQuietly(
  { args, db }: Context,
  event: KeyEvent | undefined,
  i: number,
): void {
  db.keyspace.dirty++;
  if (event !== undefined) db.notify(event, args, i);
}

/** Creates a consumer of a group of the stream in argument `i`, and reports it. */
export function createConsumer(
  ctx: Context,
  i: number,
  group: ConsumerGroup,
  name: string,
): Consumer {
  const consumer = group.createConsumer(name, ctx.now_ms);
  changedQuietly(ctx, CREATE_CONSUMER, i);
  return consumer;
}

/**
 * The consumer that argument `name` names, seen now; created, which is logged, if there is none.
 *
 * @param i the argument with the stream's key.
 */
export function useConsumer(
  ctx: Context,
  i: number,
  group: ConsumerGroup,
  name: number,
): Consumer {
  const { args } = ctx;
  let consumer = group.consumers.find(args.buf, args.start(name), args.end(name));
  if (consumer === undefined) {
    consumer = createConsumer(ctx, i, group, args.text(name));
    logConsumer(ctx, i, group, consumer.name);
  } else {
    consumer.seen_ms = ctx.now_ms;
  }
  return consumer;
}
