/**
 * Copies bytes of the log's files into an archive's objects, a chunk at a time, through one buffer.
 *
 * Promise: reading and storing are done in the background, and no turn is held longer than the
 * checksum of 256 KiB takes (some 0.2 ms).
 */

import type { BackgroundFile } from "../../platform/background_disk.ts";
import type { Clock } from "../../platform/clock.ts";
import { crc32 } from "../aof/frames.ts";
import { StorageError } from "../errors.ts";
import { CHUNK_BYTES_MAX, type PartCopy } from "./part_copy.ts";
import type { ArchiveSink } from "./sink.ts";

const SLICE_BYTES = 256 * 1024;

/** Where bytes come from, and how many of them may be copied. */
export interface CopySource {
  readonly file: BackgroundFile;
  /** Its path, for messages. */
  readonly path: string;
  /** Bytes from its beginning on; Infinity: all it has. */
  readonly target_bytes: number;
}

/** Copies chunks, one at a time. */
export class ChunkCopier {
  /** Bytes stored so far, those of merged chunks as often as they were stored. */
  stored_bytes = 0;
  readonly #sink: ArchiveSink;
  readonly #clock: Clock;
  #buffer: Uint8Array = new Uint8Array(0);

  /** @param clock whose timers give the rests between slices. */
  constructor(sink: ArchiveSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Adds a chunk to a copy, if the source has more; resolves to whether it had. */
  async copy(history: number, copy: PartCopy, source: CopySource): Promise<boolean> {
    const { file, path, target_bytes } = source;
    const { start, end } = copy.next(target_bytes);
    if (end <= copy.length) return false;
    if (this.#buffer.length < end - start) this.#buffer = newBuffer(end - start);
    const count = await file.readAt(start, this.#buffer.subarray(0, end - start));
    if (count < end - start && target_bytes !== Infinity) {
      throw new StorageError(
        "damaged",
        path,
        start + count,
        `the file ends here, though ${target_bytes} bytes of it were written`,
      );
    }
    if (start + count <= copy.length) return false;
    const bytes = this.#buffer.subarray(0, count);
    const crc = await checksumInSlices(bytes, this.#clock);
    await copy.store(this.#sink, history, { offset: start, length: count, crc }, bytes);
    this.stored_bytes += count;
    return true;
  }
}

/** Small tails need no buffer of a whole chunk. */
function newBuffer(size_bytes: number): Uint8Array {
  return new Uint8Array(size_bytes <= SLICE_BYTES ? SLICE_BYTES : CHUNK_BYTES_MAX);
}

/** CRC-32 of `bytes`, with a rest after each 256 KiB. @param before that of the bytes before. */
export async function checksumInSlices(
  bytes: Uint8Array,
  clock: Clock,
  before = 0,
): Promise<number> {
  let crc = before;
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    if (at > 0) await new Promise<void>((resolve) => void clock.after(0, resolve));
    crc = crc32(bytes, at, Math.min(at + SLICE_BYTES, bytes.length), crc);
  }
  return crc;
}
