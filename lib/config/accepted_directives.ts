/**
 * Redis's directives that mean nothing to redeno yet. Their values are checked, shown and kept as
 * Redis does; setting one to something else than its default in a file or on the command line
 * gives a warning.
 */

import { directive, type DirectiveSpec, type DirectiveTraits } from "./kind.ts";
import { oomScores, primary } from "./list_kinds.ts";
import { MEMORY_SIZE_MAX } from "./memory_size.ts";
import {
  bool,
  choice,
  INT_MAX,
  integer,
  memory,
  memoryOrPercent,
  string,
  UINT_MAX,
} from "./scalar_kinds.ts";

/** The least useful replication backlog; smaller ones are bent to it, as in Redis. */
const BACKLOG_MIN_BYTES = 16n * 1024n;
/** The shortest period of the watchdog; shorter ones are bent to it, as in Redis. */
const WATCHDOG_MIN_MS = 200n;

const immutable = { immutable: true } as const;
const count = integer(0);
const int = integer(0, INT_MAX);
const positiveInt = integer(1, INT_MAX);
const port = integer(0, 65535);
const anySize = memory(0, MEMORY_SIZE_MAX);
const yesNoLocal = choice(["no", "yes", "local"]);

const yes = (traits?: DirectiveTraits) => directive(bool, "yes", traits);
const no = (traits?: DirectiveTraits) => directive(bool, "no", traits);
const text = (value = "", traits?: DirectiveTraits) => directive(string(), value, traits);
const alias = (...aliases: string[]): DirectiveTraits => ({ aliases });

/** Directives by name. */
export type DirectiveTable = Readonly<Record<string, DirectiveSpec<unknown>>>;

const memoryAndEviction: DirectiveTable = {
  maxmemory: directive(anySize, "0"),
  "maxmemory-samples": directive(positiveInt, "5"),
  "maxmemory-eviction-tenacity": directive(integer(0, 100), "10"),
  "maxmemory-clients": directive(memoryOrPercent, "0"),
  activedefrag: no(),
  "active-defrag-cycle-min": directive(integer(1, 99), "1"),
  "active-defrag-cycle-max": directive(integer(1, 99), "25"),
  "active-defrag-ignore-bytes": directive(memory(1), "104857600"),
  "active-defrag-max-scan-fields": directive(integer(1), "1000"),
  "active-defrag-threshold-lower": directive(integer(0, 1000), "10"),
  "active-defrag-threshold-upper": directive(integer(0, 1000), "100"),
  "active-expire-effort": directive(integer(1, 10), "1"),
  "jemalloc-bg-thread": yes(),
  "disable-thp": yes(immutable),
  "oom-score-adj": directive(
    choice(["no", "yes", "relative", "absolute"], { relative: "yes" }),
    "no",
  ),
  "oom-score-adj-values": directive(oomScores, "0 200 800"),
};

const persistence: DirectiveTable = {
  "rdb-del-sync-files": no(),
  "sanitize-dump-payload": directive(choice(["no", "yes", "clients"]), "no"),
  "aof-disable-auto-gc": no(),
};

const replication: DirectiveTable = {
  replicaof: directive(primary, "no one", { immutable: true, aliases: ["slaveof"] }),
  masterauth: text(),
  masteruser: text(),
  "replica-announce-ip": text("", alias("slave-announce-ip")),
  "replica-announce-port": directive(port, "0", alias("slave-announce-port")),
  "replica-announced": yes(),
  "replica-ignore-disk-write-errors": no(),
  "replica-ignore-maxmemory": yes(alias("slave-ignore-maxmemory")),
  "replica-lazy-flush": no(alias("slave-lazy-flush")),
  "replica-priority": directive(int, "100", alias("slave-priority")),
  "replica-read-only": yes(alias("slave-read-only")),
  "replica-serve-stale-data": yes(alias("slave-serve-stale-data")),
  "min-replicas-max-lag": directive(int, "10", alias("min-slaves-max-lag")),
  "min-replicas-to-write": directive(int, "0", alias("min-slaves-to-write")),
  "repl-backlog-size": directive(
    memory(1, undefined, (size) => size < BACKLOG_MIN_BYTES ? BACKLOG_MIN_BYTES : size),
    "1048576",
  ),
  "repl-backlog-ttl": directive(count, "3600"),
  "repl-disable-tcp-nodelay": no(),
  "repl-diskless-load": directive(
    choice(["disabled", "on-empty-db", "swapdb"]),
    "disabled",
    { deniedWhileLoading: true },
  ),
  "repl-diskless-sync": yes(),
  "repl-diskless-sync-delay": directive(int, "5"),
  "repl-diskless-sync-max-replicas": directive(int, "0"),
  "repl-ping-replica-period": directive(positiveInt, "10", alias("repl-ping-slave-period")),
  "repl-timeout": directive(positiveInt, "60"),
  "propagation-error-behavior": directive(
    choice(["ignore", "panic", "panic-on-replicas"]),
    "ignore",
  ),
};

