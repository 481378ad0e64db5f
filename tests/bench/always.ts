/**
 * Writes per second where every reply waits for the disk: `appendfsync always`, 50 clients.
 *
 * It measures how many writes share one fsync, on the disk that holds the directory for temporary
 * files: choose another one with TMPDIR.
 */

import {
  type Benchmark,
  compare,
  interleave,
  progress,
  ratioAtLeast,
  type Row,
} from "./benchmark.ts";
import { redisBenchmark } from "./redis_benchmark.ts";
import { QUIET, startPair } from "./servers.ts";

const CASES = [
  { clients: 1, pipeline: 1, requests: { small: 2_000, full: 10_000 } },
  { clients: 10, pipeline: 1, requests: { small: 10_000, full: 50_000 } },
  { clients: 50, pipeline: 1, requests: { small: 30_000, full: 150_000 } },
  { clients: 50, pipeline: 16, requests: { small: 200_000, full: 1_000_000 } },
];
const GOAL = ratioAtLeast(1.0);
const DEFAULT_ROUNDS = { small: 5, full: 5 };

/** Durable writes per second. */
export const always: Benchmark = {
  name: "always",
  title: "SETs/s with appendfsync always, redis-benchmark -r 1000000 -d 32",
  async run(wish): Promise<Row[]> {
    await using pair = await startPair([
      ...QUIET,
      "--appendonly",
      "yes",
      "--appendfsync",
      "always",
    ]);
    const warm = { test: "set", requests: 100_000, pipeline: 16 };
    await pair.each(async (server) => {
      await redisBenchmark(server, warm);
    });
    const rows: Row[] = [];
    for (const { clients, pipeline, requests } of CASES) {
      const what = `SET -c ${clients} -P ${pipeline} AOF always`;
      progress(what);
      const options = ["-c", String(clients)];
      const run = { test: "set", pipeline, requests: requests[wish.size], options };
      const { rate } = await interleave(
        wish.rounds ?? DEFAULT_ROUNDS[wish.size],
        async (side) => ({
          rate: await pair.alone(side, (server) => redisBenchmark(server, run)),
        }),
      );
      rows.push(compare(what, "writes/s", rate, GOAL));
    }
    return rows;
  },
};
