/**
 * The benchmarks: redeno beside redis-server, both measured in the same run on this machine.
 *
 *     deno task bench                              all of them, small: some minutes
 *     deno task bench throughput cpu               only these
 *     deno task bench --size full --rounds 5       the sizes the goals are stated for
 *     deno task bench memory --bundle              redeno as `deno task bundle` wrote it
 *
 *     deno task bench --help                       what there is
 *
 * Each ends by itself: every load has a time limit, and a server that hangs or ends is an error.
 * Needs Linux, and redis-server and redis-benchmark 7.0 on the PATH. Servers keep their files in the
 * directory for temporary files (TMPDIR).
 *
 * How to read a table:
 *
 *     what        redeno    redis  unit   ratio    (of rounds)  goal
 *     GET -P 16  1500000  1000000  req/s   1.50  (1.42 - 1.55)  ratio >= 1.00  ok
 *
 * - `redeno` and `redis` are medians over the rounds. The servers take turns - redeno, redis-server,
 *   redeno, redis-server, ... - and while one is measured the other is stopped or not there.
 * - `ratio` is redeno / redis-server: each round gives one, this is their median. Of rates more is
 *   better, of times and bytes less. It is not always the quotient of the two medians beside it.
 * - `(of rounds)` are the lowest and the highest of those ratios. Where they lie far apart the
 *   machine was busy with something else: run again, with more rounds, before believing the ratio.
 *   The line below each table tells how busy: with two cores, client and server need both, and any
 *   that others take pulls the ratios of rates towards those of the CPU time of client plus server.
 * - `goal` is what the ratio, or redeno's own figure where a unit is given, should be; `ok` or `MISS`
 *   says whether it is. A `-` is a figure without a goal. Missing a goal does not change the exit
 *   code: it is 0 unless a benchmark could not be run.
 */

// @ts-types="./std_parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
import { hasRedisServer } from "../kit/oracle.ts";
import { always } from "./always.ts";
import type { Benchmark, Row, Wish } from "./benchmark.ts";
import { checksums } from "./checksums.ts";
import { cpu } from "./cpu.ts";
import { loading } from "./loading.ts";
import { memory } from "./memory.ts";
import { coresOfOthers, cpuTimes } from "./noise.ts";
import { pipelined } from "./pipelined.ts";
import { replay } from "./replay.ts";
import { summary, table } from "./report.ts";
import { killServers, startCommand, useBundle } from "./servers.ts";
import { rewrite } from "./rewrite.ts";
import { stall } from "./stall.ts";
import { startup } from "./startup.ts";
import { structures } from "./structures.ts";
import { removeTempDirs } from "./temp_dir.ts";
import { throughput } from "./throughput.ts";
import { unlink } from "./unlink.ts";

const BENCHMARKS: readonly Benchmark[] = [
  throughput,
  pipelined,
  cpu,
  memory,
  structures,
  always,
  checksums,
  replay,
  loading,
  rewrite,
  stall,
  unlink,
  startup,
];

const NAMES = BENCHMARKS.map(({ name, title }) => `  ${name.padEnd(10)}  ${title}`).join("\n");
const USAGE = `Usage: deno task bench [name ...] [--size small|full] [--rounds N] [--bundle]
Names:
${NAMES}`;

/** A command line that asks for what is not there. */
class UsageError extends Error {}

function readArgs(args: readonly string[]): { chosen: readonly Benchmark[]; wish: Wish } {
  const flags = parseArgs(args, {
    string: ["size", "rounds"],
    boolean: ["bundle"],
    unknown: (arg, key) => {
      if (key !== undefined) throw new UsageError(`${arg}: no such option`);
    },
  });
  if (flags.bundle === true) useBundle();
  const size = flags.size ?? "small";
  if (size !== "small" && size !== "full") throw new UsageError("--size is small or full");
  const rounds = flags.rounds === undefined ? undefined : Number(flags.rounds);
  if (rounds !== undefined && !(Number.isSafeInteger(rounds) && rounds > 0)) {
    throw new UsageError("--rounds is a positive integer");
  }
  const wanted = flags._.map(String);
  const chosen = wanted.map((name) => {
    const found = BENCHMARKS.find((benchmark) => benchmark.name === name);
    if (found === undefined) throw new UsageError(`${name}: no such benchmark`);
    return found;
  });
  return { chosen: chosen.length === 0 ? BENCHMARKS : chosen, wish: { size, rounds } };
}

async function run(chosen: readonly Benchmark[], wish: Wish): Promise<void> {
  console.log(`redeno is started as: deno ${startCommand().slice(1).join(" ")}`);
  console.log(`size ${wish.size}, ${navigator.hardwareConcurrency} cores`);
  const rows: Row[] = [];
  for (const benchmark of chosen) {
    const before = cpuTimes();
    const started_ms = performance.now();
    const own = await benchmark.run(wish);
    const took_s = Math.round((performance.now() - started_ms) / 1000);
    rows.push(...own);
    console.log(`\n${table(benchmark, own)}`);
    console.log(
      `  (${took_s} s; other processes kept ${coresOfOthers(before).toFixed(2)} cores busy)`,
    );
  }
  console.log(`\n${summary(rows)}`);
}

/** Leaves no process and no file behind. */
function giveUp(): void {
  killServers();
  removeTempDirs();
}

async function main(): Promise<void> {
  if (Deno.args.includes("--help")) return console.log(USAGE);
  const { chosen, wish } = readArgs(Deno.args);
  if (!hasRedisServer()) throw new Error("redis-server and redis-benchmark are needed");
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      giveUp();
      Deno.exit(1);
    });
  }
  await run(chosen, wish);
}

if (import.meta.main) {
  main().catch((error) => {
    giveUp();
    console.error(error instanceof UsageError ? `${error.message}\n${USAGE}` : error);
    Deno.exit(1);
  });
}
