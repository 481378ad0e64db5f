/**
 * Requests per second of `redis-benchmark`'s default tests, as far as both servers have the commands.
 *
 * One server runs at a time. Before the first test each gets a million SETs, so that GET finds most
 * of its keys and SET replaces them.
 */

import {
  type Benchmark,
  compare,
  type Goal,
  interleave,
  median,
  progress,
  ratioAtLeast,
  type Row,
  type Wish,
} from "./benchmark.ts";
import { redisBenchmark, warmUp } from "./redis_benchmark.ts";
import { type Pair, QUIET, startPair } from "./servers.ts";

interface Test {
  /** As `redis-benchmark -t` takes it. */
  readonly name: string;
  /** The commands it sends. */
  readonly commands: readonly string[];
  /** How many ordinary requests one of its requests weighs: it gets as many fewer of them. */
  readonly weight: number;
}

/** The default tests of redis-benchmark 7.0, in its order. */
const TESTS: readonly Test[] = [
  { name: "ping_inline", commands: ["ping"], weight: 1 },
  { name: "ping_mbulk", commands: ["ping"], weight: 1 },
  { name: "set", commands: ["set"], weight: 1 },
  { name: "get", commands: ["get"], weight: 1 },
  { name: "incr", commands: ["incr"], weight: 1 },
  { name: "lpush", commands: ["lpush"], weight: 1 },
  { name: "rpush", commands: ["rpush"], weight: 1 },
  { name: "lpop", commands: ["lpop"], weight: 1 },
  { name: "rpop", commands: ["rpop"], weight: 1 },
  { name: "sadd", commands: ["sadd"], weight: 1 },
  { name: "hset", commands: ["hset"], weight: 1 },
  { name: "spop", commands: ["spop"], weight: 1 },
  { name: "zadd", commands: ["zadd"], weight: 1 },
  { name: "zpopmin", commands: ["zpopmin"], weight: 1 },
  { name: "lrange_100", commands: ["lpush", "lrange"], weight: 5 },
  { name: "lrange_300", commands: ["lpush", "lrange"], weight: 10 },
  { name: "lrange_500", commands: ["lpush", "lrange"], weight: 20 },
  { name: "lrange_600", commands: ["lpush", "lrange"], weight: 20 },
  { name: "mset", commands: ["mset"], weight: 5 },
];

interface Depth {
  readonly pipeline: number;
  readonly requests: Readonly<Record<Wish["size"], number>>;
  /** For each test. */
  readonly goal: Goal;
  /** For the median over the tests. */
  readonly medianGoal?: Goal;
  /** For SET with the append-only file. */
  readonly logGoal?: Goal;
}

const DEPTHS: readonly Depth[] = [
  { pipeline: 1, requests: { small: 60_000, full: 300_000 }, goal: ratioAtLeast(0.95) },
  {
    pipeline: 16,
    requests: { small: 400_000, full: 1_000_000 },
    goal: ratioAtLeast(1.0),
    medianGoal: ratioAtLeast(1.3),
    logGoal: ratioAtLeast(1.5),
  },
];

const DEFAULT_ROUNDS = { small: 3, full: 5 };

/** Requests per second, in memory and with the append-only file. */
export const throughput: Benchmark = {
  name: "throughput",
  title: "requests/s of redis-benchmark -c 50 -r 1000000 -d 32",
  async run(wish: Wish): Promise<Row[]> {
    return [...await inMemory(wish), ...await withLog(wish)];
  },
};

async function inMemory(wish: Wish): Promise<Row[]> {
  await using pair = await startPair(QUIET);
  await pair.each(warmUp);
  const tests = await testsOf(pair);
  const rows: Row[] = [];
  for (const depth of DEPTHS) {
    const ofDepth: Row[] = [];
    for (const test of tests) {
      ofDepth.push(await measure(pair, test, depth, wish, "", depth.goal));
    }
    rows.push(...ofDepth, {
      what: `median of the ${ofDepth.length} at -P ${depth.pipeline}`,
      unit: "",
      ratio: median(ofDepth.map((row) => row.ratio)),
      goal: depth.medianGoal,
    });
  }
  return rows;
}

async function withLog(wish: Wish): Promise<Row[]> {
  const test = TESTS.find((test) => test.name === "set")!;
  await using pair = await startPair([
    ...QUIET,
    "--appendonly",
    "yes",
    "--appendfsync",
    "everysec",
  ]);
  await pair.each(warmUp);
  const rows: Row[] = [];
  for (const depth of DEPTHS) {
    rows.push(await measure(pair, test, depth, wish, " AOF everysec", depth.logGoal));
  }
  return rows;
}

async function measure(
  pair: Pair,
  test: Test,
  depth: Depth,
  wish: Wish,
  note: string,
  goal: Goal | undefined,
): Promise<Row> {
  const what = `${test.name.toUpperCase()} -P ${depth.pipeline}${note}`;
  progress(what);
  const requests = Math.round(depth.requests[wish.size] / test.weight);
  const run = { test: test.name, requests, pipeline: depth.pipeline };
  const rounds = wish.rounds ?? DEFAULT_ROUNDS[wish.size];
  const { rate } = await interleave(rounds, async (side) => ({
    rate: await pair.alone(side, (server) => redisBenchmark(server, run)),
  }));
  return compare(what, "req/s", rate, goal);
}

/** The tests whose commands redeno knows. */
async function testsOf(pair: Pair): Promise<Test[]> {
  const names = [...new Set(TESTS.flatMap((test) => test.commands))];
  const known = await pair.alone("redeno", (server) => server.knownCommands(names));
  const [there, missing] = [true, false].map((wanted) =>
    TESTS.filter((test) => test.commands.every((name) => known.has(name)) === wanted)
  );
  if (missing.length > 0) {
    progress(`not measured, commands missing: ${missing.map((test) => test.name).join(", ")}`);
  }
  return there;
}
