/**
 * The chunks of one file of the log in an archive, and how the next ones are cut.
 *
 * The tail of a file comes in small pieces. Each new chunk takes in those before it that are no
 * larger than itself, as long as it stays below 1 MiB, and they are removed when it is stored: a
 * byte is stored some log2(1 MiB / piece) times, and a file has few chunks per MiB.
 */

import { type Chunk, chunkName, type PartKey } from "./names.ts";
import type { ArchiveSink } from "./sink.ts";

/** Most bytes of a chunk. */
export const CHUNK_BYTES_MAX = 1 << 20;

/** The archived beginning of a file. */
export class PartCopy {
  readonly key: PartKey;
  /** In order, without gaps. */
  #chunks: Chunk[];

  /** @param chunks that are archived, in order and without gaps. */
  constructor(key: PartKey, chunks: readonly Chunk[] = []) {
    this.key = key;
    this.#chunks = [...chunks];
  }

  /** Bytes that are archived. */
  get length(): number {
    const last = this.#chunks.at(-1);
    return last === undefined ? 0 : last.offset + last.length;
  }

  /** The chunks, in order. */
  get chunks(): readonly Chunk[] {
    return this.#chunks;
  }

  /** Where the next chunk begins and ends when the file is to be archived up to `target_bytes`. */
  next(target_bytes: number): { start: number; end: number } {
    const end = Math.min(target_bytes, this.length + CHUNK_BYTES_MAX);
    let start = this.length;
    for (const { offset, length } of this.#chunks.toReversed()) {
      if (length > end - start || end - offset > CHUNK_BYTES_MAX) break;
      start = offset;
    }
    return { start, end };
  }

  /** Stores a chunk that {@linkcode PartCopy.next} has given, and removes those it takes in. */
  async store(sink: ArchiveSink, history: number, chunk: Chunk, bytes: Uint8Array): Promise<void> {
    await sink.put(chunkName(history, this.key, chunk), bytes);
    const superseded = this.#chunks.filter(({ offset }) => offset >= chunk.offset);
    this.#chunks = [...this.#chunks.filter(({ offset }) => offset < chunk.offset), chunk];
    for (const old of superseded) await sink.remove(chunkName(history, this.key, old));
  }
}
