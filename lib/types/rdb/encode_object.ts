/**
 * Writes values that are objects, with rests in between: a step works on some 64 KiB. Between two
 * steps the object must not change; it may be read.
 *
 * Each function writes the value's type through `begin` before anything else, if there is anything;
 * it ends with the RDB version that a reader must know, 0 where nothing was written.
 */

import type { ValueObject } from "../../keyspace/value.ts";
import { RecordWalk } from "../../memory/record_walk.ts";
import { HashTable } from "../hash/hash_table.ts";
import type { Chunk } from "../list/chunk.ts";
import { ListDeque } from "../list/deque.ts";
import { Entry } from "../list/entry.ts";
import { Pace } from "../pace.ts";
import { SetTable } from "../set/set_table.ts";
import { Stream } from "../stream/stream.ts";
import { LargeZset } from "../zset/large_zset.ts";
import { ZsetWalk } from "../zset/walk.ts";
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
  if (object instanceof ListDeque) {
    return object.usedBytes <= RECUT_BYTES_MAX
      ? encodeSmallDeque(writer, begin, object, listNodeSize)
      : encodeDeque(writer, begin, object);
  }
  if (object instanceof SetTable) return encodeSet(writer, begin, object);
  if (object instanceof HashTable) return encodeHash(writer, begin, object, clock_ms);
  if (object instanceof LargeZset) return encodeZset(writer, begin, object);
  if (object instanceof Stream) return encodeStreamObject(writer, begin, object);
  throw new Error(`rdb: an object of type ${object.type} cannot be written`);
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
  list: ListDeque,
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
function* encodeDeque(writer: RdbWriter, begin: Begin, list: ListDeque): Steps {
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

function* encodeSet(writer: RdbWriter, begin: Begin, { table, size }: SetTable): Steps {
  const pace = new Pace();
  begin(RdbType.set);
  writer.size(size);
  const walk = new RecordWalk(table);
  while (walk.next()) {
    for (const ref of walk.refs) {
      table.locate(ref);
      const { bytes, keyStart: start, valueStart: end } = table;
      if (end - start <= WHOLE_BYTES_MAX) writer.string(bytes, start, end);
      else yield* writeLongString(writer, [{ bytes, start, end }]);
      if (pace.isOver(end - start)) yield;
    }
  }
  return RDB_VERSION;
}

function* encodeHash(
  writer: RdbWriter,
  begin: Begin,
  hash: HashTable,
  clock_ms: number,
): Steps {
  const size = hash.sizeAt(clock_ms);
  if (size === 0) return 0;
  const first_ms = yield* firstExpiry(hash, clock_ms);
  const timed = first_ms < Infinity;
  begin(timed ? RdbType.hashMetadata : RdbType.hash);
  if (timed) writer.int64(first_ms);
  writer.size(size);
  const { table } = hash;
  const pace = new Pace();
  const walk = new RecordWalk(table);
  let written = 0;
  while (walk.next()) {
    for (const ref of walk.refs) {
      if (hash.isExpired(ref, clock_ms)) continue;
      table.locate(ref);
      const { bytes, keyStart, valueStart, valueEnd } = table;
      if (timed) writer.size(relativeExpiry(table.expiry(ref), first_ms));
      if (valueEnd - keyStart <= WHOLE_BYTES_MAX) {
        writer.string(bytes, keyStart, valueStart);
        writer.string(bytes, valueStart, valueEnd);
      } else {
        yield* writeLongString(writer, [{ bytes, start: keyStart, end: valueStart }]);
        yield* writeLongString(writer, [{ bytes, start: valueStart, end: valueEnd }]);
      }
      written++;
      if (pace.isOver(valueEnd - keyStart)) yield;
    }
  }
  if (written !== size) throw new Error(`rdb: a hash has ${written} fields instead of ${size}`);
  return timed ? RDB_VERSION_FIELD_EXPIRY : RDB_VERSION;
}

/** Expiries are written relative to the first one, plus 1; 0: none. */
export function relativeExpiry(expiry_ms: number | undefined, first_ms: number): number {
  return expiry_ms === undefined ? 0 : expiry_ms - first_ms + 1;
}

/** When the first field expires that has not yet; Infinity: none does. */
function* firstExpiry(hash: HashTable, clock_ms: number): Generator<void, number, void> {
  // What expires first is known, unless it has expired and stands there still.
  if (hash.nextExpiry_ms > clock_ms) return hash.nextExpiry_ms;
  const pace = new Pace();
  const walk = new RecordWalk(hash.table);
  let first_ms = Infinity;
  while (walk.next()) {
    for (const ref of walk.refs) {
      const expiry = hash.table.expiry(ref);
      if (expiry !== undefined && expiry > clock_ms && expiry < first_ms) first_ms = expiry;
      if (pace.isOver(0)) yield;
    }
  }
  return first_ms;
}

function* encodeZset(writer: RdbWriter, begin: Begin, zset: LargeZset): Steps {
  const { size } = zset;
  const pace = new Pace();
  begin(RdbType.zset2);
  writer.size(size);
  // Redis begins with the greatest, so that each is added at the front when it is loaded.
  const walk = new ZsetWalk(zset, true);
  let written = 0;
  while (walk.step()) {
    const { bytes, start, end, score } = walk;
    if (end - start <= WHOLE_BYTES_MAX) writer.string(bytes, start, end);
    else yield* writeLongString(writer, [{ bytes, start, end }]);
    writer.double(score);
    written++;
    if (pace.isOver(end - start)) yield;
  }
  if (written !== size) throw new Error(`rdb: a sorted set has ${written} members, not ${size}`);
  return RDB_VERSION;
}

function* encodeStreamObject(writer: RdbWriter, begin: Begin, stream: Stream): Steps {
  begin(RdbType.stream2);
  yield* encodeStream(writer, stream);
  return RDB_VERSION;
}
