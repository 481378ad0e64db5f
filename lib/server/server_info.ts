/** The figures of INFO that only the server knows: Server, Clients, Stats and Persistence. */

import { type InfoLine, type InfoSections, none } from "../commands/info_sections.ts";
import { executable, processId, systemName } from "../platform/process.ts";
import { REDENO_VERSION, REDIS_VERSION, runtimeVersions } from "../platform/version.ts";
import type { ServerHandle } from "../commands/context.ts";
import type { KeyBlocking } from "./blocking.ts";
import type { Durability } from "./durability.ts";
import type { Stats } from "./stats.ts";

const SECONDS_PER_DAY = 86_400;

/** A server, as far as its figures are concerned. */
export interface InformedServer extends ServerHandle {
  readonly port: number;
  readonly started_ms: number;
  readonly stats: Stats;
  readonly persistence: Durability;
  readonly blocking: KeyBlocking;
}

/** Adds the server's figures to INFO. */
export function addServerInfo(info: InfoSections, server: InformedServer): void {
  info.add("Server", () => serverLines(server));
  info.add("Clients", () => clientLines(server));
  info.add("Persistence", () => server.persistence.info());
  info.add("Stats", () => statsLines(server));
  info.add("Errorstats", function* () {
    for (const [code, count] of server.stats.errors) {
      yield [`errorstat_${code}`, `count=${count}`];
    }
  });
}

function* serverLines(server: InformedServer): Generator<InfoLine> {
  const { config, clock } = server;
  const uptime_s = Math.floor((clock.now_ms() - server.started_ms) / 1000);
  yield ["redis_version", REDIS_VERSION];
  yield ["redis_git_sha1", "00000000"]; // as every released Redis says
  yield ["redis_git_dirty", 0];
  yield ["redeno_version", REDENO_VERSION];
  yield ["redis_mode", "standalone"];
  yield ["os", systemName()];
  yield ["arch_bits", 64];
  yield ["multiplexing_api", "deno"];
  yield ["deno_version", runtimeVersions().deno];
  yield ["v8_version", runtimeVersions().v8];
  yield ["process_id", processId()];
  yield ["process_supervised", "no"];
  yield ["run_id", server.runId];
  yield ["tcp_port", server.port];
  yield ["server_time_usec", clock.now_us()];
  yield ["uptime_in_seconds", uptime_s];
  yield ["uptime_in_days", Math.floor(uptime_s / SECONDS_PER_DAY)];
  yield ["hz", config.values.hz];
  yield ["configured_hz", config.values.hz];
  yield ["lru_clock", Math.floor(clock.now_ms() / 1000) & 0xffffff];
  yield ["executable", executable()];
  yield ["config_file", config.file ?? ""];
  yield ["io_threads_active", 0];
}

function* clientLines(server: InformedServer): Generator<InfoLine> {
  let inputMax = 0;
  let outputMax = 0;
  let paused = 0;
  for (const client of server.clients.all()) {
    inputMax = Math.max(inputMax, client.link?.inputBytes ?? 0);
    outputMax = Math.max(outputMax, client.link?.outputBytes ?? 0);
    if (client.paused) paused++;
  }
  yield ["connected_clients", server.clients.count];
  yield ["cluster_connections", 0];
  yield ["maxclients", server.config.values.maxclients];
  yield ["client_recent_max_input_buffer", inputMax];
  yield ["client_recent_max_output_buffer", outputMax];
  yield ["blocked_clients", server.blocking.count + paused];
  yield ["tracking_clients", 0];
  yield ["clients_in_timeout_table", server.blocking.timeoutCount];
}

function* statsLines(server: InformedServer): Generator<InfoLine> {
  const { stats, keyspace } = server;
  yield ["total_connections_received", stats.connectionsReceived];
  yield ["total_commands_processed", stats.commandsProcessed];
  yield ["instantaneous_ops_per_sec", Math.round(stats.commandRate.perSecond)];
  yield ["total_net_input_bytes", stats.inputBytes];
  yield ["total_net_output_bytes", stats.outputBytes];
  yield* none("total_net_repl_input_bytes", "total_net_repl_output_bytes");
  yield ["instantaneous_input_kbps", (stats.inputRate.perSecond / 1024).toFixed(2)];
  yield ["instantaneous_output_kbps", (stats.outputRate.perSecond / 1024).toFixed(2)];
  yield ["instantaneous_input_repl_kbps", "0.00"];
  yield ["instantaneous_output_repl_kbps", "0.00"];
  yield ["rejected_connections", stats.connectionsRejected];
  yield* none("sync_full", "sync_partial_ok", "sync_partial_err");
  yield ["expired_keys", keyspace.stats.expired];
  yield ["expired_stale_perc", (keyspace.stats.expiredShare * 100).toFixed(2)];
  yield ["expired_time_cap_reached_count", keyspace.stats.expireSlicesCut];
  yield ["expire_cycle_cpu_milliseconds", Math.floor(keyspace.stats.expireCycle_ms)];
  yield ["evicted_keys", keyspace.stats.evicted];
  yield* none("evicted_clients", "total_eviction_exceeded_time", "current_eviction_exceeded_time");
  yield ["keyspace_hits", keyspace.stats.hits];
  yield ["keyspace_misses", keyspace.stats.misses];
  yield ["pubsub_channels", server.pubsub.size("channel")];
  yield ["pubsub_patterns", server.pubsub.size("pattern")];
  yield ["pubsubshard_channels", server.pubsub.size("shard")];
  yield* none("latest_fork_usec", "total_forks", "migrate_cached_sockets");
  yield* none("slave_expires_tracked_keys");
  yield* none("active_defrag_hits", "active_defrag_misses");
  yield* none("active_defrag_key_hits", "active_defrag_key_misses");
  yield* none("total_active_defrag_time", "current_active_defrag_time");
  yield* none("tracking_total_keys", "tracking_total_items", "tracking_total_prefixes");
  yield* none("unexpected_error_replies");
  yield ["total_error_replies", stats.errorReplies];
  yield ["total_reads_processed", stats.reads];
  yield ["total_writes_processed", stats.writes];
  yield* none("io_threaded_reads_processed", "io_threaded_writes_processed");
}
