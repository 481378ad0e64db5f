/**
 * How long a client may have to wait while another one loads millions of new keys.
 *
 * `redis-benchmark` loads through one connection, 64 commands at a time, with keys chosen from so
 * many that nearly all are new: the table grows from nothing. Meanwhile this process sends a PING
 * every millisecond. A server, a loader and a pinger share the machine: on two cores some
 * milliseconds are the scheduler's. The last row tells how late this process itself woke up.
 */

import {
  type Benchmark,
  compare,
  interleave,
  progress,
  redenoAtMost,
  type Row,
} from "./benchmark.ts";
import { pingDuring } from "./pings.ts";
import { redisBenchmark } from "./redis_benchmark.ts";
import { type BenchServer, QUIET, startServer } from "./servers.ts";

const KEYS = { small: 1_000_000, full: 5_000_000 };
const DEFAULT_ROUNDS = { small: 3, full: 3 };

/** The longest stall. */
export const stall: Benchmark = {
  name: "stall",
  title: "waits of a client that pings every ms while another loads keys (-c 1 -P 64 -d 32)",
  async run(wish): Promise<Row[]> {
    const keys = KEYS[wish.size];
    const rounds = wish.rounds ?? DEFAULT_ROUNDS[wish.size];
    const waits = await interleave(rounds, async (side, round) => {
      progress(`${side}, round ${round + 1}`);
      await using server = await startServer(side, QUIET);
      return await pingWhileLoading(server, keys);
    });
    const what = `${keys / 1e6} M keys`;
    return [
      compare(`${what}: longest wait`, "ms", waits.longest_ms, redenoAtMost(10)),
      compare(`${what}: 99.9 % within`, "ms", waits.p999_ms),
      compare(`${what}: 50 % within`, "ms", waits.p50_ms),
      compare("pinging client woke up late by", "ms", waits.late_ms),
    ];
  },
};

async function pingWhileLoading(server: BenchServer, keys: number) {
  // Twelve digits are substituted: of so many keys, 5 million are distinct but for a few thousand.
  const options = ["-c", "1", "-r", "10000000000"];
  return await pingDuring(server, async () => {
    await redisBenchmark(server, { test: "set", requests: keys, pipeline: 64, options });
  });
}
