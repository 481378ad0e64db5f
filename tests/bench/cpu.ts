/**
 * What a request costs the server: CPU time of all its threads, divided by the requests.
 *
 * Unlike requests per second this does not depend on how fast the client is. It is counted in ticks
 * of 10 ms: the runs are long enough for a resolution of about 2 %.
 */

import {
  type Benchmark,
  compare,
  interleave,
  progress,
  ratioAtMost,
  type Row,
} from "./benchmark.ts";
import { redisBenchmark, warmUp } from "./redis_benchmark.ts";
import { type BenchServer, QUIET, startPair } from "./servers.ts";

const DEPTHS = [
  { pipeline: 1, requests: { small: 100_000, full: 400_000 }, goal: ratioAtMost(1.2) },
  { pipeline: 16, requests: { small: 800_000, full: 2_000_000 }, goal: undefined },
];
const TESTS = ["get", "set"];
const DEFAULT_ROUNDS = { small: 5, full: 5 };

/** Server CPU per request. */
export const cpu: Benchmark = {
  name: "cpu",
  title: "server CPU per request (user and kernel, all threads), redis-benchmark -c 50",
  async run(wish): Promise<Row[]> {
    await using pair = await startPair(QUIET);
    await pair.each(warmUp);
    const rows: Row[] = [];
    for (const { pipeline, requests, goal } of DEPTHS) {
      for (const test of TESTS) {
        const what = `${test.toUpperCase()} -P ${pipeline}`;
        progress(what);
        const load = { test, pipeline, requests: requests[wish.size] };
        const { cpu_us } = await interleave(
          wish.rounds ?? DEFAULT_ROUNDS[wish.size],
          async (side) => ({ cpu_us: await pair.alone(side, (server) => cost_us(server, load)) }),
        );
        rows.push(compare(what, "us/req", cpu_us, goal));
      }
    }
    return rows;
  },
};

async function cost_us(
  server: BenchServer,
  load: { test: string; pipeline: number; requests: number },
): Promise<number> {
  const before_us = server.cpu_us();
  await redisBenchmark(server, load);
  return (server.cpu_us() - before_us) / load.requests;
}
