/**
 * BGREWRITEAOF under a load of writes: how much memory it takes beyond what the server had, how long
 * it takes, and how long a client that pings every millisecond has to wait meanwhile.
 *
 * And the same for a hash of a million fields alone, which is changed at once, again and again, and
 * deleted in the end: the first change is the one that finds all of it still to be written.
 *
 * Memory is the proportional set size (Pss) of the server and its children together: what a fork
 * shares is counted once. The same load runs before, for the memory at rest.
 */

import {
  type Benchmark,
  compare,
  interleave,
  progress,
  redenoAtMost,
  type Row,
} from "./benchmark.ts";
import { KEY, load, loadKeys, VALUE_32 } from "./bulk.ts";
import { pingDuring } from "./pings.ts";
import { redisBenchmark } from "./redis_benchmark.ts";
import { type BenchServer, QUIET, sleep, startServer } from "./servers.ts";

const KEYS = { small: 500_000, full: 5_000_000 };
const DEFAULT_ROUNDS = { small: 3, full: 3 };
const SAMPLE_MS = 100;
/** One run of the load; it is repeated as long as it is needed. */
const LOAD_REQUESTS = 50_000;

/** Fields of the large hash. */
const FIELDS = { small: 1_000_000, full: 5_000_000 };

/** A rewrite of the log. */
export const rewrite: Benchmark = {
  name: "rewrite",
  title: "BGREWRITEAOF while SETs are made (-c 10 -P 4, appendfsync everysec)",
  async run(wish): Promise<Row[]> {
    const keys = KEYS[wish.size];
    const options = [...QUIET, "--appendonly", "yes"];
    const figures = await interleave(
      wish.rounds ?? DEFAULT_ROUNDS[wish.size],
      async (side, round) => {
        progress(`${side}, round ${round + 1}`);
        await using server = await startServer(side, options);
        await loadKeys(server, ["SET", KEY, VALUE_32], keys);
        return await rewriteUnderLoad(server);
      },
    );
    const fields = FIELDS[wish.size];
    const changes = await interleave(
      wish.rounds ?? DEFAULT_ROUNDS[wish.size],
      async (side, round) => {
        progress(`${side}, a large hash, round ${round + 1}`);
        await using server = await startServer(side, options);
        await load(server, ["HSET", "hash", KEY, VALUE_32], fields);
        return await changeUnderRewrite(server);
      },
    );
    const what = `${keys / 1e6} M keys`;
    const hash = `a hash of ${fields / 1e6} M fields`;
    return [
      compare(`${what}: peak over resting memory`, "x", figures.growth, redenoAtMost(1.1)),
      compare(`${what}: longest wait of a ping`, "ms", figures.longest_ms),
      compare(`${what}: 99.9 % of the pings within`, "ms", figures.p999_ms),
      compare(`${what}: pinging client woke up late by`, "ms", figures.late_ms),
      compare(`${what}: duration`, "s", figures.duration_s),
      compare(`${hash}: its first change`, "ms", changes.first_ms),
      compare(`${hash}: its deletion`, "ms", changes.deletion_ms),
      compare(`${hash}: longest wait of a ping`, "ms", changes.longest_ms),
      compare(`${hash}: 99.9 % of the pings within`, "ms", changes.p999_ms),
    ];
  },
};

async function rewriteUnderLoad(server: BenchServer) {
  await setWhile(server, () => Promise.resolve(false));
  await sleep(1500); // what is given back at leisure is given back
  const resting_bytes = pss_bytes(server);
  let peak_bytes = resting_bytes;
  let duration_s = 0;
  const waits = await pingDuring(server, async () => {
    await using client = await server.connect();
    const began_ms = performance.now();
    await client.call("BGREWRITEAOF");
    const running = async () => {
      peak_bytes = Math.max(peak_bytes, pss_bytes(server));
      const reply = await client.call("INFO", "persistence");
      if (reply.type !== "bulk") throw new Error(`${server.side}: INFO answered ${reply.type}`);
      if (/aof_last_bgrewrite_status:err/.test(reply.value)) throw new Error("the rewrite failed");
      return /aof_rewrite_in_progress:1/.test(reply.value);
    };
    await setWhile(server, running);
    duration_s = (performance.now() - began_ms) / 1000;
  });
  return { growth: peak_bytes / resting_bytes, duration_s, ...waits };
}

/** Changes the large hash for as long as the log is rewritten; deletes it during the next rewrite. */
async function changeUnderRewrite(server: BenchServer) {
  let first_ms = 0;
  let deletion_ms = 0;
  const waits = await pingDuring(server, async () => {
    await using client = await server.connect();
    const timed = async (...command: readonly string[]) => {
      const began_ms = performance.now();
      const reply = await client.call(...command);
      if (reply.type === "error") throw new Error(`${server.side}: ${reply.value}`);
      return performance.now() - began_ms;
    };
    const isRewriting = async () => {
      const reply = await client.call("INFO", "persistence");
      return reply.type === "bulk" && /aof_rewrite_in_progress:1/.test(reply.value);
    };
    await client.call("BGREWRITEAOF");
    first_ms = await timed("HSET", "hash", "key:000000000001", "changed");
    for (let i = 0; await isRewriting(); i++) {
      await timed(
        "HSET",
        "hash",
        `key:${String(i * 7919 % 1_000_000).padStart(12, "0")}`,
        "changed",
      );
    }
    await client.call("BGREWRITEAOF");
    deletion_ms = await timed("UNLINK", "hash");
    while (await isRewriting()) await sleep(SAMPLE_MS);
  });
  return { first_ms, deletion_ms, ...waits };
}

/** Makes SETs as long as `goesOn` says so, and at least once. */
async function setWhile(server: BenchServer, goesOn: () => Promise<boolean>): Promise<void> {
  let working = true;
  const loading = (async () => {
    do {
      await redisBenchmark(server, {
        test: "set",
        requests: LOAD_REQUESTS,
        pipeline: 4,
        options: ["-c", "10"],
      });
    } while (working);
  })();
  try {
    do await sleep(SAMPLE_MS); while (await goesOn());
  } finally {
    working = false;
    await loading;
  }
}

/** Memory of a server and its children, what they share counted once. */
function pss_bytes(server: BenchServer): number {
  const { pid } = server;
  let sum = 0;
  for (const process of [pid, ...childrenOf(pid)]) {
    try {
      const text = Deno.readTextFileSync(`/proc/${process}/smaps_rollup`);
      sum += Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
    } catch (error) {
      if (process === pid) throw error; // a child may have ended meanwhile
    }
  }
  return sum;
}

function childrenOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter((word) => word.trim() !== "").map(Number);
}
