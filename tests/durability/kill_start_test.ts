/**
 * `kill -9` while the data is loaded, while the log is turned on, and while `dump.rdb` is saved.
 *
 * REDENO_SIZE is the number of kills in each test.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { freePort, StartError, startRedeno } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { Counters } from "./counters.ts";
import {
  ask,
  assertTidy,
  contents,
  digest,
  namesIn,
  pad,
  QUIET,
  rewrite,
  SAVING,
  settled,
  sleep,
  withDir,
} from "./kit.ts";

const ON = ["--appendonly", "yes", ...QUIET];
/** Loading this takes some hundred ms. */
const KEYS = 40_000;

/** A start that is killed after so many ms, unless it has ended by itself. */
async function killedStart(dir: string, after_ms: number): Promise<string> {
  const started = startRedeno(ON, { dir, port: freePort(), timeout_ms: after_ms });
  try {
    const server = await started;
    await server.kill();
    return server.log();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return error.log; // the kit has killed it
  }
}

for (const preamble of ["yes", "no"]) {
  Deno.test(`kill -9 while the log is loaded changes nothing on disk: preamble ${preamble}`, async () => {
    const { seed, size } = flags(3);
    const random = new Seeded(seed);
    await withDir(async (dir) => {
      await using first = await startRedeno([...ON, "--aof-use-rdb-preamble", preamble], { dir });
      const counters = new Counters("load");
      {
        await using client = await connect(first.port);
        await pad(client, KEYS);
        await rewrite(first);
        counters.start(first.port);
        await pad(client, KEYS);
        await counters.stop();
      }
      const expected = await digest(first);
      await first.kill();
      const before = contents(dir);
      const began_ms = performance.now();
      await using whole = await startRedeno(ON, { dir });
      const start_ms = performance.now() - began_ms;
      await whole.kill();
      let loading = 0;
      for (let i = 0; i < size; i++) {
        const log = await killedStart(dir, start_ms * (0.3 + 0.65 * random.below(1000) / 1000));
        if (!log.includes("Ready to accept connections")) loading++;
        assertEquals(Object.keys(contents(dir)), Object.keys(before));
        assert(equalContents(contents(dir), before), `changed by a start that was killed: ${log}`);
      }
      assert(loading > 0, "none was killed while it loaded");
      await using last = await startRedeno(ON, { dir });
      assertEquals(await digest(last), expected);
      await counters.checkExactly(last.port);
      await last.stop();
    });
  });
}

/** As assertEquals, without a difference of megabytes. */
function equalContents(left: Record<string, string>, right: Record<string, string>): boolean {
  return Object.keys(right).every((name) => left[name] === right[name]);
}

for (const stale of [true, false]) {
  const title = stale ? "with an old log there" : "with no log before";
  Deno.test(`kill -9 while the log is turned on leaves one whole log: ${title}`, async () => {
    const { seed, size } = flags(3);
    const random = new Seeded(seed);
    for (let i = 0; i < size; i++) {
      await withDir(async (dir) => {
        const options = [...QUIET, "--snapshot-cpu-percent", "30"];
        await using server = await startRedeno([...options, "--appendonly", stale ? "yes" : "no"], {
          dir,
        });
        await using client = await connect(server.port);
        await client.call("SET", "which", "old");
        await pad(client, 2000);
        if (stale) {
          await rewrite(server);
          await client.call("SET", "after", "1");
          await client.call("CONFIG", "SET", "appendonly", "no");
        }
        await client.call("SET", "which", "new");
        await client.call("DEL", "after");
        const counters = new Counters("on");
        counters.start(server.port);
        let on = false;
        const turning = client.callRaw("CONFIG", "SET", "appendonly", "yes").then(
          (reply) => on = reply === "+OK\r\n",
          () => {}, // killed before
        );
        await sleep(random.between(0, 350));
        const wasOn = on;
        await server.kill();
        await turning;
        await counters.stop();

        await using again = await startRedeno(ON, { dir });
        const which = await ask(again, "GET", "which");
        if (which === "$3\r\nnew\r\n") {
          await counters.check(again.port);
          assertEquals(await ask(again, "EXISTS", "after"), ":0\r\n");
        } else {
          assert(!wasOn, "the new log was complete, and is gone");
          assertEquals(which, stale ? "$3\r\nold\r\n" : "$-1\r\n");
          assertEquals(await ask(again, "DBSIZE"), stale ? ":2002\r\n" : ":0\r\n");
          assertEquals(await ask(again, "EXISTS", "after"), stale ? ":1\r\n" : ":0\r\n");
        }
        assertTidy(dir);
        await again.stop();
      });
    }
  });
}

Deno.test("kill -9 while dump.rdb is saved leaves the old one or the new one, whole", async () => {
  const { seed, size } = flags(3);
  const random = new Seeded(seed);
  await withDir(async (dir) => {
    const options = [...QUIET, "--snapshot-cpu-percent", "30"];
    let server = await startRedeno(options, { dir });
    {
      await using client = await connect(server.port);
      await pad(client, 3000);
    }
    let expected = 0;
    await using _last = { [Symbol.asyncDispose]: () => server.stop().then(() => {}) };
    for (let i = 1; i <= size; i++) {
      await ask(server, "SET", "round", String(i));
      assertEquals(await ask(server, "BGSAVE"), SAVING);
      const counters = new Counters(`r${i}`, 2);
      counters.start(server.port); // none of this is in the snapshot
      await sleep(random.between(0, 150));
      await server.kill();
      await counters.stop();
      server = await startRedeno(options, { dir });
      const round = Number(/\n(\d+)\r\n$/.exec(await ask(server, "GET", "round"))?.[1] ?? 0);
      assert(round === i || round === expected, `neither ${i} nor ${expected}: ${round}`);
      assertEquals(await ask(server, "EXISTS", `r${i}:shared`), ":0\r\n");
      assertEquals(await ask(server, "DBSIZE"), round === 0 ? ":0\r\n" : ":3001\r\n");
      if (round === 0) {
        await using client = await connect(server.port);
        await pad(client, 3000);
      }
      expected = round;
    }
    assertEquals(await ask(server, "BGSAVE"), SAVING);
    await settled(server);
    await server.stop();
    assertEquals(namesIn(dir), ["dump.rdb"]);
  });
});
