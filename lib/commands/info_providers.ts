/**
 * The figures of INFO that need nothing but the keyspace, the configuration and the process:
 * sections Memory, Replication, CPU, Modules, Commandstats, Latencystats, Cluster and Keyspace.
 */

import type { Database } from "../keyspace/database.ts";
import { cpuUsage, systemMemory_bytes } from "../platform/process.ts";
import { allCommands } from "./command_lookup.ts";
import type { ServerHandle } from "./context.ts";
import { humanBytes } from "./human_bytes.ts";
import { type InfoLine, none } from "./info_sections.ts";
import { memoryFigures, memoryRatios, startMemoryGauge } from "./memory_figures.ts";

/** Keys with an expiry that the mean time to live is taken of, in one database. */
const TTL_SAMPLES = 20;
/** Scan steps for them: a sparse index may need several for a single key. */
const TTL_SCAN_STEPS_MAX = 100;
/** The replication ID of the history before this one: there is none. */
const NO_REPLICATION_ID = "0".repeat(40);

/** What scripts and functions take. */
const NO_SCRIPTS: readonly InfoLine[] = [
  ...none("used_memory_lua", "used_memory_vm_eval"),
  ["used_memory_lua_human", humanBytes(0)],
  ...none("used_memory_scripts_eval", "number_of_cached_scripts"),
  ...none("number_of_functions", "number_of_libraries", "used_memory_vm_functions"),
  ...both("used_memory_vm_total", 0),
  ...none("used_memory_functions"),
  ...both("used_memory_scripts", 0),
];

/** Adds the sections named above to `server.info`. */
export function addCommonSections(server: ServerHandle): void {
  startMemoryGauge(server);
  server.info.add("Memory", () => memoryLines(server));
  server.info.add("Replication", () => replicationLines(server));
  server.info.add("CPU", cpuLines);
  server.info.add("Modules", () => []);
  server.info.add("Commandstats", () => commandLines(server));
  server.info.add("Latencystats", () => latencyLines(server));
  server.info.add("Cluster", () => [["cluster_enabled", 0]]);
  server.info.add("Keyspace", () => keyspaceLines(server));
}

function memoryLines(server: ServerHandle): InfoLine[] {
  const figures = memoryFigures(server);
  const { used_bytes, peak_bytes, startup_bytes, dataset_bytes, process } = figures;
  const ratios = memoryRatios(figures);
  const total_bytes = systemMemory_bytes();
  const maxmemory = server.config.text("maxmemory");
  return [
    ...both("used_memory", used_bytes),
    ...both("used_memory_rss", process.rss_bytes),
    ...both("used_memory_peak", peak_bytes),
    ["used_memory_peak_perc", percent(used_bytes, peak_bytes)],
    ["used_memory_overhead", used_bytes - dataset_bytes],
    ["used_memory_startup", startup_bytes],
    ["used_memory_dataset", dataset_bytes],
    ["used_memory_dataset_perc", percent(dataset_bytes, used_bytes - startup_bytes)],
    ["allocator_allocated", used_bytes],
    ["allocator_active", ratios.active_bytes],
    ["allocator_resident", ratios.resident_bytes],
    ...both("total_system_memory", total_bytes),
    ...NO_SCRIPTS,
    ["v8_heap_used", process.heapUsed_bytes],
    ["v8_heap_total", process.heapTotal_bytes],
    ["v8_external", process.external_bytes],
    ["maxmemory", maxmemory],
    ["maxmemory_human", humanBytes(Number(maxmemory))],
    ["maxmemory_policy", server.config.text("maxmemory-policy")],
    ["allocator_frag_ratio", ratios.allocatorFragmentation.toFixed(2)],
    ["allocator_frag_bytes", ratios.allocatorFragmentation_bytes],
    ["allocator_rss_ratio", ratios.allocatorRss.toFixed(2)],
    ["allocator_rss_bytes", ratios.allocatorRss_bytes],
    ["rss_overhead_ratio", ratios.rssOverhead.toFixed(2)],
    ["rss_overhead_bytes", ratios.rssOverhead_bytes],
    ["mem_fragmentation_ratio", ratios.fragmentation.toFixed(2)],
    ["mem_fragmentation_bytes", ratios.fragmentation_bytes],
    ["mem_not_counted_for_evict", 0],
    ["mem_replication_backlog", 0],
    ["mem_total_replication_buffers", 0],
    ["mem_clients_slaves", 0],
    ["mem_clients_normal", figures.clients_bytes],
    ["mem_cluster_links", 0],
    ["mem_aof_buffer", figures.logBuffer_bytes],
    ["mem_allocator", "arena"],
    ["active_defrag_running", 0],
    ["lazyfree_pending_objects", 0],
    ["lazyfreed_objects", server.keyspace.stats.lazyFreed],
  ];
}

