/**
 * The running log as those see it who copy it: the archive and backups.
 *
 * Files before the last are sealed: complete, on stable storage, never written again. They may be
 * replaced by a rewrite and removed; whoever has opened or linked one keeps it.
 */

import type { ManifestFile } from "../aof/manifest.ts";

/** The files of a log at this moment. */
export interface LogFacts {
  /** Path of their directory. */
  readonly directory: string;
  /** `appendfilename`: what their names begin with. */
  readonly appendFileName: string;
  /** The base, if there is one. */
  readonly base: ManifestFile | undefined;
  /** The incremental files in order, at least one; the last is the one that is written. */
  readonly incrs: readonly ManifestFile[];
  /** So many bytes of the last one are with the kernel: the end of a whole batch. */
  readonly written_bytes: number;
  /** So many of them are known to be on stable storage: the end of a whole batch. */
  readonly synced_bytes: number;
  /** Another number each time logging begins: what changed while it was off is in no file. */
  readonly run: number;
}

/** Where the facts come from. */
export interface LogSource {
  /** The files as they are now; undefined while nothing is logged. */
  facts(): LogFacts | undefined;
}
