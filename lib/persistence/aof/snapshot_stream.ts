/**
 * The commands that make a stream, consumer groups included.
 *
 *     XADD key 1-1 field value ... / XGROUP CREATE key group 1-1 ENTRIESREAD 1 /
 *     XGROUP CREATECONSUMER key group name / XCLAIM key group name 0 1-1 TIME ... /
 *     XSETID key 1-1 ENTRIESADDED 1 MAXDELETEDID 0-0
 *
 * Promise: what is pending is pending again, even an entry that was deleted: such entries are added
 * with the others, and deleted once they have been claimed.
 */

import { INT64_MAX } from "../../numbers/int64.ts";
import type { CommandEncoder } from "../../resp/encoder.ts";
import { Pace } from "../../types/pace.ts";
import type { ConsumerGroup } from "../../types/stream/group.ts";
import type { Element } from "../../types/stream/listpack.ts";
import type { Stream } from "../../types/stream/stream.ts";
import {
  compareIds,
  ID_MIN,
  idText,
  isZeroId,
  type StreamId,
} from "../../types/stream/stream_id.ts";

/** How many IDs an XDEL names at most. */
const IDS_MAX = 64;
/** Bytes that the command of a pending entry takes, besides names, about. */
const CLAIM_BYTES = 160;

type Steps = Generator<void, void, void>;

/** Encodes the commands that make `stream` under `key`, where nothing is; with rests in between. */
export function* encodeStream(encoder: CommandEncoder, key: Uint8Array, stream: Stream): Steps {
  const pace = new Pace();
  const gone = yield* pendingButGone(stream, pace);
  yield* encodeEntries(encoder, key, stream, gone, pace);
  for (const group of stream.groups) yield* encodeGroup(encoder, key, group, pace);
  for (let i = 0; i < gone.length; i += IDS_MAX) {
    encoder.command("XDEL", key, ...gone.slice(i, i + IDS_MAX).map(idText));
    if (pace.isOver(IDS_MAX * CLAIM_BYTES)) yield;
  }
  const { lastId, length, entriesAdded } = stream;
  // XSETID refuses figures that contradict each other, as a stream may have that was restored.
  const added = entriesAdded < length ? length : entriesAdded;
  const deleted = compareIds(stream.maxDeletedId, lastId) > 0 ? lastId : stream.maxDeletedId;
  const figures = ["ENTRIESADDED", added, "MAXDELETEDID", idText(deleted)] as const;
  encoder.command("XSETID", key, idText(lastId), ...figures);
}

/** IDs that some group has delivered and whose entries have been deleted, in order. */
function* pendingButGone(stream: Stream, pace: Pace): Generator<void, StreamId[], void> {
  const gone = new Map<string, StreamId>();
  for (const { pending } of stream.groups) {
    for (const row = pending.from(ID_MIN); row.hasRow; row.next()) {
      const { id } = row;
      if (!isZeroId(id) && !stream.has(id)) gone.set(idText(id), id);
      if (pace.isOver(CLAIM_BYTES)) yield;
    }
  }
  return [...gone.values()].sort(compareIds);
}

/** The entries, and between them in order those that are to be deleted again. */
function* encodeEntries(
  encoder: CommandEncoder,
  key: Uint8Array,
  stream: Stream,
  gone: readonly StreamId[],
  pace: Pace,
): Steps {
  let next = 0;
  function* addGone(before: StreamId | undefined): Steps {
    for (; next < gone.length && (!before || compareIds(gone[next], before) < 0); next++) {
      encoder.command("XADD", key, idText(gone[next]), "", "");
      if (pace.isOver(CLAIM_BYTES)) yield;
    }
  }
  for (const reader = stream.read(); reader.next();) {
    const { entry, id } = reader;
    if (next < gone.length) yield* addGone(id);
    encoder.begin(3 + 2 * entry.fieldCount);
    encoder.text("XADD");
    encoder.bulk(key, 0, key.length);
    encoder.text(idText(id));
    let size_bytes = key.length;
    while (entry.nextPair()) {
      const { field, value } = entry;
      encodeElement(encoder, field);
      encodeElement(encoder, value);
      size_bytes += field.end - field.start + value.end - value.start;
    }
    if (pace.isOver(size_bytes)) yield;
  }
  yield* addGone(undefined);
  // An empty stream is what remains of one entry that does not stay.
  if (stream.length === 0 && gone.length === 0) {
    encoder.command("XADD", key, "MAXLEN", 0, "0-1", "x", "y");
  }
}

function encodeElement(encoder: CommandEncoder, { bytes, start, end }: Element): void {
  encoder.bulk(bytes, start, end);
}

function* encodeGroup(
  encoder: CommandEncoder,
  key: Uint8Array,
  group: ConsumerGroup,
  pace: Pace,
): Steps {
  const { name, lastId, entriesRead } = group;
  const read = entriesRead < 0 ? -1 : entriesRead;
  encoder.command("XGROUP", "CREATE", key, name, idText(lastId), "ENTRIESREAD", read);
  for (const consumer of group.consumers) {
    encoder.command("XGROUP", "CREATECONSUMER", key, name, consumer.name);
    if (pace.isOver(CLAIM_BYTES)) yield;
  }
  for (const row = group.pending.from(ID_MIN); row.hasRow; row.next()) {
    if (isZeroId(row.id)) continue;
    const time_ms = Math.min(row.time_ms, Number.MAX_SAFE_INTEGER);
    const count = row.deliveries > INT64_MAX ? INT64_MAX : row.deliveries;
    const owner = group.owner(row).name;
    const options = ["TIME", time_ms, "RETRYCOUNT", count, "JUSTID", "FORCE"] as const;
    encoder.command("XCLAIM", key, name, owner, 0, idText(row.id), ...options);
    if (pace.isOver(CLAIM_BYTES)) yield;
  }
}
