/** MEMORY DOCTOR, HELP, MALLOC-STATS, PURGE, STATS and USAGE. */

import { NONE } from "../keyspace/database.ts";
import { OBJECT } from "../keyspace/value.ts";
import type { Reply } from "../resp/reply.ts";
import { type Command, command, keyAt } from "./command.ts";
import { type Context, type ServerHandle, SYNTAX_ERROR } from "./context.ts";
import { replyHelp } from "./help.ts";
import { type MemoryFigures, memoryFigures, memoryRatios } from "./memory_figures.ts";
import { memoryReport } from "./memory_report.ts";

/** Tips of what each shard answers in its own way. */
const PER_SHARD = [
  "nondeterministic_output",
  "request_policy:all_shards",
  "response_policy:special",
];
/** MEMORY PURGE stops after this long, and moves so many records between two looks at the clock. */
const PURGE_MS_MAX = 5;
const PURGE_STEP_RECORDS = 256;

const doctor = command({
  name: "doctor",
  arity: 2,
  flags: [],
  group: "server",
  since: "4.0.0",
  summary: "Says in words how the memory fares.",
  complexity: "O(1)",
  syntax: "",
  tips: PER_SHARD,
  run({ server, reply }) {
    const text = memoryReport(memoryFigures(server), server.keyspace, server.clients.count);
    reply.verbatim("txt", text);
  },
});

const mallocStats = command({
  name: "malloc-stats",
  arity: 2,
  flags: [],
  group: "server",
  since: "4.0.0",
  summary: "Shows how the memory for keys and values is laid out.",
  complexity: "Depends on how much memory is allocated, could be slow",
  syntax: "",
  tips: PER_SHARD,
  run({ server, reply }) {
    const { process } = memoryFigures(server);
    const lines = ["redeno's arenas, bytes:"];
    for (const { index, size, table } of server.keyspace.databases()) {
      if (size === 0 && table.reservedBytes === table.indexBytes) continue;
      lines.push(
        `db${index}: records=${size} used=${table.usedBytes} reserved=${table.reservedBytes} ` +
          `index=${table.indexBytes} buckets=${table.bucketCount}`,
      );
    }
    lines.push(
      `v8: heap_used=${process.heapUsed_bytes} heap_total=${process.heapTotal_bytes} ` +
        `external=${process.external_bytes}`,
      `process: rss=${process.rss_bytes}`,
    );
    reply.verbatim("txt", `${lines.join("\n")}\n`);
  },
});

const purge = command({
  name: "purge",
  arity: 2,
  flags: [],
  group: "server",
  since: "4.0.0",
  summary: "Gives memory back that is held and not used, as far as a short time allows.",
  complexity: "Depends on how much memory is allocated, could be slow",
  syntax: "",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  run({ server, reply }) {
    const end_ms = server.clock.monotonic_ms() + PURGE_MS_MAX;
    for (const { table } of server.keyspace.databases()) {
      while (server.clock.monotonic_ms() < end_ms) {
        if (table.compact(PURGE_STEP_RECORDS) === 0) break;
      }
    }
    reply.ok();
  },
});

const stats = command({
  name: "stats",
  arity: 2,
  flags: [],
  group: "server",
  since: "4.0.0",
  summary: "Returns the figures of memory.",
  complexity: "O(1)",
  syntax: "",
  tips: PER_SHARD,
  run({ server, reply }) {
    const fields = statsFields(server, memoryFigures(server));
    reply.map(fields.length);
    for (const [name, write] of fields) {
      reply.bulkText(name);
      write(reply);
    }
  },
});

const usage = command({
  name: "usage",
  arity: -3,
  flags: ["readonly"],
  keys: [keyAt(2, "RO")],
  group: "server",
  since: "4.0.0",
  summary: "Returns how many bytes a key takes with its value.",
  complexity: "O(N) where N is the number of samples.",
  syntax: "key [SAMPLES count]",
  run(ctx) {
    if (!checkSamples(ctx)) return;

    const { args, db, reply } = ctx;
    const ref = db.peek(args, 2);
    if (ref === NONE) return reply.null();
    const { table } = db;
    const index_bytes = Math.ceil(table.indexBytes / table.size);
    const object_bytes = db.encoding(ref) === OBJECT ? db.object(ref).usedBytes : 0;
    reply.integer(table.recordBytes(ref) + index_bytes + object_bytes);
  },
});

