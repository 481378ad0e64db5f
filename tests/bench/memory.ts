/**
 * Bytes of resident memory a key costs, with everything it takes: table, allocator, runtime.
 *
 * Both sizes load as many keys as the goals name, since the cost depends on how full the table is.
 */

import {
  type Benchmark,
  compare,
  interleave,
  progress,
  ratioAtMost,
  type Row,
} from "./benchmark.ts";
import { KEY, loadKeys, VALUE_32 } from "./bulk.ts";
import { type BenchServer, QUIET, sleep, startServer } from "./servers.ts";

interface Data {
  readonly what: string;
  readonly command: readonly string[];
  readonly keys: number;
  readonly bound: number;
}

const DATA: readonly Data[] = [
  {
    what: "2 M keys, 16 B + 32 B",
    command: ["SET", KEY, VALUE_32],
    keys: 2_000_000,
    bound: 0.7,
  },
  {
    what: "1 M hashes of 5 fields",
    command: ["HSET", KEY, "f1", "v1", "f2", "v2", "f3", "v3", "f4", "v4", "f5", "v5"],
    keys: 1_000_000,
    bound: 0.9,
  },
];

/** Time to give back what the start and the load only borrowed. */
const SETTLE_MS = 2000;
const DEFAULT_ROUNDS = { small: 1, full: 3 };

/** RSS per key. */
export const memory: Benchmark = {
  name: "memory",
  title: "RSS per key after a pipelined load; `over empty` leaves out the RSS of the empty server",
  async run(wish): Promise<Row[]> {
    const rows: Row[] = [];
    for (const data of DATA) {
      if (!await hasCommand(data.command[0])) {
        progress(`not measured, ${data.command[0]} is missing: ${data.what}`);
        continue;
      }
      const rounds = wish.rounds ?? DEFAULT_ROUNDS[wish.size];
      const { overEmpty, total } = await interleave(rounds, async (side) => {
        progress(`${data.what}, ${side}`);
        await using server = await startServer(side, QUIET);
        return await bytesPerKey(server, data);
      });
      const goal = ratioAtMost(data.bound);
      rows.push(compare(`${data.what}: total`, "B/key", total, goal));
      rows.push(compare(`${data.what}: over empty`, "B/key", overEmpty, goal));
    }
    return rows;
  },
};

async function bytesPerKey(server: BenchServer, { command, keys }: Data) {
  await sleep(SETTLE_MS);
  const empty_bytes = server.rss_bytes();
  await loadKeys(server, command, keys);
  await sleep(SETTLE_MS);
  const full_bytes = server.rss_bytes();
  return { total: full_bytes / keys, overEmpty: (full_bytes - empty_bytes) / keys };
}

async function hasCommand(name: string): Promise<boolean> {
  await using server = await startServer("redeno", QUIET);
  return (await server.knownCommands([name])).has(name);
}
