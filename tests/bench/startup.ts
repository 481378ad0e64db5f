/**
 * Start and idle cost: what `deno task start` runs, without a task runner around it.
 *
 * redeno gets no option but port, address and an empty directory of its own.
 */

import {
  type Benchmark,
  compare,
  interleave,
  progress,
  redenoAtMost,
  type Row,
} from "./benchmark.ts";
import { sleep, startServer } from "./servers.ts";

const DEFAULT_ROUNDS = { small: 5, full: 10 };
const IDLE_MS = 3000;

/** Start to first PONG, and resident memory of an idle server. */
export const startup: Benchmark = {
  name: "startup",
  title: "the command of `deno task start`: first PONG, and RSS after 3 s without clients",
  async run(wish): Promise<Row[]> {
    // The first start compiles to Deno's cache; whoever restarts a server does not pay for it.
    await (await startServer("redeno", [])).stop();
    const rounds = wish.rounds ?? DEFAULT_ROUNDS[wish.size];
    const { pong_ms, rss_mb } = await interleave(rounds, async (side, round) => {
      progress(`${side}, round ${round + 1}`);
      await using server = await startServer(side, side === "redis" ? ["--save", ""] : []);
      await sleep(IDLE_MS);
      return { pong_ms: server.startup_ms, rss_mb: server.rss_bytes() / 1e6 };
    });
    return [
      compare("start to first PONG", "ms", pong_ms, redenoAtMost(150)),
      compare("idle RSS after 3 s", "MB", rss_mb, redenoAtMost(50)),
    ];
  },
};
