/**
 * The values of the live directives - those that mean something to redeno - with their types. A
 * field has the directive's own name, so that `config.values.appendfsync` and
 * `config.values["tcp-backlog"]` are found by searching for what stands in redis.conf.
 */

import type { BufferLimits } from "./buffer_limits.ts";
import type { SavePoint } from "./list_kinds.ts";

/** What is allowed: to nobody, to everybody, or to clients on this machine. */
export type Permission = "no" | "yes" | "local";

/** One typed value per live directive; texts are byte text. */
export interface ConfigValues {
  /** Addresses to listen on; `*` and `::*` are all of IPv4 and IPv6, a leading `-` is optional. */
  readonly bind: readonly string[];
  /** TCP port; 0 is none. */
  readonly port: number;
  /** Connections the kernel queues before they are accepted. */
  readonly "tcp-backlog": number;
  /** Seconds between keep-alive probes; 0 is none. */
  readonly "tcp-keepalive": number;
  /** Path of the Unix socket, absolute or from the working directory; empty is none. */
  readonly unixsocket: string;
  /** Permissions of its file, such as 0o700; 0: those that the process gives new files. */
  readonly unixsocketperm: number;
  /** Seconds after which an idle client is closed; 0 is never. */
  readonly timeout: number;
  /** Clients at a time. */
  readonly maxclients: number;
  /** Without a password, only this machine may connect. */
  readonly "protected-mode": boolean;
  /** Password of the default user; empty is none. */
  readonly requirepass: string;
  /** Who may use DEBUG. */
  readonly "enable-debug-command": Permission;
  /** Who may set protected directives with CONFIG SET. */
  readonly "enable-protected-configs": Permission;
  /** Number of databases. */
  readonly databases: number;
  /** Working directory: an absolute path. */
  readonly dir: string;
  /** The least important messages that are logged. */
  readonly loglevel: "debug" | "verbose" | "notice" | "warning";
  /** Where the log goes; empty is standard output. */
  readonly logfile: string;
  /** File that the process id is written to; empty is none. */
  readonly pidfile: string;
  /** Longest argument of a command, in bytes. */
  readonly "proto-max-bulk-len": number;
  /** Most that may wait to be read from one client, in bytes. */
  readonly "client-query-buffer-limit": number;
  /** Most that may wait to be sent to one client. */
  readonly "client-output-buffer-limit": BufferLimits;
  /** Whether changes are logged. */
  readonly appendonly: boolean;
  /** Stem of the log's file names. */
  readonly appendfilename: string;
  /** Directory of the log, below `dir`. */
  readonly appenddirname: string;
  /** When the log is forced to the disk. */
  readonly appendfsync: "always" | "everysec" | "no";
  /** Whether a torn end of the log is cut rather than stopping the start. */
  readonly "aof-load-truncated": boolean;
  /** Whether the log carries times. */
  readonly "aof-timestamp-enabled": boolean;
  /** What a command that fails on replay does: stop the start, or be reported. */
  readonly "aof-replay-errors": "stop" | "report";
  /** Whether batches of the log carry checksums. */
  readonly "aof-checksums": boolean;
  /** Whether a base file is written as RDB rather than as commands. */
  readonly "aof-use-rdb-preamble": boolean;
  /** Whether a base file is forced to the disk bit by bit while it is written. */
  readonly "aof-rewrite-incremental-fsync": boolean;
  /** Whether the log is not forced to the disk while a snapshot is written. */
  readonly "no-appendfsync-on-rewrite": boolean;
  /** Growth since the last rewrite, in percent, that starts the next one; 0 is never. */
  readonly "auto-aof-rewrite-percentage": number;
  /** Bytes that a log must have to be rewritten by itself. */
  readonly "auto-aof-rewrite-min-size": number;
  /** Where a copy of the log is kept; empty is nowhere. */
  readonly "aof-archive-dir": string;
  /** Seconds between two copies of what was added to the log. */
  readonly "aof-archive-interval": number;
  /** Seconds that replaced parts are kept in the archive; 0 is for ever. */
  readonly "aof-archive-retention": number;
  /** Most of the time, in percent, that writing a snapshot takes from serving clients. */
  readonly "snapshot-cpu-percent": number;
  /** After how many changes in how many seconds a snapshot is saved. */
  readonly save: readonly SavePoint[];
  /** Name of the snapshot file, in `dir`. */
  readonly dbfilename: string;
  /** Whether snapshots carry a checksum, and whether it is checked. */
  readonly rdbchecksum: boolean;
  /** Whether a snapshot is forced to the disk bit by bit while it is written. */
  readonly "rdb-save-incremental-fsync": boolean;
  /** Whether writes are refused after a snapshot in the background has failed. */
  readonly "stop-writes-on-bgsave-error": boolean;
  /** What SIGINT does; empty: the default. */
  readonly "shutdown-on-sigint": readonly string[];
  /** What SIGTERM does; empty: the default. */
  readonly "shutdown-on-sigterm": readonly string[];
  /** Microseconds from which on a command is slow; -1: none is. */
  readonly "slowlog-log-slower-than": number;
  /** Slow commands that are remembered for SLOWLOG. */
  readonly "slowlog-max-len": number;
  /** Milliseconds from which on an event is remembered for LATENCY; 0: none is. */
  readonly "latency-monitor-threshold": number;
  /** Whether the distribution of each command's time is kept. */
  readonly "latency-tracking": boolean;
  /** Percentiles of it that INFO latencystats tells. */
  readonly "latency-tracking-info-percentiles": readonly number[];
  /** Background rounds per second. */
  readonly hz: number;
  /** Whether `hz` adapts to the number of clients. */
  readonly "dynamic-hz": boolean;
  /** Whether tables are resized in the background. */
  readonly activerehashing: boolean;
  /** Whether evicted values are freed in the background. */
  readonly "lazyfree-lazy-eviction": boolean;
  /** Whether expired values are freed in the background. */
  readonly "lazyfree-lazy-expire": boolean;
  /** Whether overwritten values are freed in the background. */
  readonly "lazyfree-lazy-server-del": boolean;
  /** Whether DEL behaves as UNLINK. */
  readonly "lazyfree-lazy-user-del": boolean;
  /** Whether FLUSHDB and FLUSHALL are asynchronous unless they say otherwise. */
  readonly "lazyfree-lazy-user-flush": boolean;
  /** Which keys go first when memory is short; `-lfu` also says what a key remembers of its use. */
  readonly "maxmemory-policy": string;
  /** How slowly the counter of uses grows. */
  readonly "lfu-log-factor": number;
  /** Minutes after which the counter of uses falls by one; 0 is never. */
  readonly "lfu-decay-time": number;
  /** Published events, a mask of NotifyFlag. */
  readonly "notify-keyspace-events": number;
  /** Most fields of a packed hash. */
  readonly "hash-max-listpack-entries": number;
  /** Longest field or value of a packed hash, in bytes. */
  readonly "hash-max-listpack-value": number;
  /** Most members of a set that is kept as integers. */
  readonly "set-max-intset-entries": number;
  /** Most members of a packed sorted set. */
  readonly "zset-max-listpack-entries": number;
  /** Longest member of a packed sorted set, in bytes. */
  readonly "zset-max-listpack-value": number;
  /** A list's chunk: entries if above 0, else -1 to -5 for 4, 8, 16, 32, 64 KiB. */
  readonly "list-max-listpack-size": number;
  /** Chunks at each end of a list that are never compressed; 0 compresses none. */
  readonly "list-compress-depth": number;
  /** Bytes up to which a HyperLogLog stays sparse. */
  readonly "hll-sparse-max-bytes": number;
  /** Bytes of a stream's chunk; 0 is no limit. */
  readonly "stream-node-max-bytes": number;
  /** Entries of a stream's chunk; 0 is no limit. */
  readonly "stream-node-max-entries": number;
  /** Whether long strings are compressed in DUMP. */
  readonly rdbcompression: boolean;
  /** Microseconds to pause for each key that is loaded; negative: one microsecond for so many keys. */
  readonly "key-load-delay": number;
  /** The same for each key that a snapshot holds. */
  readonly "rdb-key-save-delay": number;
}
