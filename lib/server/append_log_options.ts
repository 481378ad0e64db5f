/** What the append-only file of a server is given, and what it tells. */

import type { Config } from "../config/config.ts";
import type { Keyspace } from "../keyspace/keyspace.ts";
import type { WriterStats } from "../persistence/aof/writer.ts";
import type { StorageError } from "../persistence/errors.ts";
import type { AppendFile } from "../persistence/files.ts";
import type { Clock } from "../platform/clock.ts";
import type { Disk } from "../platform/disk.ts";
import type { EncodingLimits } from "../types/rdb/limits.ts";
import type { LoadingProgress } from "./loading_progress.ts";

/** What the log needs of the server. */
export interface AppendLogOptions {
  readonly config: Config;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: (level: "notice" | "warning", text: string) => void;
  /** Who the directory belongs to: `pid 123, port 6379`. */
  readonly owner: () => string;
  /** The log has become safer: replies that waited may leave. */
  readonly onSafe: () => void;
  /** The process must end at once, with status 1. */
  readonly onFatal: (error: StorageError) => void;
  /** Where an RDB base is loaded into, and how values are kept. */
  readonly keyspace: Keyspace;
  readonly limits: () => EncodingLimits;
  readonly progress: LoadingProgress;
  /** Told how long writes and fsyncs took. */
  readonly onEvent: (event: string, duration_ms: number) => void;
  /** What comes next goes to another file: it must stand on its own. */
  readonly onFileChange: () => void;
  /** An fsync has failed: only a new base makes sure of what it covered. */
  readonly onDurabilityLost: () => void;
  /** `AppendLog.facts` says something else than before; files may be removed after it. */
  readonly onFiles: () => void;
}

/** A change to another file. */
export interface FileChange {
  /** What is appended from now on goes there. */
  readonly next: AppendFile;
  /** Resolves when what was appended before is whole and on stable storage. */
  readonly sealed: Promise<void>;
}

/** The log's part of INFO persistence, by the names that Redis gives. */
export interface LogStats extends WriterStats {
  readonly aof_current_size: number;
  readonly aof_base_size: number;
  readonly aof_pending_rewrite: number;
}
