/**
 * Writes values that are objects, with rests in between: a step works on some 64 KiB. Between two
 * steps an object must not change; one of which there is a moment (`keyspace/value_moment.ts`) may.
 *
 * Each function writes the value's type through `begin` before anything else, if there is anything;
 * it ends with the RDB version that a reader must know, 0 where nothing was written.
 */

import type { ValueObject } from "../../keyspace/value.ts";
import type { ValueMoment } from "../../keyspace/value_moment.ts";
import { HashMoment, HashTable } from "../hash/hash_table.ts";
import type { Chunk } from "../list/chunk.ts";
import { ListDeque } from "../list/deque.ts";
import { Entry } from "../list/entry.ts";
import { ListMoment } from "../list/list_moment.ts";
import type { ElementWalk } from "../moment/element_walk.ts";
import { FrozenCopy } from "../moment/frozen_copy.ts";
import { Pace } from "../pace.ts";
import { SetMoment, SetTable } from "../set/set_table.ts";
import { Stream } from "../stream/stream.ts";
import { LargeZset } from "../zset/large_zset.ts";
import { readScore } from "../zset/score.ts";
import { ZsetMoment } from "../zset/zset_moment.ts";
import { encodeStream } from "./encode_stream.ts";
import { ListNodesWriter, writeNode, writeSingleNode } from "./list_nodes.ts";
import { ListpackWriter } from "./listpack_writer.ts";
import { WHOLE_BYTES_MAX, writeLongString } from "./long_string.ts";
import { RDB_VERSION, RDB_VERSION_FIELD_EXPIRY, RdbType } from "./types.ts";
import { RdbWriter } from "./writer.ts";

/** Writes a value's type, and what stands between it and the value: in a file, the key. */
export type Begin = (type: number) => void;
/** A value being written: each step is a piece of it, the result is the RDB version. */
export type Steps = Generator<void, number, void>;

/** Lists up to this size are cut into nodes as Redis would; larger ones have a node for each chunk. */
const RECUT_BYTES_MAX = 64 * 1024;

/**
 * Writes an object.
 *
 * @param listNodeSize `list-max-listpack-size`. @param clock_ms fields of hashes that expire up to
 * this time have expired.
 */
export function encodeObject(
  writer: RdbWriter,
  begin: Begin,
  object: ValueObject,
  listNodeSize: number,
  clock_ms: number,
): Steps {
  if (object instanceof ListDeque) return encodeList(writer, begin, object, listNodeSize);
  if (object instanceof SetTable) return encodeMembers(writer, begin, object.walk(), RdbType.set);
  if (object instanceof HashTable) return encodeHash(writer, begin, object.walk(clock_ms));
  if (object instanceof LargeZset) {
    return encodeMembers(writer, begin, object.walk(true), RdbType.zset2);
  }
  if (object instanceof Stream) return encodeStreamObject(writer, begin, object);
  throw new Error(`rdb: an object of type ${object.type} cannot be written`);
}

/** Writes an object as it was at a moment. */
export function encodeMoment(
  writer: RdbWriter,
  begin: Begin,
  moment: ValueMoment,
  listNodeSize: number,
): Steps {
  if (moment instanceof ListMoment) return encodeList(writer, begin, moment, listNodeSize);
  if (moment instanceof SetMoment) return encodeMembers(writer, begin, moment, RdbType.set);
  if (moment instanceof HashMoment) return encodeHash(writer, begin, moment);
  if (moment instanceof ZsetMoment) {
    // Redis begins with the greatest, so that each is added at the front when it is loaded.
    moment.isBackwards = true;
    return encodeMembers(writer, begin, moment, RdbType.zset2);
  }
  if (moment instanceof FrozenCopy && moment.value instanceof Stream) {
    return encodeStreamObject(writer, begin, moment.value);
  }
  throw new Error("rdb: the moment of an unknown object");
}

/** A list that stays as it is. */
interface ListChunks {
  readonly chunks: Iterable<Chunk> & { readonly length: number };
  readonly usedBytes: number;
}

function encodeList(
  writer: RdbWriter,
  begin: Begin,
  list: ListChunks,
  listNodeSize: number,
): Steps {
  return list.usedBytes <= RECUT_BYTES_MAX
    ? encodeSmallDeque(writer, begin, list, listNodeSize)
    : encodeDeque(writer, begin, list);
}

