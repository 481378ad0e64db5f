/**
 * `kill -9` at random moments while the log is rewritten again and again under load: whatever was
 * acknowledged is there after a restart, and the directory holds the log and nothing else.
 *
 * REDENO_SIZE is the number of rounds of each combination of format and policy.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, type Server, startRedeno } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { Writer } from "../crash/workload.ts";
import { Counters } from "./counters.ts";
import { ask, assertTidy, digest, pad, QUIET, sleep, tool, until, withDir } from "./kit.ts";

/** They take a rewrite some time. */
const PADDING = 3000;
const SLOW = ["--snapshot-cpu-percent", "20"];
const KILL_AFTER_MS = 700;
const AUTO = ["--auto-aof-rewrite-percentage", "0"];

/** Asks for one rewrite after the other until the server is gone; returns how many were begun. */
async function rewriteAgainAndAgain(server: Server): Promise<number> {
  let begun = 0;
  try {
    await using client = await connect(server.port);
    while (true) {
      if ((await client.callRaw("BGREWRITEAOF")).startsWith("+")) begun++;
      await sleep(5);
    }
  } catch {
    return begun; // the server is gone, as it should
  }
}

for (const preamble of ["yes", "no"]) {
  for (const policy of ["no", "everysec", "always"]) {
    const title = `aof-use-rdb-preamble ${preamble}, appendfsync ${policy}`;
    Deno.test(`kill -9 while the log is rewritten loses nothing acknowledged: ${title}`, async () => {
      const { seed, size } = flags(2);
      const random = new Seeded(seed + policy.length);
      const options = ["--appendonly", "yes", "--appendfsync", policy, ...QUIET, ...AUTO, ...SLOW]
        .concat("--aof-use-rdb-preamble", preamble);
      let rewrites = 0;
      await withDir(async (dir) => {
        const counters: Counters[] = [];
        const writers: Writer[] = [];
        let server = await startRedeno(options, { dir });
        try {
          await using client = await connect(server.port);
          await pad(client, PADDING);
          for (let round = 0; round < size; round++) {
            counters.push(new Counters(`r${round}`, 3));
            writers.push(...Writer.ofEachKind(`r${round}`).slice(0, 5));
            const rewriting = rewriteAgainAndAgain(server);
            counters[round].start(server.port);
            const writing = Promise.all(writers.slice(-5).map((writer) => writer.run(server.port)));
            await until(
              () => server.log(),
              () => counters[round].acknowledged > 0 && server.log().includes("rewriting started"),
            );
            await sleep(random.between(0, KILL_AFTER_MS));
            await server.kill();
            await Promise.all([counters[round].stop(), writing]);
            rewrites += await rewriting;
            server = await startRedeno(options, { dir });
            for (const counter of counters) await counter.check(server.port);
            for (const writer of writers) await writer.check(server.port);
            assertEquals(await ask(server, "EXISTS", `pad:${PADDING - 1}`), ":1\r\n");
            assertTidy(dir);
          }
          const before = await digest(server);
          await server.kill();
          server = await startRedeno(options, { dir });
          assertEquals(await digest(server), before, "a second restart finds something else");
        } finally {
          await server.stop();
        }
        if (hasRedisServer()) {
          const manifest = `${dir}/appendonlydir/appendonly.aof.manifest`;
          const { code, text } = await tool("redis-check-aof", manifest);
          assertEquals(code, 0, text);
        }
      });
      assert(rewrites >= size, `only ${rewrites} rewrites were begun`);
    });
  }
}
