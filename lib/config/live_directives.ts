/**
 * The directives that mean something to redeno, with Redis 7.0's defaults and limits.
 */

import { bufferLimits } from "./buffer_limits.ts";
import { directive, type DirectiveSpec } from "./kind.ts";
import { addresses, directoryPath, percentiles, savePoints, shutdownFlags } from "./list_kinds.ts";
import { notifyFlags } from "./notify_flags.ts";
import { bool, choice, INT_MAX, integer, memory, octal, string, UINT_MAX } from "./scalar_kinds.ts";
import type { ConfigValues, Permission } from "./values.ts";

/** Rounds per second: what is asked for is bent into this range, as in Redis. */
const HZ_MIN = 1n;
const HZ_MAX = 500n;
/** The least that the limits on a client's input may be set to. */
const INPUT_LIMIT_MIN_BYTES = 1024 * 1024;
const PERMISSION_BITS_MAX = 0o777;

const immutable = { immutable: true } as const;
const permission = choice<Permission>(["no", "yes", "local"]);
const count = integer(0);
const int = integer(0, INT_MAX);
const delay = integer(-INT_MAX - 1, INT_MAX);

function fileName(directiveName: string, what: string): (word: string) => string | undefined {
  return (word) => {
    if (word === "") return `${directiveName} can't be empty`;
    if (word.includes("/")) return `${directiveName} can't be a path, just a ${what}`;
    return undefined;
  };
}

