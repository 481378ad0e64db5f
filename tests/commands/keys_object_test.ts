/** OBJECT: against the real Redis. */

import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import type { RespClient } from "../kit/resp_client.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

async function integer(client: RespClient, ...command: string[]): Promise<number> {
  const reply = await client.call(...command);
  assert(reply.type === "int", JSON.stringify(reply));
  return Number(reply.value);
}

Deno.test({
  name: "OBJECT answers what Redis answers",
  ...withRedis,
  fn: async (t) => {
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    await using pair = await Pair.open(redis.port, redeno.port);

    await t.step("HELP, and what is no subcommand", async () => {
      await pair.both("OBJECT", "HELP");
      await pair.both("OBJECT", "help");
      await pair.both("OBJECT", "HELP", "x");
      await pair.both("OBJECT");
      await pair.both("OBJECT", "FOO");
      await pair.both("OBJECT", "FOO", "a");
      for (const name of ["ENCODING", "FREQ", "IDLETIME", "REFCOUNT"]) {
        await pair.both("OBJECT", name);
        await pair.both("OBJECT", name, "a", "b");
        await pair.both("OBJECT", name, "nokey");
      }
    });

    await t.step("encodings and counts of references", async () => {
      const values = ["0", "9999", "10000", "-1", "12345678901", "9223372036854775807", "007", ""]
        .concat("1.5", "x", "y".repeat(44), "y".repeat(45), "9223372036854775808", "-0", " 1");
      for (const value of values) {
        await pair.both("SET", "a", value);
        await pair.both("OBJECT", "ENCODING", "a");
        await pair.both("OBJECT", "REFCOUNT", "a");
      }
      for (
        const command of [
          ["SET", "a", "9998"],
          ["INCR", "a"],
          ["INCR", "a"],
          ["DECRBY", "a", "5"],
          ["APPEND", "a", "1"],
        ]
      ) {
        await pair.both(...command);
        await pair.both("OBJECT", "ENCODING", "a");
        await pair.both("OBJECT", "REFCOUNT", "a");
      }
    });

    await t.step("idle time is counted until an access, and OBJECT is none", async () => {
      await pair.both("SET", "a", "1");
      await new Promise((resolve) => setTimeout(resolve, 1200));
      for (const look of [["TTL", "a"], ["TYPE", "a"], ["EXISTS", "a"], ["OBJECT", "FREQ", "a"]]) {
        await pair.both(...look);
        await pair.bothWith({ pattern: /^:[12]\r\n$/ }, "OBJECT", "IDLETIME", "a");
      }
      await pair.both("TOUCH", "a");
      await pair.both("OBJECT", "IDLETIME", "a");
    });
  },
});

Deno.test({
  name: "under an LFU policy OBJECT tells a counter of uses instead of the idle time",
  ...withRedis,
  fn: async () => {
    const policy = ["--maxmemory-policy", "allkeys-lfu"];
    await using redis = await startRedis(policy);
    await using redeno = await startRedeno(policy);
    await using pair = await Pair.open(redis.port, redeno.port);

    await pair.both("SET", "new", "value");
    await pair.both("OBJECT", "FREQ", "new");
    await pair.both("OBJECT", "IDLETIME", "new");
    await pair.both("OBJECT", "IDLETIME", "nokey");
    for (let i = 0; i < 500; i++) await pair.both("GET", "new");
    const counter = await integer(pair.right, "OBJECT", "FREQ", "new");
    assert(counter > 5 && counter < 60, `a logarithmic counter: ${counter}`);
    await pair.both("RENAME", "new", "newer");
    assertEquals(await integer(pair.right, "OBJECT", "FREQ", "newer") >= counter, true);
    await pair.both("COPY", "newer", "copied");
    await pair.both("OBJECT", "FREQ", "copied");
  },
});