const help = command({
  name: "help",
  arity: 2,
  flags: ["loading", "stale"],
  group: "server",
  since: "4.0.0",
  summary: "Explains the subcommands.",
  complexity: "O(1)",
  syntax: "",
  run({ reply }) {
    replyHelp(reply, "MEMORY", [
      "DOCTOR",
      "    Return memory problems reports.",
      "MALLOC-STATS",
      "    Return internal statistics report from the memory allocator.",
      "PURGE",
      "    Attempt to purge dirty pages for reclamation by the allocator.",
      "STATS",
      "    Return information about the memory usage of the server.",
      "USAGE <key> [SAMPLES <count>]",
      "    Return memory in bytes used by <key> and its value. Nested values are",
      "    sampled up to <count> times (default: 5, 0 means sample all).",
    ]);
  },
});

/** MEMORY and its subcommands. */
export const memoryCommands: readonly Command[] = [
  command({
    name: "memory",
    arity: -2,
    flags: [],
    group: "server",
    since: "4.0.0",
    summary: "Holds the commands about memory.",
    complexity: "Depends on subcommand.",
    syntax: "",
    subcommands: [doctor, help, mallocStats, purge, stats, usage],
  }),
];

/** Checks [SAMPLES count]; sizes are known here, so that nothing is sampled. */
function checkSamples(ctx: Context): boolean {
  const { args, reply } = ctx;
  for (let i = 3; i < args.count; i += 2) {
    if (!args.is(i, "SAMPLES") || i + 1 === args.count) {
      reply.error(SYNTAX_ERROR);
      return false;
    }
    const count = ctx.integer(i + 1);
    if (count === undefined) return false;
    if (count < 0) {
      reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

type Field = readonly [name: string, write: (reply: Reply) => void];

const integerField = (name: string, value: number): Field => [
  name,
  (reply) => reply.integer(value),
];
const doubleField = (name: string, value: number): Field => [name, (reply) => reply.double(value)];

/** The pairs of MEMORY STATS in Redis's order. What redeno does not have is 0. */
function statsFields(server: ServerHandle, figures: MemoryFigures): Field[] {
  const { used_bytes, peak_bytes, startup_bytes, dataset_bytes } = figures;
  const ratios = memoryRatios(figures);
  const databases = [...server.keyspace.databases()].filter(({ size }) => size > 0);
  const keyCount = databases.reduce((sum, { size }) => sum + size, 0);
  const net_bytes = used_bytes - startup_bytes;
  return [
    integerField("peak.allocated", peak_bytes),
    integerField("total.allocated", used_bytes),
    integerField("startup.allocated", startup_bytes),
    integerField("replication.backlog", 0),
    integerField("clients.slaves", 0),
    integerField("clients.normal", figures.clients_bytes),
    integerField("cluster.links", 0),
    integerField("aof.buffer", figures.logBuffer_bytes),
    integerField("lua.caches", 0),
    integerField("functions.caches", 0),
    ...databases.map(({ index, table }): Field => [`db.${index}`, (reply) => {
      reply.map(3);
      reply.bulkText("overhead.hashtable.main");
      reply.integer(table.indexBytes);
      reply.bulkText("overhead.hashtable.expires");
      reply.integer(0); // part of the figure before
      reply.bulkText("overhead.hashtable.slot-to-keys");
      reply.integer(0);
    }]),
    integerField("overhead.total", used_bytes - dataset_bytes),
    integerField("keys.count", keyCount),
    integerField("keys.bytes-per-key", keyCount === 0 ? 0 : Math.floor(net_bytes / keyCount)),
    integerField("dataset.bytes", dataset_bytes),
    doubleField("dataset.percentage", percentage(dataset_bytes, net_bytes)),
    doubleField("peak.percentage", percentage(used_bytes, peak_bytes)),
    integerField("allocator.allocated", used_bytes),
    integerField("allocator.active", ratios.active_bytes),
    integerField("allocator.resident", ratios.resident_bytes),
    doubleField("allocator-fragmentation.ratio", ratios.allocatorFragmentation),
    integerField("allocator-fragmentation.bytes", ratios.allocatorFragmentation_bytes),
    doubleField("allocator-rss.ratio", ratios.allocatorRss),
    integerField("allocator-rss.bytes", ratios.allocatorRss_bytes),
    doubleField("rss-overhead.ratio", ratios.rssOverhead),
    integerField("rss-overhead.bytes", ratios.rssOverhead_bytes),
    doubleField("fragmentation", ratios.fragmentation),
    integerField("fragmentation.bytes", ratios.fragmentation_bytes),
  ];
}

function percentage(part: number, whole: number): number {
  return whole > 0 ? (100 * part) / whole : 0;
}