function replicationLines(server: ServerHandle): InfoLine[] {
  return [
    ["role", "master"],
    ["connected_slaves", 0],
    ["master_failover_state", "no-failover"],
    ["master_replid", server.runId],
    ["master_replid2", NO_REPLICATION_ID],
    ["master_repl_offset", 0],
    ["second_repl_offset", -1],
    ["repl_backlog_active", 0],
    ["repl_backlog_size", server.config.text("repl-backlog-size")],
    ["repl_backlog_first_byte_offset", 0],
    ["repl_backlog_histlen", 0],
  ];
}

function cpuLines(): InfoLine[] {
  const { user_us, system_us } = cpuUsage();
  const seconds = (time_us: number) => (time_us / 1e6).toFixed(6);
  return [
    ["used_cpu_sys", seconds(system_us)],
    ["used_cpu_user", seconds(user_us)],
    ["used_cpu_sys_children", seconds(0)],
    ["used_cpu_user_children", seconds(0)],
  ];
}

/** Commands that ran or were turned away. */
function* commandLines(server: ServerHandle): Generator<InfoLine> {
  for (const { fullName, usage } of allCommands(server.commands)) {
    const { calls, rejected, failed } = usage;
    if (calls === 0 && rejected === 0 && failed === 0) continue;
    const time_us = Math.round(usage.time_us);
    const perCall_us = calls === 0 ? 0 : time_us / calls;
    yield [
      `cmdstat_${fullName}`,
      `calls=${calls},usec=${time_us},usec_per_call=${perCall_us.toFixed(2)},` +
      `rejected_calls=${rejected},failed_calls=${failed}`,
    ];
  }
}

/** Percentiles of how long commands took, of those that are tracked. */
function* latencyLines(server: ServerHandle): Generator<InfoLine> {
  const directive = "latency-tracking-info-percentiles";
  const percentiles = server.config.values[directive];
  const names = server.config.text(directive).split(" ");
  for (const { fullName, usage: { histogram } } of allCommands(server.commands)) {
    if (histogram === undefined) continue;
    const figures = percentiles.map((percent, i) =>
      `p${names[i]}=${histogram.percentile_us(percent).toFixed(3)}`
    );
    yield [`latency_percentiles_usec_${fullName}`, figures.join(",")];
  }
}

function* keyspaceLines(server: ServerHandle): Generator<InfoLine> {
  const { now_ms } = server.keyspace;
  for (const db of server.keyspace.databases()) {
    if (db.size === 0) continue;
    const ttl_ms = meanTimeToLive_ms(db, now_ms);
    yield [`db${db.index}`, `keys=${db.size},expires=${db.expiringSize},avg_ttl=${ttl_ms}`];
  }
}

/** Mean time to live of some of the keys that have one; 0 if none has. */
function meanTimeToLive_ms(db: Database, now_ms: number): number {
  if (db.expiringSize === 0) return 0;
  let sum_ms = 0;
  let count = 0;
  let cursor = 0;
  for (let step = 0; step < TTL_SCAN_STEPS_MAX && count < TTL_SAMPLES; step++) {
    cursor = db.table.scanExpiring(cursor, (ref) => {
      sum_ms += Math.max((db.expiry(ref) ?? now_ms) - now_ms, 0);
      count++;
    });
    if (cursor === 0) break;
  }
  return count === 0 ? 0 : Math.floor(sum_ms / count);
}

function both(name: string, size_bytes: number): InfoLine[] {
  return [[name, size_bytes], [`${name}_human`, humanBytes(size_bytes)]];
}

function percent(part: number, whole: number): string {
  return `${(whole > 0 ? (100 * part) / whole : 0).toFixed(2)}%`;
}
