/**
 * Streams in RDB: reading them. `encode_stream.ts` writes them.
 *
 *     <chunks> ( <string: ID, 16 bytes BE> <string: listpack> ) ...
 *     <length> <last ID: ms, seq>
 *     <first ID> <last deleted ID> <entries ever added>                    since Redis 7.0
 *     <groups> ( <string: name> <last ID> <entries read, since 7.0>
 *         <pending> ( <ID, 16 bytes> <time, 8 bytes> <deliveries> ) ...
 *         <consumers> ( <string: name> <last seen, 8 bytes> <last active, 8 bytes, since 7.2>
 *             <pending> <ID, 16 bytes> ... ) ... ) ...
 *
 * Our chunks are Redis's listpacks, byte for byte: they are copied as they are, both ways.
 */

import type { Buffer } from "node:buffer";
import { copyBytes } from "../../memory/bytes.ts";
import { type GroupParts, StreamBuilder } from "../stream/build.ts";
import { InvalidStreamError, StreamChecker } from "../stream/check.ts";
import { chunkBuffer } from "../stream/chunk.ts";
import { PackedStream } from "../stream/packed_stream.ts";
import type { Stream } from "../stream/stream.ts";
import { ID_MIN, type StreamId } from "../stream/stream_id.ts";
import { fromWords, toInt64, type Uint64 } from "../stream/uint64.ts";
import type { RdbReader } from "./reader.ts";
import { RdbType } from "./types.ts";
import { uint32BigEndianAt } from "./words.ts";

const ID_BYTES = 16;
const TIME_BYTES = 8;
/** Bytes of a length or a string, at least. */
const SIZE_MIN = 1;
const PENDING_BYTES_MIN = ID_BYTES + TIME_BYTES + SIZE_MIN;

type Item<T> = T extends Iterable<infer Each> ? Each : never;
type Pending = Item<GroupParts["pending"]>;
type ConsumerParts = Item<GroupParts["consumers"]>;

/** Small streams are put together here, see {@linkcode decodeStream}. */
const packed = new PackedStream();
const checker = new StreamChecker();

/**
 * Reads a stream of one of its three types. A small one without groups is packed, and valid until the
 * next one is read.
 *
 * @throws {RdbError} it is broken.
 */
export function decodeStream(reader: RdbReader, type: number): Stream | PackedStream {
  try {
    const count = reader.count(2 * SIZE_MIN);
    return count === 1 ? readSingleChunk(reader, type) : readStream(reader, type, count);
  } catch (error) {
    if (error instanceof InvalidStreamError) throw reader.error(error.message);
    throw error;
  }
}

function readStream(reader: RdbReader, type: number, chunks: number): Stream {
  const builder = new StreamBuilder();
  for (let left = chunks; left > 0; left--) {
    readChunkId(reader);
    const id = { ms: chunkMs, seq: chunkSeq };
    reader.string();
    builder.addChunk(id, copyOf(reader.bytes, reader.start, reader.stop));
  }
  readFigures(reader, type);
  return readGroups(reader, type, builder, reader.count(SIZE_MIN));
}

/** Most streams of a file that has many are like this one: no object is made of it. */
function readSingleChunk(reader: RdbReader, type: number): Stream | PackedStream {
  readChunkId(reader);
  const [ms, seq] = [chunkMs, chunkSeq];
  reader.string();
  const { bytes, start, stop } = reader;
  let builder: StreamBuilder | undefined;
  if (packed.begin(ms, seq, bytes, start, stop)) {
    checker.reset();
    checker.checkChunk(ms, seq, bytes, start, stop);
  } else {
    builder = new StreamBuilder();
    builder.addChunk({ ms, seq }, copyOf(bytes, start, stop));
  }
  readFigures(reader, type);
  const groups = reader.count(SIZE_MIN);
  if (builder === undefined) {
    const { length, lastMs, lastSeq, deletedMs, deletedSeq, added } = figures;
    if (groups === 0) {
      checker.checkFigures(length, lastMs, lastSeq);
      packed.finish(lastMs, lastSeq, deletedMs, deletedSeq, added);
      return packed;
    }
    builder = new StreamBuilder();
    builder.addChunk({ ms, seq }, packed.listpack());
  }
  return readGroups(reader, type, builder, groups);
}

/** The ID of the chunk at hand, by {@linkcode readChunkId}. */
let chunkMs: Uint64 = 0;
let chunkSeq: Uint64 = 0;

