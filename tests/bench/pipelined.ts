/**
 * Requests per second of commands that `redis-benchmark` has no test for, 16 at a time.
 *
 * Before the first one each server gets a sorted set of a million members, a stream of as many
 * entries and 200,000 places within ten degrees by ten; keys, members, scores, IDs and places are
 * random over all of these. What grows under ZADD, XADD and PFADD are keys of their own.
 */

import {
  type Benchmark,
  compare,
  interleave,
  progress,
  ratioAtLeast,
  type Row,
} from "./benchmark.ts";
import { load } from "./bulk.ts";
import { redisBenchmark } from "./redis_benchmark.ts";
import { type BenchServer, QUIET, startPair } from "./servers.ts";

interface Load {
  readonly what: string;
  readonly command: readonly string[];
  /** How many ordinary requests one of its requests weighs: it gets as many fewer of them. */
  readonly weight: number;
}

/** What redis-benchmark replaces by twelve digits below a million. */
const RANDOM = "__rand_int__";
const LOADED = 1_000_000;
const PLACES = 200_000;
/** Up to ten degrees. */
const DEGREES = `${RANDOM}e-5`;
const MEMBER = `member:${RANDOM}`;
const PIPELINE = 16;

const LOADS: readonly Load[] = [
  { what: "ZADD", command: ["ZADD", "added", RANDOM, MEMBER], weight: 1 },
  { what: "ZRANK", command: ["ZRANK", "zset", MEMBER], weight: 1 },
  {
    what: "ZRANGEBYSCORE LIMIT 0 10",
    command: ["ZRANGEBYSCORE", "zset", RANDOM, "+inf", "LIMIT", "0", "10"],
    weight: 2,
  },
  { what: "XADD", command: ["XADD", "logged", "*", "field", RANDOM], weight: 1 },
  {
    what: "XRANGE COUNT 10",
    command: ["XRANGE", "stream", `1${RANDOM}`, "+", "COUNT", "10"],
    weight: 2,
  },
  { what: "PFADD", command: ["PFADD", "hll", RANDOM], weight: 1 },
  {
    what: "GEOSEARCH BYRADIUS 5 km",
    command: ["GEOSEARCH", "places", "FROMLONLAT", DEGREES, DEGREES, "BYRADIUS", "5", "km", "ASC"],
    weight: 4,
  },
];

const REQUESTS = { small: 200_000, full: 1_000_000 };
const DEFAULT_ROUNDS = { small: 3, full: 5 };
const GOAL = ratioAtLeast(0.8);

/** Requests per second through a pipeline. */
export const pipelined: Benchmark = {
  name: "pipelined",
  title: "requests/s of redis-benchmark -c 50 -r 1000000 -P 16 with commands of its own",
  async run(wish): Promise<Row[]> {
    await using pair = await startPair(QUIET);
    await pair.each(fill);
    const rows: Row[] = [];
    for (const { what, command, weight } of LOADS) {
      progress(what);
      const run = { test: command, requests: REQUESTS[wish.size] / weight, pipeline: PIPELINE };
      const rounds = wish.rounds ?? DEFAULT_ROUNDS[wish.size];
      const { rate } = await interleave(rounds, async (side) => ({
        rate: await pair.alone(side, (server) => redisBenchmark(server, run)),
      }));
      rows.push(compare(`${what} -P ${PIPELINE}`, "req/s", rate, GOAL));
    }
    return rows;
  },
};

async function fill(server: BenchServer): Promise<void> {
  progress(`filling ${server.side}`);
  await load(server, ["ZADD", "zset", "######", "member:############"], LOADED);
  // IDs rise, and are answered as bulk strings: two lines each.
  const entry = ["XADD", "stream", "1############-1", "field", "############"];
  await load(server, entry, LOADED, "rising", 2);
  const place = ["GEOADD", "places", DEGREES, DEGREES, MEMBER];
  await redisBenchmark(server, { test: place, requests: PLACES, pipeline: PIPELINE });
}
