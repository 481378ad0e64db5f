/**
 * A long list as it was at one moment, read while it changes: its chunks, none of which changes any
 * more. The list copies a chunk before it changes it, and leaves the one it had, or one that it has
 * no use for, to the moment.
 *
 * To begin costs 8 bytes a chunk, a change 8 KiB at most once for each chunk.
 */

import type { ValueMoment } from "../../keyspace/value_moment.ts";
import { type KeptBytes, KeptShare } from "../../memory/kept_bytes.ts";
import { type Chunk, releaseLater } from "./chunk.ts";
import type { ChunkRow } from "./chunk_row.ts";

/** See above. */
export class ListMoment implements ValueMoment {
  /** In order. */
  readonly chunks: readonly Chunk[];
  /** How many elements there are. */
  readonly length: number;
  /** Bytes that they take. */
  readonly usedBytes: number;
  readonly #onEnd: () => void;
  /** Those that the list has done with ... */
  readonly #left: Chunk[] = [];
  /** ... and their bytes. */
  readonly #leftBytes: KeptShare;

  /** The moment is now. @param list is as it is. @param onEnd the list need keep nothing any more. */
  constructor(
    list: {
      readonly chunks: ChunkRow;
      readonly length: number;
      readonly usedBytes: number;
    },
    kept: KeptBytes,
    onEnd: () => void,
  ) {
    this.chunks = list.chunks.slice();
    this.length = list.length;
    this.usedBytes = list.usedBytes;
    this.#leftBytes = new KeptShare(kept);
    this.#onEnd = onEnd;
  }

  /** Takes over a chunk. */
  leave(chunk: Chunk): void {
    this.#left.push(chunk);
    this.noteLeft(chunk.size);
  }

  /** So many bytes are in memory for the sake of the moment only. */
  noteLeft(size_bytes: number): void {
    this.#leftBytes.add(size_bytes);
  }

  end(): void {
    this.#leftBytes.end();
    releaseLater(this.#left);
    this.#onEnd();
  }

  drain(): boolean {
    this.end();
    return true;
  }
}
