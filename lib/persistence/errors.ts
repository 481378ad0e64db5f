/**
 * What can be wrong with the files that data is kept in. Every message names the file, the place in
 * it, what is wrong there and what the operator can do; these texts go to the log, never to a
 * client.
 */

/** What went wrong. */
export type StorageErrorKind =
  /** The manifest cannot be trusted. */
  | "manifest"
  /** Bytes that no server wrote, or a file that ends where it may not. */
  | "damaged"
  /** The last file ends within a command and aof-load-truncated is `no`. */
  | "truncated"
  /** A command of the file was refused when replayed. */
  | "command"
  /** A file of a kind this server cannot read. */
  | "unsupported"
  /** Another server uses the directory. */
  | "locked"
  /** The operating system refused a call. */
  | "disk";

/** A reason to not start, or to not go on, with the files of a server. */
export class StorageError extends Error {
  /** The class, for logs. */
  override readonly name = "StorageError";
  /** What went wrong. */
  readonly kind: StorageErrorKind;
  /** The file in question. */
  readonly path: string;
  /** Offset in bytes (for a manifest, the line) of what is wrong, where that is known. */
  readonly offset: number | undefined;

  /** Makes the error; its message begins with the place. @param detail what is wrong and what to do, without the place. */
  constructor(kind: StorageErrorKind, path: string, offset: number | undefined, detail: string) {
    super(offset === undefined ? `${path}: ${detail}` : `${path}:${offset}: ${detail}`);
    this.kind = kind;
    this.path = path;
    this.offset = offset;
  }
}

/** A line for the server's log. */
export type Log = (level: "notice" | "warning", text: string) => void;
