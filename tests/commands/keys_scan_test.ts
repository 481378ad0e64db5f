/** KEYS and SCAN: replies and errors against the real Redis, and SCAN's guarantee. */

import { assert, assertEquals, assertLess } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const { seed, size } = flags(3000);

/** One call of SCAN. */
async function scanOnce(client: RespClient, cursor: string, ...options: string[]) {
  const reply = await client.call("SCAN", cursor, ...options);
  assert(reply.type === "array" && reply.items[0].type === "bulk");
  assert(reply.items[1].type === "array");
  const keys = reply.items[1].items.map((item) => item.type === "bulk" ? item.value : "?");
  return { next: reply.items[0].value, keys };
}

/** A full SCAN: what it returned, in order. */
async function scanAll(client: RespClient, ...options: string[]): Promise<string[]> {
  const found: string[] = [];
  let cursor = "0";
  do {
    const { next, keys } = await scanOnce(client, cursor, ...options);
    found.push(...keys);
    cursor = next;
  } while (cursor !== "0");
  return found;
}

Deno.test({
  name: "KEYS and SCAN answer what Redis answers",
  ...withRedis,
  fn: async (t) => {
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    await using pair = await Pair.open(redis.port, redeno.port);
    await pair.both("MSET", "a", "1", "b", "2", "c[d", "3", "", "4", "\0\xff\r\n", "5", "ab", "6");

    await t.step("patterns", async () => {
      for (
        const pattern of ["*", "", "a", "a*", "?", "[ab]", "c[[]d", "*\xff*", "**", "nokey", "\\a"]
      ) {
        await pair.bothWith({ unordered: true }, "KEYS", pattern);
        await pair.bothWith({ unordered: "deep" }, "SCAN", "0", "COUNT", "1000", "MATCH", pattern);
      }
      await pair.both("KEYS");
      await pair.both("KEYS", "a", "b");
    });

    await t.step("cursors are read as strtoul reads them", async () => {
      const valid = ["0", "", "+0", "-0", "00", "0\0abc", "\0", "-18446744073709551616x"];
      const invalid = [
        " 0",
        "0 ",
        "x",
        "0x10",
        "+",
        "-",
        "+ 0",
        "--1",
        "18446744073709551616",
        "\n0",
      ]
        .concat("-18446744073709551616", "99999999999999999999999999", "1e3", "0.0");
      for (const cursor of [...valid, ...invalid]) {
        await pair.bothWith({ unordered: "deep" }, "SCAN", cursor, "COUNT", "1000");
      }
    });

    await t.step("any number is a cursor, beyond 32 bits too", async () => {
      const numbers = ["1", "-1", "4294967295", "4294967296", "4294967297", "9007199254740993"]
        .concat("18446744073709551615", "-18446744073709551615", "000000000000000000000000000007");
      for (const cursor of numbers) {
        await pair.bothWith({ pattern: /^\*2\r\n\$\d+\r\n\d+\r\n\*\d+\r\n/ }, "SCAN", cursor);
      }
    });

    await t.step("options and errors", async () => {
      for (
        const options of [
          "COUNT 0",
          "COUNT -1",
          "COUNT x",
          "COUNT",
          "MATCH",
          "TYPE",
          "FOO 1",
          "COUNT 9223372036854775807",
          "COUNT 9223372036854775808",
          "TYPE string COUNT 100",
          "TYPE STRING COUNT 100",
          "TYPE list",
          "TYPE foo COUNT 100",
          "COUNT 0 FOO",
          "MATCH a MATCH b COUNT 100",
          "MATCH a MATCH * COUNT 100",
          "count 100 match a* type string",
          "COUNT 100 NOVALUES",
          "COUNT 100 COUNT x",
        ]
      ) {
        await pair.bothWith({ unordered: "deep" }, "SCAN", "0", ...options.split(" "));
      }
      await pair.both("SCAN", "x", "FOO");
      await pair.both("SCAN");
    });

    await t.step("expired keys are not shown, and SCAN removes them", async () => {
      await pair.both("FLUSHALL");
      await pair.both("MSET", "a", "1", "b", "2");
      await pair.both("PEXPIRE", "a", "1");
      await new Promise((resolve) => setTimeout(resolve, 5));
      await pair.both("KEYS", "*");
      await pair.bothWith({ unordered: "deep" }, "SCAN", "0");
      await pair.both("DBSIZE");
    });
  },
});

Deno.test({
  name: "a full SCAN returns every key that was there all the time",
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async (t) => {
    await using redeno = await startRedeno();
    await using client = await connect(redeno.port);
    const chance = new Seeded(seed);
    const kept = Array.from({ length: size }, (_, i) => `kept:${i}`);
    const fill = async (prefix: string, count: number) => {
      await client.pipeline(Array.from({ length: count }, (_, i) => ["SET", `${prefix}${i}`, "v"]));
    };

    await t.step("of a database that does not change, each key once", async () => {
      await fill("kept:", size);
      const found = await scanAll(client, "COUNT", "100");
      assertEquals(found.length, size);
      assertEquals(new Set(found).size, size);
    });

    await t.step("while it grows tenfold", async () => {
      const found = new Set<string>();
      let cursor = "0";
      let added = 0;
      do {
        const { next, keys } = await scanOnce(client, cursor, "COUNT", "50");
        for (const key of keys) found.add(key);
        cursor = next;
        if (added < size * 10) {
          const commands = Array.from({ length: 500 }, () => ["SET", `new:${added++}`, "v"]);
          await client.pipeline(commands);
        }
      } while (cursor !== "0");
      for (const key of kept) assert(found.has(key), key);
    });

    await t.step("while it shrinks to a tenth", async () => {
      const found = new Set<string>();
      let cursor = "0";
      let removed = 0;
      do {
        const { next, keys } = await scanOnce(client, cursor, "COUNT", "50");
        for (const key of keys) found.add(key);
        cursor = next;
        const commands = Array.from({ length: 1000 }, () => ["DEL", `new:${removed++}`]);
        await client.pipeline(commands);
      } while (cursor !== "0");
      for (const key of kept) assert(found.has(key), key);
    });

    await t.step("COUNT is about how many keys one call looks at", async () => {
      await client.call("FLUSHALL");
      await fill("k", 5000);
      for (const count of [1, 10, 100, 1000]) {
        const { keys } = await scanOnce(client, String(chance.uint32()), "COUNT", String(count));
        assertLess(keys.length, count + 60);
      }
    });

    await t.step("KEYS returns all of a large database", async () => {
      await fill("many:", 20_000);
      const reply = await client.call("KEYS", "many:*");
      assert(reply.type === "array");
      assertEquals(reply.items.length, 20_000);
    });
  },
});
