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
import { redisBenchmark } from "./redis_benchmark.ts";
import { type BenchServer, QUIET, sleep, startServer } from "./servers.ts";

const KEYS = { small: 1_000_000, full: 5_000_000 };
const DEFAULT_ROUNDS = { small: 3, full: 3 };
const PING = new TextEncoder().encode("PING\r\n");
const PONG_BYTES = 7;
const INTERVAL_MS = 1;
/** Pings before the load begins: the client's own code gets warm. */
const WARM_PINGS = 300;

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
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  conn.setNoDelay(true);
  await pings(conn, (count) => count < WARM_PINGS);
  let loading = true;
  // Twelve digits are substituted: of so many keys, 5 million are distinct but for a few thousand.
  const options = ["-c", "1", "-r", "10000000000"];
  const loaded = redisBenchmark(server, { test: "set", requests: keys, pipeline: 64, options })
    .finally(() => loading = false);
  const [{ waits_ms, late_ms }] = await Promise.all([pings(conn, () => loading), loaded]);
  const sorted = waits_ms.toSorted((a, b) => a - b);
  const within = (share: number) => sorted[Math.floor((sorted.length - 1) * share)];
  return { longest_ms: within(1), p999_ms: within(0.999), p50_ms: within(0.5), late_ms };
}

async function pings(conn: Deno.Conn, goesOn: (count: number) => boolean) {
  const waits_ms: number[] = [];
  let late_ms = 0;
  while (goesOn(waits_ms.length)) {
    const sent_ms = performance.now();
    await ping(conn);
    const answered_ms = performance.now();
    waits_ms.push(answered_ms - sent_ms);
    await sleep(INTERVAL_MS);
    late_ms = Math.max(late_ms, performance.now() - answered_ms - INTERVAL_MS);
  }
  return { waits_ms, late_ms };
}

async function ping(conn: Deno.Conn): Promise<void> {
  const chunk = new Uint8Array(PONG_BYTES);
  if (await conn.write(PING) !== PING.length) throw new Error("PING was sent in part");
  for (let got = 0; got < PONG_BYTES;) {
    const read = await conn.read(chunk);
    if (read === null) throw new Error("the server closed the pinging connection");
    got += read;
  }
}
