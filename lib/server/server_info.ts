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

function* serverLines(server: InformedServer): Generator<InfoLine> {
  const { config, clock } = server;
  const uptime_s = Math.floor((clock.now_ms() - server.started_ms) / 1000);
  yield ["redis_version", REDIS_VERSION];
  yield ["redeno_version", REDENO_VERSION];
  yield ["redis_mode", "standalone"];
  yield ["os", systemName()];
  yield ["arch_bits", 64];
  yield ["multiplexing_api", "deno"];
  yield ["deno_version", runtimeVersions().deno];
  yield ["v8_version", runtimeVersions().v8];
  yield ["process_id", processId()];
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
}

function* clientLines(server: InformedServer): Generator<InfoLine> {
  let inputMax = 0;
  let outputMax = 0;
  for (const client of server.clients.all()) {
    inputMax = Math.max(inputMax, client.link?.inputBytes ?? 0);
    outputMax = Math.max(outputMax, client.link?.outputBytes ?? 0);
  }
  yield ["connected_clients", server.clients.count];
  yield ["cluster_connections", 0];
  yield ["maxclients", server.config.values.maxclients];
  yield ["client_recent_max_input_buffer", inputMax];
  yield ["client_recent_max_output_buffer", outputMax];
  yield ["blocked_clients", server.blocking.count];
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
  yield ["instantaneous_input_kbps", (stats.inputRate.perSecond / 1024).toFixed(2)];
  yield ["instantaneous_output_kbps", (stats.outputRate.perSecond / 1024).toFixed(2)];
  yield ["rejected_connections", stats.connectionsRejected];
  yield ["expired_keys", keyspace.stats.expired];
  yield ["evicted_keys", keyspace.stats.evicted];
  yield ["keyspace_hits", keyspace.stats.hits];
  yield ["keyspace_misses", keyspace.stats.misses];
  yield ["pubsub_channels", server.pubsub.size("channel")];
  yield ["pubsub_patterns", server.pubsub.size("pattern")];
  yield ["pubsubshard_channels", server.pubsub.size("shard")];
  yield ["total_error_replies", stats.errorReplies];
}
