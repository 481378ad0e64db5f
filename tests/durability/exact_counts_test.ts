/**
 * Several clients count while the log is rewritten again and again; after any end of the server the
 * counts are exact - here, and in real Redis on a copy of the directory.
 *
 * REDENO_SIZE is the number of rewrites in each run.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import { flags } from "../kit/flags.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { Counters } from "./counters.ts";
import { assertTidy, copyDir, digest, field, pad, QUIET, rewrite, withDir } from "./kit.ts";

const LOG = ["--appendonly", "yes", ...QUIET];
const CLIENTS = 5;

/** Counts during `count` rewrites, RDB and commands in turn. */
async function countWhileRewriting(server: Server, counters: Counters, count: number) {
  await using client = await connect(server.port);
  await pad(client, 1500);
  counters.start(server.port);
  for (let i = 0; i < count; i++) {
    const before = counters.acknowledged;
    await client.call("CONFIG", "SET", "aof-use-rdb-preamble", i % 2 === 0 ? "yes" : "no");
    await rewrite(server);
    assert(counters.acknowledged > before, "nobody was served while the log was rewritten");
  }
  await counters.stop();
  assertEquals(await field(server, "aof_rewrites"), String(count));
}

for (const end of ["SIGTERM", "SIGKILL"] as const) {
  for (const checksums of ["yes", "no"]) {
    Deno.test(`INCRs during rewrites are exact after ${end}, aof-checksums ${checksums}`, async () => {
      const { size } = flags(4);
      await withDir(async (dir) => {
        const options = [...LOG, "--aof-checksums", checksums, "--snapshot-cpu-percent", "30"];
        await using server = await startRedeno(options, { dir });
        const counters = new Counters("c", CLIENTS);
        await countWhileRewriting(server, counters, size);
        await counters.checkExactly(server.port);
        const expected = await digest(server);
        if (end === "SIGKILL") await server.kill();
        else assertEquals((await server.stop()).code, 0, server.log());
        assertTidy(dir);

        if (hasRedisServer()) {
          await withDir(async (copy) => {
            copyDir(dir, copy);
            await using redis = await startRedis(LOG, { dir: copy });
            await counters.checkExactly(redis.port);
            assertEquals(await digest(redis), expected);
          });
        }
        await using again = await startRedeno(options, { dir });
        await counters.checkExactly(again.port);
        assertEquals(await digest(again), expected);
      });
    });
  }
}