function readChunkId(reader: RdbReader): void {
  reader.string();
  const { bytes, start } = reader;
  if (reader.stop - start !== ID_BYTES) throw reader.error("a chunk's ID has a wrong length");
  chunkMs = uint64At(bytes, start);
  chunkSeq = uint64At(bytes, start + ID_BYTES / 2);
}

function copyOf(bytes: Buffer, start: number, stop: number): Buffer {
  const listpack = chunkBuffer(stop - start);
  copyBytes(bytes, start, stop, listpack, 0);
  return listpack;
}

/** The figures of the stream at hand, by {@linkcode readFigures}. */
const figures = {
  length: 0,
  lastMs: 0 as Uint64,
  lastSeq: 0 as Uint64,
  deletedMs: 0 as Uint64,
  deletedSeq: 0 as Uint64,
  added: 0 as number | bigint,
};

function readFigures(reader: RdbReader, type: number): void {
  figures.added = figures.length = reader.length();
  figures.lastMs = reader.length64();
  figures.lastSeq = reader.length64();
  figures.deletedMs = figures.deletedSeq = 0;
  if (type === RdbType.stream) return;
  reader.length64(); // the first ID is that of the first entry
  reader.length64();
  figures.deletedMs = reader.length64();
  figures.deletedSeq = reader.length64();
  figures.added = readSigned(reader);
}

function readGroups(
  reader: RdbReader,
  type: number,
  builder: StreamBuilder,
  count: number,
): Stream {
  const { length, lastMs, lastSeq, deletedMs, deletedSeq, added } = figures;
  for (let left = count; left > 0; left--) builder.addGroup(readGroup(reader, type));
  const stream = builder.finish({
    length,
    lastId: idOf(lastMs, lastSeq),
    maxDeletedId: idOf(deletedMs, deletedSeq),
    entriesAdded: added,
  });
  if (type === RdbType.stream) {
    for (const group of stream.groups) {
      group.entriesRead = stream.numberOf(group.lastId);
    }
  }
  return stream;
}

/**
 * Reads the head of a group. Its rows are read while the builder asks for them, in the order in
 * which they stand: so they are never all in memory as objects.
 */
function readGroup(reader: RdbReader, type: number): GroupParts {
  const name = readName(reader);
  const lastId = readId(reader);
  const entriesRead = type === RdbType.stream ? 0 : readSigned(reader);
  return {
    name,
    lastId,
    entriesRead,
    pending: readPending(reader),
    consumers: readConsumers(reader, type),
  };
}

function* readPending(reader: RdbReader): Generator<Pending> {
  for (let left = reader.count(PENDING_BYTES_MIN); left > 0; left--) {
    const id = readRawId(reader);
    const time_ms = Number(reader.int64());
    yield { id, time_ms, deliveries: reader.length64() };
  }
}

function* readConsumers(reader: RdbReader, type: number): Generator<ConsumerParts> {
  for (let left = reader.count(SIZE_MIN); left > 0; left--) {
    const name = readName(reader);
    const seen_ms = Math.max(Number(reader.int64()), 0);
    if (type === RdbType.stream3) reader.skip(TIME_BYTES);
    yield { name, seen_ms, pending: readRawIds(reader) };
  }
}

function* readRawIds(reader: RdbReader): Generator<StreamId> {
  for (let left = reader.count(ID_BYTES); left > 0; left--) yield readRawId(reader);
}

function readRawId(reader: RdbReader): StreamId {
  return idAt(reader.buf, reader.skip(ID_BYTES));
}

function idAt(bytes: Buffer, at: number): StreamId {
  return { ms: uint64At(bytes, at), seq: uint64At(bytes, at + ID_BYTES / 2) };
}

function uint64At(bytes: Buffer, at: number): Uint64 {
  return fromWords(uint32BigEndianAt(bytes, at), uint32BigEndianAt(bytes, at + 4));
}

function readId(reader: RdbReader): StreamId {
  const ms = reader.length64();
  return idOf(ms, reader.length64());
}

function idOf(ms: Uint64, seq: Uint64): StreamId {
  return ms === 0 && seq === 0 ? ID_MIN : { ms, seq };
}

function readName(reader: RdbReader): string {
  reader.string();
  return reader.bytes.toString("latin1", reader.start, reader.stop);
}

/** A counter that may be -1, written as an unsigned integer. */
function readSigned(reader: RdbReader): number | bigint {
  const value = reader.length64();
  return typeof value === "number" ? value : toInt64(value);
}
