/**
 * How long a client may have to wait while a key of millions of members goes away.
 *
 * The key goes by UNLINK or because its time has come; nobody touches it. Meanwhile this process
 * sends a PING every millisecond, and goes on for some seconds: what was put off is seen too. The
 * last row tells how late this process itself woke up.
 */

import {
  type Benchmark,
  compare,
  interleave,
  progress,
  redenoAtMost,
  type Row,
} from "./benchmark.ts";
import { LARGE, LARGE_KEY, loadLarge } from "./large.ts";
import { pingDuring } from "./pings.ts";
import { type BenchServer, QUIET, sleep, startServer } from "./servers.ts";

const MEMBERS = { small: 200_000, full: 2_000_000 };
const DEFAULT_ROUNDS = { small: 1, full: 3 };
const GOAL = redenoAtMost(10);
/** Time for what the load left to be done. */
const SETTLE_MS = 1000;
/** How long the waits are watched after the key was told to go. */
const WATCH_MS = 3000;
/** When the key is to go, after it was told. */
const EXPIRE_MS = "200";

/** How the key goes. */
const WAYS = [
  { what: "UNLINK", command: ["UNLINK", LARGE_KEY] },
  { what: "expiry", command: ["PEXPIRE", LARGE_KEY, EXPIRE_MS] },
];

/** The longest stall. */
export const unlink: Benchmark = {
  name: "unlink",
  title: "longest wait of a client that pings every ms while a large key goes away",
  async run(wish): Promise<Row[]> {
    const members = MEMBERS[wish.size];
    const rounds = wish.rounds ?? DEFAULT_ROUNDS[wish.size];
    const rows: Row[] = [];
    for (const large of LARGE) {
      for (const { what, command } of WAYS) {
        const name = `${what} of a ${large.type} of ${members / 1e6} M`;
        const { longest_ms, late_ms } = await interleave(rounds, async (side) => {
          progress(`${name}, ${side}`);
          await using server = await startServer(side, QUIET);
          await loadLarge(server, large, members);
          await sleep(SETTLE_MS);
          return await pingDuring(server, () => remove(server, command));
        });
        rows.push(compare(name, "ms", longest_ms, GOAL));
        rows.push(compare("  pinging client woke up late by", "ms", late_ms));
      }
    }
    return rows;
  },
};

async function remove(server: BenchServer, command: readonly string[]): Promise<void> {
  await using client = await server.connect();
  const reply = await client.call(...command);
  if (reply.type !== "int" || Number(reply.value) !== 1) {
    throw new Error(`${server.side}: ${command[0]} found no key`);
  }
  await sleep(WATCH_MS);
  if (await server.keys() !== 0) throw new Error(`${server.side}: the key is still there`);
}
