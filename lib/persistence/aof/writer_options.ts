/** What a writer of the log is given, and what it tells. */

import type { Clock } from "../../platform/clock.ts";
import type { Disk } from "../../platform/disk.ts";
import type { Log, StorageError } from "../errors.ts";
import type { AppendFile } from "../files.ts";
import type { BatchFileOptions } from "./batch_file.ts";
import type { AofQueue, Batch } from "./queue.ts";

/** When the log is forced to stable storage: `appendfsync`. */
export type FsyncPolicy = "always" | "everysec" | "no";

/** What took time, by the names of Redis's latency events; `aof-fsync` is a background fsync. */
export type WriterEvent =
  | "aof-write"
  | "aof-write-pending-fsync"
  | "aof-write-alone"
  | "aof-fsync-always"
  | "aof-fsync";

/** What a writer needs: the file that it begins with, which it closes, and more. */
export interface WriterOptions extends AppendFile, BatchFileOptions {
  /** Where the commands come from; the writer is its consumer. */
  readonly queue: AofQueue;
  /** When to force to stable storage. */
  readonly policy: FsyncPolicy;
  /** Where the files are: to write again what a failed fsync covered. Missing: it stays unknown. */
  readonly disk?: Disk;
  /** Time. */
  readonly clock: Clock;
  /** The server's log. */
  readonly log: Log;
  /** Called when a batch is as safe as the policy asks. Must not throw. */
  readonly onSafe: (batch: Batch) => void;
  /** Called when a write, or the fsync of a file to be left, has failed: `AofWriter.misconf` is set. */
  readonly onRefused?: () => void;
  /** Called when the process must end, with status 1, without another reply. */
  readonly onFatal: (error: StorageError) => void;
  /** Called after a failed fsync with the number of bytes that may be lost at a power failure. */
  readonly onDurabilityLost?: (unknown_bytes: number) => void;
  /** Called with how long writes and fsyncs took; nothing is measured without it. */
  readonly onDuration?: (event: WriterEvent, duration_ms: number) => void;
}

/** The writer's part of INFO persistence, by the names that Redis gives. */
export interface WriterStats {
  /** Bytes that wait to be written. */
  readonly aof_buffer_length: number;
  /** Background fsyncs under way: 0 or 1. */
  readonly aof_pending_bio_fsync: number;
  /** How often a write met an fsync that took over two seconds. */
  readonly aof_delayed_fsync: number;
  /** See `AofWriter.lastWriteStatus`. */
  readonly aof_last_write_status: "ok" | "err";
}
