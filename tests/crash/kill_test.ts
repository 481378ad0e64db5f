/**
 * Promise 1 of the log against real processes: whatever was acknowledged survives `kill -9` at any
 * moment, under every fsync policy; and what a crash left behind is whole.
 *
 * REDENO_SIZE is the number of rounds for each policy.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { type Server, startRedeno } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import { INCR } from "./log_kit.ts";
import { loadUntil, Writer } from "./workload.ts";

const ROUNDS = 3;
/** How often the log is cut at the end of a test, and by how much at most. */
const TORN_TAILS = 4;
const TORN_BYTES_MAX = 3000;
const DEBUG = ["--enable-debug-command", "yes"];

for (const policy of ["no", "everysec", "always"]) {
  const options = ["--appendonly", "yes", "--appendfsync", policy, ...DEBUG];

  Deno.test(`kill -9 under load loses nothing acknowledged: appendfsync ${policy}`, async () => {
    const { seed, size } = flags(ROUNDS);
    const random = new Seeded(seed);
    const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
    try {
      const all: Writer[] = [];
      let server = await startRedeno(options, { dir });
      for (let round = 1; round <= size; round++) {
        const writers = Writer.ofEachKind(`r${round}`);
        all.push(...writers);
        await loadUntil(writers, server.port, random, () => server.kill());
        server = await startRedeno(options, { dir });
        for (const writer of writers) await writer.check(server.port);
      }
      const digest = await digestOf(server);
      await server.kill();
      server = await startRedeno(options, { dir });
      assertEquals(await digestOf(server), digest, "a second restart finds something else");
      for (const writer of all) await writer.check(server.port);
      await server.kill();

      // A kill does not tear a write, a power failure does: the units must be whole all the same.
      for (let i = 0; i < TORN_TAILS; i++) {
        const { size } = await Deno.stat(`${dir}/${INCR}`);
        await Deno.truncate(
          `${dir}/${INCR}`,
          Math.max(0, size - random.between(1, TORN_BYTES_MAX)),
        );
        server = await startRedeno(options, { dir });
        for (const writer of all) await writer.check(server.port, { mayLose: true });
        await server.kill();
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });

  Deno.test(`SIGTERM under load ends with 0 and loses nothing: appendfsync ${policy}`, async () => {
    const random = new Seeded(flags(ROUNDS).seed);
    const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
    try {
      const writers = Writer.ofEachKind("term");
      const server = await startRedeno(options, { dir });
      await loadUntil(writers, server.port, random, async () => {
        assertEquals((await server.stop()).code, 0, server.log());
      });
      await using again = await startRedeno(options, { dir });
      assert(!again.log().includes("truncated"), "an orderly end left a torn tail");
      for (const writer of writers) await writer.check(again.port);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

Deno.test("SHUTDOWN under load ends with 0 and loses nothing", async () => {
  const random = new Seeded(flags(ROUNDS).seed);
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  const options = ["--appendonly", "yes"];
  try {
    const writers = Writer.ofEachKind("shutdown");
    const server = await startRedeno(options, { dir });
    await loadUntil(writers, server.port, random, async () => {
      await using client = await connect(server.port);
      await client.send("SHUTDOWN");
      assertEquals((await server.exited).code, 0, server.log());
    });
    await using again = await startRedeno(options, { dir });
    for (const writer of writers) await writer.check(again.port);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("SIGINT ends with 0, and a second one ends at once whatever the first waits for", async () => {
  await using once = await startRedeno(["--appendonly", "yes"]);
  once.process.kill("SIGINT");
  assertEquals((await once.exited).code, 0);

  await using twice = await startRedeno(["--appendonly", "yes", ...DEBUG]);
  await using client = await connect(twice.port);
  await client.send("DEBUG", "SLEEP", "0.5");
  await new Promise((resolve) => setTimeout(resolve, 100));
  twice.process.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 100));
  twice.process.kill("SIGINT");
  const began_ms = performance.now();
  const { code } = await twice.exited;
  assert(code === 0 || code === 1, `ended with ${code}`);
  assert(performance.now() - began_ms < 3000, "the second SIGINT did not end it");
});

async function digestOf(server: Server): Promise<unknown> {
  await using client = await connect(server.port);
  return await client.call("DEBUG", "DIGEST");
}
