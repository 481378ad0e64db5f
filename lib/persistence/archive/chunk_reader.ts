/**
 * Bytes of an archived file, while the server that writes the archive puts larger chunks in the
 * place of smaller ones.
 *
 * Promise: every byte is verified against the checksum in the name of the object it comes from.
 */

import { StorageError } from "../errors.ts";
import { joinPath } from "../files.ts";
import { checksumOf, type Chunk, chunkName, type PartKey, readNames } from "./names.ts";
import type { ArchiveSink } from "./sink.ts";

/** A chunk is replaced some twenty times at most before it is of full length. */
const TRIES = 20;

/**
 * Reads the bytes of a chunk, from its object or from one that has replaced it.
 *
 * @throws {StorageError} the object is damaged
 */
export async function readChunk(
  sink: ArchiveSink,
  history: number,
  key: PartKey,
  chunk: Chunk,
): Promise<Uint8Array> {
  let source = chunk;
  for (let left = TRIES;; left--) {
    try {
      const bytes = await readWhole(sink, chunkName(history, key, source), source);
      const from = chunk.offset - source.offset;
      return bytes.subarray(from, from + chunk.length);
    } catch (error) {
      const isDamaged = error instanceof StorageError;
      const next = isDamaged || left <= 1
        ? undefined
        : await findInstead(sink, history, key, chunk, source);
      if (next === undefined) throw error;
      source = next;
    }
  }
}

async function readWhole(
  sink: ArchiveSink,
  object: string,
  { length, crc }: Chunk,
): Promise<Uint8Array> {
  const bytes = await sink.read(object);
  if (bytes.length === length && checksumOf(bytes) === crc) return bytes;
  throw new StorageError(
    "damaged",
    joinPath(sink.name, object),
    undefined,
    "the object does not have the length and the checksum that its name says. Get it back from " +
      "another copy of the archive, or restore an earlier moment",
  );
}

/** The chunk that holds the bytes of `chunk` now that `gone` is; undefined if that is still there. */
async function findInstead(
  sink: ArchiveSink,
  history: number,
  key: PartKey,
  { offset, length }: Chunk,
  gone: Chunk,
): Promise<Chunk | undefined> {
  const chunks = readNames(await sink.list()).get(history)?.chunks.get(key) ?? [];
  const isGone = !chunks.some((other) => chunkName(0, key, other) === chunkName(0, key, gone));
  if (!isGone) return undefined;
  return chunks.find((other) =>
    other.offset <= offset && other.offset + other.length >= offset + length
  );
}