const cluster: DirectiveTable = {
  "cluster-enabled": no(immutable),
  "cluster-allow-pubsubshard-when-down": yes(),
  "cluster-allow-reads-when-down": no(),
  "cluster-allow-replica-migration": yes(),
  "cluster-announce-bus-port": directive(port, "0"),
  "cluster-announce-hostname": directive(
    string((word) =>
      /^[A-Za-z0-9.-]*$/.test(word)
        ? undefined
        : "Hostnames may only contain alphanumeric characters, hyphens or dots"
    ),
    "",
  ),
  "cluster-announce-ip": text(),
  "cluster-announce-port": directive(port, "0"),
  "cluster-announce-tls-port": directive(port, "0"),
  "cluster-config-file": text("nodes.conf", immutable),
  "cluster-link-sendbuf-limit": directive(anySize, "0"),
  "cluster-migration-barrier": directive(int, "1"),
  "cluster-node-timeout": directive(count, "15000"),
  "cluster-port": directive(port, "0", immutable),
  "cluster-preferred-endpoint-type": directive(
    choice(["ip", "hostname", "unknown-endpoint"]),
    "ip",
  ),
  "cluster-replica-no-failover": no(alias("cluster-slave-no-failover")),
  "cluster-replica-validity-factor": directive(int, "10", alias("cluster-slave-validity-factor")),
  "cluster-require-full-coverage": yes(),
};

const tls: DirectiveTable = {
  "tls-port": directive(port, "0"),
  "tls-auth-clients": directive(choice(["no", "yes", "optional"]), "yes"),
  "tls-ca-cert-dir": text(),
  "tls-ca-cert-file": text(),
  "tls-cert-file": text(),
  "tls-ciphers": text(),
  "tls-ciphersuites": text(),
  "tls-client-cert-file": text(),
  "tls-client-key-file": text(),
  "tls-client-key-file-pass": text(),
  "tls-cluster": no(),
  "tls-dh-params-file": text(),
  "tls-key-file": text(),
  "tls-key-file-pass": text(),
  "tls-prefer-server-ciphers": no(),
  "tls-protocols": text(),
  "tls-replication": no(),
  "tls-session-cache-size": directive(int, "20480"),
  "tls-session-cache-timeout": directive(int, "300"),
  "tls-session-caching": yes(),
};

const processAndLog: DirectiveTable = {
  "always-show-logo": no(immutable),
  daemonize: no(immutable),
  supervised: directive(choice(["upstart", "systemd", "auto", "no"]), "no", immutable),
  "set-proc-title": yes(immutable),
  "proc-title-template": directive(
    string(checkTitle),
    "{title} {listen-addr} {server-mode}",
  ),
  "syslog-enabled": no(immutable),
  "syslog-facility": directive(
    choice(["user", ...Array.from({ length: 8 }, (_, i) => `local${i}`)]),
    "local0",
    immutable,
  ),
  "syslog-ident": text("redis", immutable),
  "crash-log-enabled": yes(),
  "crash-memcheck-enabled": yes(),
  "ignore-warnings": text(),
  "io-threads": directive(integer(1, 128), "1", immutable),
  "io-threads-do-reads": no(immutable),
  server_cpulist: text("", immutable),
  bio_cpulist: text("", immutable),
  aof_rewrite_cpulist: text("", immutable),
  bgsave_cpulist: text("", immutable),
  "shutdown-timeout": directive(int, "10"),
  "bind-source-addr": text(),
  "socket-mark-id": directive(integer(0, UINT_MAX), "0", immutable),
};

const hidden: DirectiveTable = {
  "loading-process-events-interval-bytes": directive(integer(1024, INT_MAX), "2097152", {
    hidden: true,
  }),
  "use-exit-on-panic": no({ hidden: true }),
  "watchdog-period": directive(
    integer(0, INT_MAX, (ms) => ms > 0n && ms < WATCHDOG_MIN_MS ? WATCHDOG_MIN_MS : ms),
    "0",
    { hidden: true },
  ),
};

const commandsAndClients: DirectiveTable = {
  "acl-pubsub-default": directive(choice(["allchannels", "resetchannels"]), "resetchannels"),
  aclfile: text("", immutable),
  "acllog-max-len": directive(count, "128"),
  "busy-reply-threshold": directive(count, "5000", alias("lua-time-limit")),
  "enable-module-command": directive(yesNoLocal, "no", immutable),
  "tracking-table-max-keys": directive(count, "1000000"),
};

/** Every directive that is accepted and has no effect. */
export const acceptedDirectives: DirectiveTable = {
  ...memoryAndEviction,
  ...persistence,
  ...replication,
  ...cluster,
  ...tls,
  ...processAndLog,
  ...commandsAndClients,
  ...hidden,
};

/** Names that old configuration files hold and that Redis itself has long ignored. */
export const forgottenDirectives: readonly string[] = [
  "list-max-ziplist-entries",
  "list-max-ziplist-value",
  "lua-replicate-commands",
];

/** What only a file may hold and redeno refuses, because going on without it would be unsafe. */
export const refusedDirectives: Readonly<Record<string, string>> = {
  user: "users other than the default one are not supported yet",
  loadmodule: "modules are not supported",
};

const TITLE_FIELDS: readonly string[] = [
  "title",
  "listen-addr",
  "server-mode",
  "port",
  "tls-port",
  "unixsocket",
  "config-file",
];

/** A title must name known fields only and come out with something in it besides the title. */
function checkTitle(template: string): string | undefined {
  let known = true;
  const filled = template.replace(/\{\{|\{([^}]*)\}?/g, (found, field?: string) => {
    if (found === "{{") return "{";
    if (!found.endsWith("}") || !TITLE_FIELDS.includes(field ?? "")) known = false;
    return field === "title" ? "" : "x";
  });
  if (known && filled !== "") return undefined;
  return "template format is invalid or contains unknown variables";
}
