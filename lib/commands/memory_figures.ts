/**
 * Memory in figures, for INFO and MEMORY.
 *
 * Promise: `used` is a sum of what is known exactly - keys and values, their indexes, the buffers of
 * the clients and of the log - on top of what the program itself took when it started. It does not
 * move with V8's garbage, so that it falls when keys are deleted.
 */

import { type MemoryUsage, memoryUsage } from "../platform/process.ts";
import type { ServerHandle } from "./context.ts";

/** Memory in bytes. */
export interface MemoryFigures {
  /** Everything below. */
  readonly used_bytes: number;
  /** The most that `used_bytes` ever was when it was looked at. */
  readonly peak_bytes: number;
  /** V8's heap with the program in it, as it was at the start. */
  readonly startup_bytes: number;
  /** Buffers of all clients, for input and replies. */
  readonly clients_bytes: number;
  /** For what is to be logged. */
  readonly logBuffer_bytes: number;
  /** Keys and values. */
  readonly dataset_bytes: number;
  /** What finds them. */
  readonly indexes_bytes: number;
  /** Held for keys, values and indexes, whether in use or not. */
  readonly reserved_bytes: number;
  /** The process as the system sees it. */
  readonly process: MemoryUsage;
}

/** What is remembered of one server. */
interface Gauge {
  readonly startup_bytes: number;
  peak_bytes: number;
}

const gauges = new WeakMap<ServerHandle, Gauge>();

/** Begins to measure a server: what the process holds now is what the program itself needs. */
export function startMemoryGauge(server: ServerHandle): void {
  gaugeOf(server);
}

/** Reads all figures; now and then called by a timer, it makes the peak true. */
export function memoryFigures(server: ServerHandle): MemoryFigures {
  const gauge = gaugeOf(server);
  let indexes = 0;
  let reserved = 0;
  for (const db of server.keyspace.databases()) {
    indexes += db.table.indexBytes;
    reserved += db.table.reservedBytes + db.measureBytes() - db.table.usedBytes;
  }
  const keyspace_bytes = server.keyspace.measureBytes();
  const clients_bytes = clientBytes(server);
  const { logBuffer_bytes } = server.persistence;
  const used_bytes = gauge.startup_bytes + clients_bytes + logBuffer_bytes + keyspace_bytes;
  gauge.peak_bytes = Math.max(gauge.peak_bytes, used_bytes);
  return {
    used_bytes,
    peak_bytes: gauge.peak_bytes,
    startup_bytes: gauge.startup_bytes,
    clients_bytes,
    logBuffer_bytes,
    dataset_bytes: keyspace_bytes - indexes,
    indexes_bytes: indexes,
    reserved_bytes: reserved,
    process: memoryUsage(),
  };
}

function clientBytes(server: ServerHandle): number {
  let sum = 0;
  for (const { link } of server.clients.all()) {
    if (link !== undefined) sum += link.inputBytes + link.inputFreeBytes + link.outputBytes;
  }
  return sum;
}

function gaugeOf(server: ServerHandle): Gauge {
  let gauge = gauges.get(server);
  if (gauge === undefined) {
    gauge = { startup_bytes: memoryUsage().heapUsed_bytes, peak_bytes: 0 };
    gauges.set(server, gauge);
  }
  return gauge;
}

/** Parts of memory and how they compare, in the words of INFO and MEMORY STATS. */
export interface MemoryRatios {
  /** Held for data and program, over what of it is used. */
  readonly allocatorFragmentation: number;
  readonly allocatorFragmentation_bytes: number;
  /** What V8 and the buffers hold, over what is held for data and program. */
  readonly allocatorRss: number;
  readonly allocatorRss_bytes: number;
  /** The process in RAM, over what V8 and the buffers hold. */
  readonly rssOverhead: number;
  readonly rssOverhead_bytes: number;
  /** The process in RAM, over what is used. */
  readonly fragmentation: number;
  readonly fragmentation_bytes: number;
  /** Held for data and program. */
  readonly active_bytes: number;
  /** What V8 and the buffers hold. */
  readonly resident_bytes: number;
}

/** How the figures compare. */
export function memoryRatios(figures: MemoryFigures): MemoryRatios {
  const { used_bytes, process: { rss_bytes, heapTotal_bytes, external_bytes } } = figures;
  const active_bytes = figures.startup_bytes + figures.clients_bytes + figures.logBuffer_bytes +
    figures.reserved_bytes;
  const resident_bytes = heapTotal_bytes + external_bytes;
  return {
    allocatorFragmentation: active_bytes / used_bytes,
    allocatorFragmentation_bytes: active_bytes - used_bytes,
    allocatorRss: resident_bytes / active_bytes,
    allocatorRss_bytes: resident_bytes - active_bytes,
    rssOverhead: rss_bytes / resident_bytes,
    rssOverhead_bytes: rss_bytes - resident_bytes,
    fragmentation: rss_bytes / used_bytes,
    fragmentation_bytes: rss_bytes - used_bytes,
    active_bytes,
    resident_bytes,
  };
}
