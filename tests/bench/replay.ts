/**
 * How fast an append-only file is replayed: from starting the process to its first PONG.
 *
 * Both servers load the same directory, one after the other; it is written here, in Redis 7's layout:
 *
 *     appendonlydir/appendonly.aof.manifest      file appendonly.aof.1.incr.aof seq 1 type i
 *     appendonlydir/appendonly.aof.1.incr.aof    *2 $6 SELECT $1 0, then SETs of distinct keys
 */

import { encodeCommand } from "../kit/resp_client.ts";
import {
  type Benchmark,
  compare,
  interleave,
  progress,
  ratioAtLeast,
  type Row,
} from "./benchmark.ts";
import { batches, KEY, VALUE_32 } from "./bulk.ts";
import { QUIET, startServer } from "./servers.ts";
import { makeTempDir, removeTempDir } from "./temp_dir.ts";

const SETS = { small: 500_000, full: 5_000_000 };
const DEFAULT_ROUNDS = { small: 3, full: 3 };
const GOAL = ratioAtLeast(1.0);
const FILE = "appendonly.aof.1.incr.aof";

/** Replayed commands per second. */
export const replay: Benchmark = {
  name: "replay",
  title: "SETs/s replayed from the append-only file, start of the process included",
  async run(wish): Promise<Row[]> {
    const sets = SETS[wish.size];
    const dir = await makeTempDir();
    try {
      progress(`writing a log of ${sets} SETs`);
      await writeLog(dir, sets);
      const options = [...QUIET, "--appendonly", "yes", "--appendfsync", "everysec"];
      const rounds = wish.rounds ?? DEFAULT_ROUNDS[wish.size];
      const { rate } = await interleave(rounds, async (side, round) => {
        progress(`${side}, round ${round + 1}`);
        await using server = await startServer(side, options, dir);
        const keys = await server.keys();
        if (keys !== sets) throw new Error(`${side} replayed ${keys} of ${sets} SETs`);
        return { rate: sets / (server.startup_ms / 1000) };
      });
      return [compare(`replay of ${sets} SETs`, "SETs/s", rate, GOAL)];
    } finally {
      await removeTempDir(dir);
    }
  },
};

async function writeLog(dir: string, sets: number): Promise<void> {
  const place = `${dir}/appendonlydir`;
  await Deno.mkdir(place);
  await Deno.writeTextFile(
    `${place}/appendonly.aof.manifest`,
    `file ${FILE} seq 1 type i\n`,
  );
  using file = await Deno.open(`${place}/${FILE}`, { write: true, createNew: true });
  writeAll(file, encodeCommand(["SELECT", "0"]));
  for (const batch of batches(["SET", KEY, VALUE_32], sets)) writeAll(file, batch);
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += file.writeSync(bytes.subarray(written));
}
