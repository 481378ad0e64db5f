/** What a load can find wrong with a file: where, what, and what to do about it. */

import { StorageError } from "../errors.ts";
import type { AofFile } from "../files.ts";

/** How far a file is good. */
interface GoodPart {
  /** Number of the batch that is not, from 1. */
  readonly batch: number;
  /** Commands before it, of all files of the log. */
  readonly commandsBefore: number;
}

/** A tail that is not whole. */
interface TornTail {
  /** Where it begins. */
  readonly offset: number;
  /** Its length. */
  readonly removed_bytes: number;
  /** Within what the file ends. */
  readonly what: string;
}

const NOTHING_CHANGED = "No file was changed.";
const MEND =
  "'redeno aof check DIR' tells what is whole, 'redeno aof fix DIR' cuts there and keeps the rest " +
  "beside it; a backup or an archive may have all of it";

/** The bytes of a batch were safe once, and are no longer what they were. */
export function damagedBatch(
  { path }: AofFile,
  end: { readonly offset: number; readonly reason: string },
  { batch, commandsBefore }: GoodPart,
): StorageError {
  return new StorageError(
    "damaged",
    path,
    end.offset,
    `Bad file format: batch ${batch} is damaged: ${end.reason}, although it was on stable storage. ` +
      `The ${commandsBefore} commands before it are good. ${NOTHING_CHANGED} ${MEND}`,
  );
}

/** What stands at `offset` is no command. */
export function badFormat({ path }: AofFile, offset: number, reason: string): StorageError {
  return new StorageError(
    "damaged",
    path,
    offset,
    `Bad file format reading the append only file: ${reason}. ${NOTHING_CHANGED} Restore the ` +
      "file from a backup or an archive, or make a copy and use 'redeno aof fix DIR' (or " +
      "redis-check-aof --fix <filename.manifest>), which drops everything from here on",
  );
}

/** A file has a torn tail, but later files have data. */
export function tornTooEarly(
  { path }: AofFile,
  { offset, what }: TornTail,
  { commandsBefore }: GoodPart,
): StorageError {
  return new StorageError(
    "damaged",
    path,
    offset,
    `the file ends within a ${what}, and it is not the last file. The ${commandsBefore} commands ` +
      `before it are good. ${NOTHING_CHANGED} ${MEND}`,
  );
}

/** A file has lost its end: whole batches, at least the empty one that ended it. */
export function unsealed(
  { path }: AofFile,
  offset: number,
  { batch, commandsBefore }: GoodPart,
): StorageError {
  return new StorageError(
    "damaged",
    path,
    offset,
    `Bad file format: batch ${batch} is missing: the file ends without its seal, although it was ` +
      `complete. The ${commandsBefore} commands before it are good. ${NOTHING_CHANGED} ${MEND}`,
  );
}

/** A snapshot has no byte. */
export function emptyRdb({ path }: AofFile): StorageError {
  return new StorageError(
    "damaged",
    path,
    0,
    `Bad file format: the file is empty, and must hold an RDB. ${NOTHING_CHANGED} Restore it from a ` +
      "backup or an archive",
  );
}

/** A torn tail, and `aof-load-truncated no`. */
export function truncated({ path }: AofFile, tail: TornTail): StorageError {
  return new StorageError(
    "truncated",
    path,
    tail.offset,
    `Unexpected end of file reading the append only file: it ends within a ${tail.what}, ` +
      `${tail.removed_bytes} bytes after the last whole one. You can: 1) Make a backup of your AOF ` +
      "file, then use 'redeno aof fix DIR' (or redis-check-aof --fix <filename.manifest>). 2) " +
      "Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server",
  );
}

/** A command of the file answered with an error. */
export function refusedCommand(
  { path }: AofFile,
  offset: number,
  name: string,
  refusal: string,
): StorageError {
  const what = refusal.startsWith("ERR unknown command")
    ? `Unknown command '${name}' reading the append only file`
    : `the command '${name}' was refused when replayed: ${refusal}`;
  return new StorageError("command", path, offset, `${what}. ${NOTHING_CHANGED}`);
}

/** A file begins with an RDB where only commands can be loaded. */
export function noRdb({ path }: AofFile): StorageError {
  return new StorageError("unsupported", path, 0, "the file holds data in RDB format");
}
