/**
 * What was done to a simulated disk, in order: enough to say what may be found on it after a crash
 * at any moment.
 *
 * A file is known by a number, not by a name: it may have several names, or none any more. Nothing
 * here is changed after it was added, so that any number of crashes can be taken from one journal.
 */

/** Number of a file. */
export type NodeId = number;
/** Stands for a directory where a name is given to it. */
export const DIRECTORY: NodeId = -1;

/** What is on a disk, all of it on stable storage. Two names of one file have the same bytes. */
export interface Image {
  /** Path to content; the contents are never changed. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Paths of the directories. */
  readonly directories: ReadonlySet<string>;
}

/** A name that is given (to a file) or taken away (undefined). */
export interface NameChange {
  readonly path: string;
  readonly node: NodeId | undefined;
}

/** One change to a disk, or one promise by it. */
export type DiskOp =
  | {
    readonly kind: "write";
    readonly node: NodeId;
    readonly at: number;
    readonly bytes: Uint8Array;
  }
  | { readonly kind: "truncate"; readonly node: NodeId; readonly size_bytes: number }
  /** All changes of the file before `upTo` (an index into the journal) are on stable storage. */
  | { readonly kind: "sync"; readonly node: NodeId; readonly upTo: number }
  /** An fsync failed: whether the changes before `upTo` survive is chance, now and for ever. */
  | { readonly kind: "doubt"; readonly node: NodeId; readonly upTo: number }
  /** Names change, all of these or none. */
  | { readonly kind: "names"; readonly changes: readonly NameChange[] }
  /** All changes before `upTo` to names in the directory are on stable storage. */
  | { readonly kind: "sync names"; readonly directory: string; readonly upTo: number };

/** The directory that a path is in. */
export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** The journal of one disk, from an image on. */
export interface Journal {
  /** What the disk began with. */
  readonly start: Image;
  /** The files of that image, by number. */
  readonly nodes: ReadonlyMap<NodeId, Uint8Array>;
  /** The names of those files. */
  readonly names: ReadonlyMap<string, NodeId>;
  /** What was done since. */
  readonly ops: readonly DiskOp[];
}
