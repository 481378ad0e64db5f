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
import { type GroupParts, InvalidStreamError, StreamBuilder } from "../stream/build.ts";
import { chunkBuffer } from "../stream/chunk.ts";
import type { Stream } from "../stream/stream.ts";
import { ID_MIN, type StreamId } from "../stream/stream_id.ts";
import { fromWords, toInt64 } from "../stream/uint64.ts";
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

/** Reads a stream of one of its three types. @throws {RdbError} it is broken. */
export function decodeStream(reader: RdbReader, type: number): Stream {
  try {
    return readStream(reader, type);
  } catch (error) {
    if (error instanceof InvalidStreamError) throw reader.error(error.message);
    throw error;
  }
}

function readStream(reader: RdbReader, type: number): Stream {
  const builder = new StreamBuilder();
  for (let left = reader.count(2 * SIZE_MIN); left > 0; left--) readChunk(reader, builder);
  const length = reader.length();
  const lastId = readId(reader);
  const isNew = type !== RdbType.stream;
  if (isNew) skipId(reader); // the first ID is that of the first entry
  const maxDeletedId = isNew ? readId(reader) : ID_MIN;
  const entriesAdded = isNew ? readSigned(reader) : length;
  for (let left = reader.count(SIZE_MIN); left > 0; left--) {
    builder.addGroup(readGroup(reader, type));
  }
  const stream = builder.finish({ length, lastId, maxDeletedId, entriesAdded });
  if (!isNew) {
    for (const group of stream.groups) {
      group.entriesRead = stream.numberOf(group.lastId);
    }
  }
  return stream;
}

function readChunk(reader: RdbReader, builder: StreamBuilder): void {
  reader.string();
  if (reader.stop - reader.start !== ID_BYTES) {
    throw reader.error("a chunk's ID has a wrong length");
  }
  const id = idAt(reader.bytes, reader.start);
  reader.string();
  const { bytes, start, stop } = reader;
  const listpack = chunkBuffer(stop - start);
  copyBytes(bytes, start, stop, listpack, 0);
  builder.addChunk(id, listpack);
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
  return {
    ms: fromWords(uint32BigEndianAt(bytes, at), uint32BigEndianAt(bytes, at + 4)),
    seq: fromWords(uint32BigEndianAt(bytes, at + 8), uint32BigEndianAt(bytes, at + 12)),
  };
}

function readId(reader: RdbReader): StreamId {
  const ms = reader.length64();
  const seq = reader.length64();
  return ms === 0 && seq === 0 ? ID_MIN : { ms, seq };
}

function skipId(reader: RdbReader): void {
  reader.length64();
  reader.length64();
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
