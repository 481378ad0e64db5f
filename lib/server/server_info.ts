/** The figures of INFO that only the server knows: Server, Clients, Stats and Persistence. */

import type { InfoLine, InfoSections } from "../commands/info_sections.ts";
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

function serverLines(server: InformedServer): InfoLine[] {
  const { config, clock } = server;
  const uptime_s = Math.floor((clock.now_ms() - server.started_ms) / 1000);
  return [
    ["redis_version", REDIS_VERSION],
    ["redis_git_sha1", "00000000"], // as every released Redis says
    ["redis_git_dirty", 0],
    ["redeno_version", REDENO_VERSION],
    ["redis_mode", "standalone"],
    ["os", systemName()],
    ["arch_bits", 64],
    ["multiplexing_api", "deno"],
    ["deno_version", runtimeVersions().deno],
    ["v8_version", runtimeVersions().v8],
    ["process_id", processId()],
    ["process_supervised", "no"],
    ["run_id", server.runId],
    ["tcp_port", server.port],
    ["server_time_usec", clock.now_us()],
    ["uptime_in_seconds", uptime_s],
    ["uptime_in_days", Math.floor(uptime_s / SECONDS_PER_DAY)],
    ["hz", config.values.hz],
    ["configured_hz", config.values.hz],
    ["lru_clock", Math.floor(clock.now_ms() / 1000) & 0xffffff],
    ["executable", executable()],
    ["config_file", config.file ?? ""],
    ["io_threads_active", 0],
  ];
}

function clientLines(server: InformedServer): InfoLine[] {
  let inputMax = 0;
  let outputMax = 0;
  let paused = 0;
  for (const client of server.clients.all()) {
    inputMax = Math.max(inputMax, client.link?.inputBytes ?? 0);
    outputMax = Math.max(outputMax, client.link?.outputBytes ?? 0);
    if (client.paused) paused++;
  }
  return [
    ["connected_clients", server.clients.count],
    ["cluster_connections", 0],
    ["maxclients", server.config.values.maxclients],
    ["client_recent_max_input_buffer", inputMax],
    ["client_recent_max_output_buffer", outputMax],
    ["blocked_clients", server.blocking.count + paused],
    ["tracking_clients", 0],
    ["clients_in_timeout_table", server.blocking.timeoutCount],
  ];
}

function statsLines(server: InformedServer): InfoLine[] {
  const { stats, keyspace } = server;
  return [
    ["total_connections_received", stats.connectionsReceived],
    ["total_commands_processed", stats.commandsProcessed],
    ["instantaneous_ops_per_sec", Math.round(stats.commandRate.perSecond)],
    ["total_net_input_bytes", stats.inputBytes],
    ["total_net_output_bytes", stats.outputBytes],
    ["total_net_repl_input_bytes", 0],
    ["total_net_repl_output_bytes", 0],
    ["instantaneous_input_kbps", (stats.inputRate.perSecond / 1024).toFixed(2)],
    ["instantaneous_output_kbps", (stats.outputRate.perSecond / 1024).toFixed(2)],
    ["instantaneous_input_repl_kbps", "0.00"],
    ["instantaneous_output_repl_kbps", "0.00"],
    ["rejected_connections", stats.connectionsRejected],
    ["sync_full", 0],
    ["sync_partial_ok", 0],
    ["sync_partial_err", 0],
    ["expired_keys", keyspace.stats.expired],
    ["expired_stale_perc", (keyspace.stats.expiredShare * 100).toFixed(2)],
    ["expired_time_cap_reached_count", keyspace.stats.expireSlicesCut],
    ["expire_cycle_cpu_milliseconds", Math.floor(keyspace.stats.expireCycle_ms)],
    ["evicted_keys", keyspace.stats.evicted],
    ["evicted_clients", 0],
    ["total_eviction_exceeded_time", 0],
    ["current_eviction_exceeded_time", 0],
    ["keyspace_hits", keyspace.stats.hits],
    ["keyspace_misses", keyspace.stats.misses],
    ["pubsub_channels", server.pubsub.size("channel")],
    ["pubsub_patterns", server.pubsub.size("pattern")],
    ["pubsubshard_channels", server.pubsub.size("shard")],
    ["latest_fork_usec", 0],
    ["total_forks", 0],
    ["migrate_cached_sockets", 0],
    ["slave_expires_tracked_keys", 0],
    ["active_defrag_hits", 0],
    ["active_defrag_misses", 0],
    ["active_defrag_key_hits", 0],
    ["active_defrag_key_misses", 0],
    ["total_active_defrag_time", 0],
    ["current_active_defrag_time", 0],
    ["tracking_total_keys", 0],
    ["tracking_total_items", 0],
    ["tracking_total_prefixes", 0],
    ["unexpected_error_replies", 0],
    ["total_error_replies", stats.errorReplies],
    ["total_reads_processed", stats.reads],
    ["total_writes_processed", stats.writes],
    ["io_threaded_reads_processed", 0],
    ["io_threaded_writes_processed", 0],
  ];
}