/** Every live directive. */
export const liveDirectives: {
  readonly [Name in keyof ConfigValues]: DirectiveSpec<ConfigValues[Name]>;
} = {
  bind: directive(addresses, "* -::*", {
    note: "a listener that cannot bind refuses: Failed to bind to specified addresses.",
  }),
  port: directive(integer(0, 65535), "6379", { note: "0 listens on no TCP port" }),
  "tcp-backlog": directive(int, "511", immutable),
  "tcp-keepalive": directive(int, "300", { note: "for connections accepted from then on" }),
  unixsocket: directive(string(), "", immutable),
  unixsocketperm: directive(octal(PERMISSION_BITS_MAX), "0", immutable),
  timeout: directive(int, "0"),
  maxclients: directive(integer(1, UINT_MAX), "10000"),
  "protected-mode": directive(bool, "yes"),
  requirepass: directive(string(), ""),
  "enable-debug-command": directive(permission, "no", immutable),
  "enable-protected-configs": directive(permission, "no", immutable),
  databases: directive(integer(1, INT_MAX), "16", immutable),
  dir: directive(directoryPath, ".", {
    protected: true,
    deniedWhileLoading: true,
    note: "must exist, which its listener checks; the default is where the process started",
  }),
  loglevel: directive(choice(["debug", "verbose", "notice", "warning"]), "notice"),
  logfile: directive(string(), "", immutable),
  pidfile: directive(string(), "", immutable),
  "proto-max-bulk-len": directive(memory(INPUT_LIMIT_MIN_BYTES), "536870912"),
  "client-query-buffer-limit": directive(memory(INPUT_LIMIT_MIN_BYTES), "1073741824"),
  "client-output-buffer-limit": directive(
    bufferLimits,
    "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
  ),
  appendonly: directive(bool, "no", {
    deniedWhileLoading: true,
    note: "its listener opens or closes the log",
  }),
  appendfilename: directive(
    string(fileName("appendfilename", "filename")),
    "appendonly.aof",
    immutable,
  ),
  appenddirname: directive(
    string(fileName("appenddirname", "dirname")),
    "appendonlydir",
    immutable,
  ),
  appendfsync: directive(choice(["everysec", "always", "no"]), "everysec"),
  "aof-load-truncated": directive(bool, "yes"),
  "aof-timestamp-enabled": directive(bool, "no"),
  "aof-replay-errors": directive(choice(["stop", "report"]), "stop", {
    note: "redeno's own: Redis has no such directive",
  }),
  "aof-checksums": directive(bool, "yes", { note: "redeno's own" }),
  "aof-use-rdb-preamble": directive(bool, "yes"),
  "aof-rewrite-incremental-fsync": directive(bool, "yes"),
  "no-appendfsync-on-rewrite": directive(bool, "no"),
  "auto-aof-rewrite-percentage": directive(int, "100"),
  "auto-aof-rewrite-min-size": directive(memory(), "67108864"),
  "aof-archive-dir": directive(string(), "", { protected: true, note: "redeno's own" }),
  "aof-archive-interval": directive(integer(1, INT_MAX), "10", { note: "redeno's own" }),
  "aof-archive-retention": directive(int, "604800", { note: "redeno's own" }),
  "snapshot-cpu-percent": directive(integer(1, 100), "25", { note: "redeno's own" }),
  save: directive(savePoints, "3600 1 300 100 60 10000"),
  dbfilename: directive(
    string((word) =>
      word.includes("/") ? "dbfilename can't be a path, just a filename" : undefined
    ),
    "dump.rdb",
    { protected: true },
  ),
  rdbchecksum: directive(bool, "yes", immutable),
  "rdb-save-incremental-fsync": directive(bool, "yes"),
  "stop-writes-on-bgsave-error": directive(bool, "yes"),
  "shutdown-on-sigint": directive(shutdownFlags, "default"),
  "shutdown-on-sigterm": directive(shutdownFlags, "default"),
  "slowlog-log-slower-than": directive(integer(-1), "10000"),
  "slowlog-max-len": directive(count, "128"),
  "latency-monitor-threshold": directive(count, "0"),
  "latency-tracking": directive(bool, "yes"),
  "latency-tracking-info-percentiles": directive(percentiles, "50 99 99.9"),
  hz: directive(
    integer(0, INT_MAX, (hz) => hz < HZ_MIN ? HZ_MIN : hz > HZ_MAX ? HZ_MAX : hz),
    "10",
  ),
  "dynamic-hz": directive(bool, "yes"),
  activerehashing: directive(bool, "yes"),
  "lazyfree-lazy-eviction": directive(bool, "no"),
  "lazyfree-lazy-expire": directive(bool, "no"),
  "lazyfree-lazy-server-del": directive(bool, "no"),
  "lazyfree-lazy-user-del": directive(bool, "no"),
  "lazyfree-lazy-user-flush": directive(bool, "no"),
  "maxmemory-policy": directive(
    choice([
      "volatile-lru",
      "volatile-lfu",
      "volatile-random",
      "volatile-ttl",
      "allkeys-lru",
      "allkeys-lfu",
      "allkeys-random",
      "noeviction",
    ]),
    "noeviction",
  ),
  "lfu-log-factor": directive(int, "10"),
  "lfu-decay-time": directive(int, "1"),
  "notify-keyspace-events": directive(notifyFlags, ""),
  "hash-max-listpack-entries": directive(count, "512", { aliases: ["hash-max-ziplist-entries"] }),
  "hash-max-listpack-value": directive(memory(), "64", { aliases: ["hash-max-ziplist-value"] }),
  "set-max-intset-entries": directive(count, "512"),
  "zset-max-listpack-entries": directive(count, "128", { aliases: ["zset-max-ziplist-entries"] }),
  "zset-max-listpack-value": directive(memory(), "64", { aliases: ["zset-max-ziplist-value"] }),
  "list-max-listpack-size": directive(integer(-INT_MAX - 1, INT_MAX), "-2", {
    aliases: ["list-max-ziplist-size"],
  }),
  "list-compress-depth": directive(int, "0"),
  "hll-sparse-max-bytes": directive(memory(), "3000"),
  "stream-node-max-bytes": directive(memory(), "4096"),
  "stream-node-max-entries": directive(count, "100"),
  rdbcompression: directive(bool, "yes"),
  "key-load-delay": directive(delay, "0", { hidden: true }),
  "rdb-key-save-delay": directive(delay, "0", { hidden: true }),
};