function forEachEntry(
  chunk: Chunk,
  visit: (bytes: Uint8Array, start: number, end: number) => void,
): void {
  const entry = new Entry();
  entry.bytes = chunk.bytes;
  for (let at = chunk.head; at < chunk.tail; at = entry.to) {
    entry.readAfter(at);
    visit(entry.bytes, entry.start, entry.end);
  }
}

// deno-lint-ignore require-yield -- one step is enough, but it is used like the others
function* encodeSmallDeque(
  writer: RdbWriter,
  begin: Begin,
  list: ListChunks,
  listNodeSize: number,
): Steps {
  const scratch = new RdbWriter(writer.compress);
  const nodes = new ListNodesWriter(scratch, listNodeSize);
  for (const chunk of list.chunks) {
    forEachEntry(chunk, (bytes, start, end) => nodes.push(bytes, start, end));
  }
  nodes.finish();
  begin(RdbType.quicklist2);
  writer.size(nodes.count);
  writer.raw(scratch.buf, 0, scratch.length);
  return RDB_VERSION;
}

/**
 * The count of nodes stands before them, so nodes are our chunks: those are as large as Redis's
 * nodes are, give or take a few bytes.
 */
function* encodeDeque(writer: RdbWriter, begin: Begin, list: ListChunks): Steps {
  const { chunks } = list;
  const pace = new Pace();
  const node = new ListpackWriter();
  begin(RdbType.quicklist2);
  writer.size(chunks.length);
  for (const chunk of chunks) {
    if (chunk.count === 1 && chunk.used > WHOLE_BYTES_MAX) {
      const { bytes, head } = chunk;
      const entry = new Entry();
      entry.bytes = bytes;
      entry.readAfter(head);
      yield* writeSingleNode(writer, bytes, entry.start, entry.end);
      continue;
    }
    node.clear();
    forEachEntry(chunk, (bytes, start, end) => node.push(bytes, start, end));
    if (node.count !== chunk.count) throw new Error("rdb: a list's chunk has lost its count");
    writeNode(writer, node);
    if (pace.isOver(chunk.used)) yield;
  }
  return RDB_VERSION;
}

/** The members of a set, or (`zset2`) those of a sorted set before their scores. */
function* encodeMembers(
  writer: RdbWriter,
  begin: Begin,
  members: ElementWalk,
  type: typeof RdbType.set | typeof RdbType.zset2,
): Steps {
  const scored = type === RdbType.zset2;
  begin(type);
  writer.size(members.count);
  while (members.next()) {
    if (members.isResting) {
      yield;
      continue;
    }
    const { bytes, keyStart: start, valueStart: end } = members;
    const score = scored ? readScore(bytes, end) : 0;
    if (end - start <= WHOLE_BYTES_MAX) writer.string(bytes, start, end);
    else yield* writeLongString(writer, [{ bytes, start, end }]);
    if (scored) writer.double(score);
  }
  return RDB_VERSION;
}

function* encodeHash(writer: RdbWriter, begin: Begin, fields: ElementWalk): Steps {
  const { count, first_ms } = fields;
  const timed = first_ms < Infinity;
  if (count > 0) {
    begin(timed ? RdbType.hashMetadata : RdbType.hash);
    if (timed) writer.int64(first_ms);
    writer.size(count);
  }
  while (fields.next()) {
    if (fields.isResting) {
      yield;
      continue;
    }
    const { bytes, keyStart, valueStart, valueEnd } = fields;
    if (timed) writer.size(relativeExpiry(fields.expiry_ms, first_ms));
    if (valueEnd - keyStart <= WHOLE_BYTES_MAX) {
      writer.string(bytes, keyStart, valueStart);
      writer.string(bytes, valueStart, valueEnd);
    } else {
      yield* writeLongString(writer, [{ bytes, start: keyStart, end: valueStart }]);
      yield* writeLongString(writer, [{ bytes, start: valueStart, end: valueEnd }]);
    }
  }
  if (count === 0) return 0;
  return timed ? RDB_VERSION_FIELD_EXPIRY : RDB_VERSION;
}

/** Expiries are written relative to the first one, plus 1; 0: none. */
export function relativeExpiry(expiry_ms: number | undefined, first_ms: number): number {
  return expiry_ms === undefined ? 0 : expiry_ms - first_ms + 1;
}

function* encodeStreamObject(writer: RdbWriter, begin: Begin, stream: Stream): Steps {
  begin(RdbType.stream2);
  yield* encodeStream(writer, stream);
  return RDB_VERSION;
}
