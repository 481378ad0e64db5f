/** What can be wrong with an RDB file, as errors that name file, offset, reason and what to do. */

import { StorageError, type StorageErrorKind } from "../errors.ts";

/** Longest part of a key that a message shows. */
const KEY_LENGTH_MAX = 64;
const DAMAGED_ADVICE =
  "Restore it from a backup or a replica, or move it away to start without its data";

/** A key (latin1) for messages: in quotes, printable, not too long. */
export function keyName(key: string): string {
  const shown = key.slice(0, KEY_LENGTH_MAX).replace(
    /[^ -~]|["\\]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${shown}"${key.length > KEY_LENGTH_MAX ? "..." : ""}`;
}

/** Makes the errors of one file. */
export class RdbProblems {
  /** Where the opcode or key stands that is being read. */
  offset_bytes: number;

  /** @param path the file. @param offset_bytes where its RDB begins. */
  constructor(readonly path: string, offset_bytes: number) {
    this.offset_bytes = offset_bytes;
  }

  /** These bytes are not what a server has written. */
  damaged(reason: string): StorageError {
    return this.#error("damaged", reason, DAMAGED_ADVICE);
  }

  /** This is something that cannot be read here. @param advice a sentence, without its full stop. */
  unsupported(reason: string, advice: string): StorageError {
    return this.#error("unsupported", reason, advice);
  }

  #error(kind: StorageErrorKind, reason: string, advice: string): StorageError {
    const detail = `${reason}. The file was not changed. ${advice}`;
    return new StorageError(kind, this.path, this.offset_bytes, detail);
  }
}
