/**
 * How fast data is loaded at the start, from spawning the process to its first PONG: an RDB file of
 * strings, and a log and an RDB file of all types. Both servers load the same files; redis-server
 * has written them.
 */

import {
  type Benchmark,
  compare,
  interleave,
  progress,
  ratioAtLeast,
  type Row,
} from "./benchmark.ts";
import { KEY, load, VALUE_32 } from "./bulk.ts";
import { type BenchServer, QUIET, startServer } from "./servers.ts";
import { makeTempDir, removeTempDir } from "./temp_dir.ts";

const KEYS = { small: 500_000, full: 5_000_000 };
const MIXED_KEYS = { small: 50_000, full: 500_000 };
const DEFAULT_ROUNDS = { small: 3, full: 3 };
const LOGGED = ["--appendonly", "yes", "--aof-use-rdb-preamble", "no"];

/** Keys of every type; `#` are digits, see `bulk.ts`. */
const MIXED: readonly (readonly string[])[] = [
  ["SET", "string:########", VALUE_32],
  ["SET", "lapsing:########", "12########", "EX", "1000000"],
  ["RPUSH", "list:########", "a", "b########", "100", "element"],
  ["SADD", "set:########", "a", "b########", "c", "d"],
  ["SADD", "ints:########", "1", "2########", "3"],
  ["HSET", "hash:########", "name", "n########", "age", "42", "city", "x########"],
  ["ZADD", "zset:########", "1", "a", "2.5", "b########", "3", "c"],
  ["XADD", "stream:########", "5-1", "field", "v########"],
  ["PFADD", "hll:########", "a########", "b", "c"],
];

/** Loading speeds. */
export const loading: Benchmark = {
  name: "loading",
  title: "keys/s loaded at the start, start of the process included",
  async run(wish): Promise<Row[]> {
    const rounds = wish.rounds ?? DEFAULT_ROUNDS[wish.size];
    const keys = KEYS[wish.size];
    const each = MIXED_KEYS[wish.size];
    const mixed = each * MIXED.length;
    const strings = async (server: BenchServer) => {
      await load(server, ["SET", KEY, VALUE_32], keys);
    };
    const types = async (server: BenchServer) => {
      for (const command of MIXED) {
        // A status is a line, as is an integer; XADD answers with a bulk string.
        await load(server, command, each, "scattered", command[0] === "XADD" ? 2 : 1);
      }
    };
    const rdb = QUIET;
    const log = [...QUIET, ...LOGGED];
    return [
      await loadingRow(`RDB file of ${keys} strings`, rounds, keys, rdb, strings, 0.8),
      await loadingRow(`RDB file of all types, ${mixed} keys`, rounds, mixed, rdb, types, 0.8),
      await loadingRow(`log of all types, ${mixed} commands`, rounds, mixed, log, types, 1.0),
    ];
  },
};

async function loadingRow(
  what: string,
  rounds: number,
  keys: number,
  options: readonly string[],
  fill: (server: BenchServer) => Promise<void>,
  goal: number,
): Promise<Row> {
  const dir = await makeTempDir();
  try {
    progress(`writing the ${what}`);
    {
      await using server = await startServer("redis", options, dir);
      await fill(server);
      await using client = await server.connect();
      if (options === QUIET) await client.call("SAVE");
    }
    const { rate } = await interleave(rounds, async (side, round) => {
      progress(`${what}: ${side}, round ${round + 1}`);
      await using server = await startServer(side, options, dir);
      const found = await server.keys();
      if (found !== keys) throw new Error(`${side} loaded ${found} of ${keys} keys`);
      return { rate: keys / (server.startup_ms / 1000) };
    });
    return compare(what, "keys/s", rate, ratioAtLeast(goal));
  } finally {
    await removeTempDir(dir);
  }
}
