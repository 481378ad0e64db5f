/**
 * Where an archive is kept: named objects that are stored whole, as in a directory or in object
 * storage. Nothing is ever appended to or changed in place.
 *
 * Promise asked of every sink: after a crash at any moment an object is there whole or not at all,
 * and one whose `put` has resolved is there.
 */

/** A place for objects. Every call rejects with an error that says what failed. */
export interface ArchiveSink {
  /** What it is, for messages: a path, a URL. */
  readonly name: string;
  /** Stores an object, in place of one of that name; `bytes` are the caller's again afterwards. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** The names of all objects, in any order; unfinished ones are none. */
  list(): Promise<string[]>;
  /** The content of an object. */
  read(name: string): Promise<Uint8Array>;
  /** Removes an object; nothing happens if there is none. */
  remove(name: string): Promise<void>;
}
