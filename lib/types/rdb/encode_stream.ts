/**
 * Writes streams in the form that `streams.ts` shows, which reads them: chunk by chunk and row by
 * row, with rests in between.
 */

import { Buffer } from "node:buffer";
import { Pace } from "../pace.ts";
import type { ConsumerGroup } from "../stream/group.ts";
import type { IdRows } from "../stream/pending.ts";
import type { Stream } from "../stream/stream.ts";
import { ID_MIN, type StreamId } from "../stream/stream_id.ts";
import { WHOLE_BYTES_MAX, writeLongString } from "./long_string.ts";
import type { RdbWriter } from "./writer.ts";

const ID_BYTES = 16;
/** Bytes of a row of a group, about. */
const ROW_BYTES = 32;

/** Writes a stream as Redis 7.0 does, without its type. */
export function* encodeStream(writer: RdbWriter, stream: Stream): Generator<void, void, void> {
  const pace = new Pace();
  writer.size(stream.chunks.length);
  for (const chunk of stream.chunks) {
    const { buf, length } = chunk;
    writer.size(ID_BYTES);
    writeRawId(writer, chunk);
    if (length <= WHOLE_BYTES_MAX) writer.string(buf, 0, length);
    else yield* writeLongString(writer, [{ bytes: buf, start: 0, end: length }]);
    if (pace.isOver(length)) yield;
  }
  writer.size(stream.length);
  writeId(writer, stream.lastId);
  writeId(writer, stream.firstId);
  writeId(writer, stream.maxDeletedId);
  writer.size(unsigned(stream.entriesAdded));
  writer.size(stream.groups.size);
  for (const group of stream.groups) yield* encodeGroup(writer, group, pace);
}

function* encodeGroup(
  writer: RdbWriter,
  group: ConsumerGroup,
  pace: Pace,
): Generator<void, void, void> {
  writeName(writer, group.name);
  writeId(writer, group.lastId);
  writer.size(unsigned(group.entriesRead));
  writer.size(group.pending.size);
  for (const row = group.pending.from(ID_MIN); row.hasRow; row.next()) {
    writeRawId(writer, row.id);
    writer.int64(row.time_ms);
    writer.size(row.deliveries);
    if (pace.isOver(ROW_BYTES)) yield;
  }
  writer.size(group.consumers.size);
  for (const { name, seen_ms, pending } of group.consumers) {
    writeName(writer, name);
    writer.int64(seen_ms);
    writer.size(pending.size);
    yield* writeRawIds(writer, pending, pace);
    if (pace.isOver(name.length)) yield;
  }
}

function* writeRawIds(writer: RdbWriter, ids: IdRows, pace: Pace): Generator<void, void, void> {
  for (const row = ids.from(ID_MIN); row.hasRow; row.next()) {
    writeRawId(writer, row.id);
    if (pace.isOver(ID_BYTES)) yield;
  }
}

function writeRawId(writer: RdbWriter, { ms, seq }: StreamId): void {
  writer.uint64BigEndian(ms);
  writer.uint64BigEndian(seq);
}

function writeId(writer: RdbWriter, { ms, seq }: StreamId): void {
  writer.size(ms);
  writer.size(seq);
}

function writeName(writer: RdbWriter, name: string): void {
  const bytes = Buffer.from(name, "latin1");
  writer.string(bytes, 0, bytes.length);
}

/** A counter that may be -1, as the unsigned integer with the same bits. */
function unsigned(value: number | bigint): number | bigint {
  return value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
}
