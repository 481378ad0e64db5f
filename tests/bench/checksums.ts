/**
 * What the checksums of the log cost: redeno with `aof-checksums yes` against redeno without, in
 * turns. The column of redis-server stays empty: it has none.
 */

import { type Benchmark, median, progress, type Row } from "./benchmark.ts";
import { redisBenchmark } from "./redis_benchmark.ts";
import { QUIET, startServer } from "./servers.ts";

const DEFAULT_ROUNDS = { small: 5, full: 5 };
const CASES = [
  { what: "SET everysec -P 1", policy: "everysec", pipeline: 1, requests: 100_000 },
  { what: "SET everysec -P 16", policy: "everysec", pipeline: 16, requests: 600_000 },
  { what: "SET always -P 1", policy: "always", pipeline: 1, requests: 30_000 },
  { what: "SET always -P 16", policy: "always", pipeline: 16, requests: 300_000 },
];
const SCALE = { small: 1, full: 5 };

/** Writes per second with checksums over those without. */
export const checksums: Benchmark = {
  name: "checksums",
  title: "SETs/s with aof-checksums yes, as a share of those with no",
  async run(wish): Promise<Row[]> {
    const rounds = wish.rounds ?? DEFAULT_ROUNDS[wish.size];
    const rows: Row[] = [];
    for (const { what, policy, pipeline, requests } of CASES) {
      progress(what);
      const rates = { yes: [] as number[], no: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        for (const checksums of ["yes", "no"] as const) {
          const options = ["--appendonly", "yes", "--appendfsync", policy];
          await using server = await startServer(
            "redeno",
            [...QUIET, ...options, "--aof-checksums", checksums],
          );
          await redisBenchmark(server, { test: "set", requests: 50_000, pipeline: 16 });
          const run = { test: "set", requests: requests * SCALE[wish.size], pipeline };
          rates[checksums].push(await redisBenchmark(server, run));
        }
      }
      const ratios = rates.yes.map((rate, round) => rate / rates.no[round]);
      rows.push({
        what,
        unit: "writes/s",
        redeno: median(rates.yes),
        ratio: median(ratios),
        spread: [Math.min(...ratios), Math.max(...ratios)],
      });
    }
    return rows;
  },
};
