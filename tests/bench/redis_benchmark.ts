/**
 * Runs `redis-benchmark`, Redis's own load generator, against one server.
 *
 * Promise: a server that answers with errors is an error here, not a fast server; and it ends with
 * its server (by itself it would try to connect again for ever) or when its time is up.
 */

import type { BenchServer } from "./servers.ts";

/** Clients, key range and value size of every run, as the goals are stated. */
const LOAD = ["-c", "50", "-r", "1000000", "-d", "32"];
const KEYS = 1_000_000;
/** The longest run there is takes a tenth of this; a server that hangs takes all of it. */
const TIMEOUT_MS = 120_000;

/** What to run. */
export interface Run {
  /**
   * The name of a test, as `-t` takes it, or a command, in which every `__rand_int__` becomes twelve
   * digits below the key range (1 M unless `options` say otherwise).
   */
  readonly test: string | readonly string[];
  /** How many requests. */
  readonly requests: number;
  /** How many requests a client sends at a time. */
  readonly pipeline: number;
  /** More options; they win over those of every run. */
  readonly options?: readonly string[];
}

/**
 * Runs one test.
 *
 * @returns requests per second.
 */
export async function redisBenchmark(server: BenchServer, run: Run): Promise<number> {
  const what = typeof run.test === "string" ? ["-t", run.test] : run.test;
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, TIMEOUT_MS);
  server.gone.addEventListener("abort", end, { once: true });
  const { code, stdout, stderr } = await new Deno.Command("redis-benchmark", {
    args: [
      ...["-h", "127.0.0.1", "-p", String(server.port), "-e", "--csv", ...LOAD],
      ...["-n", String(run.requests), "-P", String(run.pipeline)],
      ...run.options ?? [],
      ...what,
    ],
    signal: ending.signal,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  clearTimeout(timer);
  server.gone.removeEventListener("abort", end);
  const decoder = new TextDecoder();
  const output = `${decoder.decode(stderr)}${decoder.decode(stdout)}`;
  if (server.gone.aborted) throw new Error(server.lastWords());
  const named = `redis-benchmark ${what.join(" ")} at ${server.side}`;
  if (ending.signal.aborted) throw new Error(`${named}: not done in ${TIMEOUT_MS} ms: ${output}`);
  if (code !== 0 || output.includes("Error from server")) {
    throw new Error(`${named} failed (${code}): ${output}`);
  }
  return requestsPerSecond(decoder.decode(stdout));
}

/**
 * Reads its `--csv` output: the last line counts, since the tests of LRANGE fill their list first.
 *
 * @throws {Error} where the output is not what `--csv` gives.
 */
export function requestsPerSecond(csv: string): number {
  const lines = csv.trim().split("\n");
  const rate = /^"[^"]+","([0-9.]+)"/.exec(lines[lines.length - 1]);
  if (lines.length < 2 || !lines[0].startsWith('"test","rps"') || rate === null) {
    throw new Error(`redis-benchmark wrote what is no result: ${csv}`);
  }
  return Number(rate[1]);
}

/** Fills most of the key range and lets the server warm up. */
export async function warmUp(server: BenchServer): Promise<void> {
  await redisBenchmark(server, { test: "set", requests: KEYS, pipeline: 64 });
  await redisBenchmark(server, { test: "get", requests: KEYS / 4, pipeline: 16 });
}
