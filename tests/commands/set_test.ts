/** The set commands against the real Redis, by hand: every option and every error. */

import { assert, assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect, type RespClient } from "../kit/resp_client.ts";
import type { Reply } from "../kit/resp_reply.ts";
import { runScript } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [
    "members come and go",
    `A SADD s 1 2 3
     A SADD s 1 4 4
     A SCARD s
     A SMEMBERS s
     A SISMEMBER s 1
     A SISMEMBER s 01
     A SMISMEMBER s 1 9 4
     A SMISMEMBER none 1 9
     A SREM s 1 1 9
     A SREM s 2 3 4
     A EXISTS s
     A SREM s 1
     A SCARD none
     A SMEMBERS none
     A SISMEMBER none x`,
  ],
  [
    "a set is moved between by SMOVE",
    `A SADD a 1 2
     A SADD b 2 3
     A SMOVE a b 1
     A SMOVE a b 9
     A SMOVE a b 2
     A EXISTS a
     A SMEMBERS b
     A SMOVE b b 3
     A SMOVE b b 9
     A SMOVE b c 3
     A SMEMBERS c
     A SMOVE none b 3
     A SET t text
     A SMOVE none t 3
     A SMOVE b t 9
     A SMOVE t b 9
     A SMOVE t none 9`,
  ],
  [
    "keys of other types are refused",
    `A SET t text
     A SADD t 1
     A SREM t 1
     A SCARD t
     A SISMEMBER t 1
     A SMISMEMBER t 1
     A SMEMBERS t
     A SSCAN t 0
     A SPOP t
     A SPOP t 1
     A SRANDMEMBER t
     A SRANDMEMBER t 1
     A SINTER none t
     A SUNION none t
     A SDIFF none t
     A SINTERCARD 2 none t
     A SINTERSTORE d none t
     A SUNIONSTORE d none t
     A SDIFFSTORE d none t
     A SUNIONSTORE t t
     A SADD s 1
     A GET s
     A SUNIONSTORE t s
     A TYPE t`,
  ],
  [
    "counts are checked before the key",
    `A SADD a 1 2 3
     A SPOP a -1
     A SPOP a x
     A SPOP a 1 2
     A SPOP none x
     A SPOP none
     A SPOP none 3
     A SPOP a 0
     A SPOP a 9223372036854775808
     A SRANDMEMBER a x
     A SRANDMEMBER a 1 2
     A SRANDMEMBER a 0
     A SRANDMEMBER a -9223372036854775808
     A SRANDMEMBER a 9223372036854775807
     A SRANDMEMBER none
     A SRANDMEMBER none 5
     A SRANDMEMBER none -5
     A SADD one 1
     A SRANDMEMBER one
     A SRANDMEMBER one -3
     A SPOP one
     A EXISTS one
     A SADD one x
     A SPOP one 1
     A EXISTS one`,
  ],
  [
    "SINTERCARD's numbers",
    `A SADD a 1 2 3 x
     A SADD b 2 3 x
     A SINTERCARD 2 a b
     A SINTERCARD 2 a b LIMIT 1
     A SINTERCARD 2 a b LIMIT 0
     A SINTERCARD 2 a b limit 9
     A SINTERCARD 1 a LIMIT 1 LIMIT 2
     A SINTERCARD 2 a none
     A SINTERCARD 0 a
     A SINTERCARD -1 a
     A SINTERCARD x a
     A SINTERCARD 2 a
     A SINTERCARD 1 a LIMIT -1
     A SINTERCARD 1 a LIMIT x
     A SINTERCARD 1 a b
     A SINTERCARD 1 a LIMIT
     A SINTERCARD 99999999999999999999 a
     A SINTERCARD 9223372036854775807 a
     A SINTERCARD 1`,
  ],
  [
    "a result is stored in the place of whatever was there, and an empty one removes it",
    `A SADD a 1 2 3
     A SADD b 2 3 4
     A SET d text EX 100
     A SINTERSTORE d a b
     A SMEMBERS d
     A TTL d
     A SUNIONSTORE d a b
     A SMEMBERS d
     A SDIFFSTORE d a b
     A SMEMBERS d
     A SDIFFSTORE d a a
     A EXISTS d
     A SINTERSTORE d a none
     A SUNIONSTORE a a b
     A SMEMBERS a
     A SINTERSTORE a none
     A EXISTS a
     A SUNIONSTORE none none2
     A SDIFF none b
     A SINTER b
     A SUNION b
     A SDIFF b`,
  ],
  [
    "encodings change where Redis changes them",
    `A CONFIG SET set-max-intset-entries 4
     A SADD s 1 2 3 4
     A OBJECT ENCODING s
     A SADD s 5
     A OBJECT ENCODING s
     A SREM s 5 4 3
     A OBJECT ENCODING s
     A SADD t 1
     A SADD t x
     A SREM t x
     A OBJECT ENCODING t
     A SADD u x
     A OBJECT ENCODING u
     A SADD v 9223372036854775807 -9223372036854775808
     A OBJECT ENCODING v
     A SMEMBERS v
     A SADD v 9223372036854775808
     A OBJECT ENCODING v
     A SADD a 1 2 x
     A SADD b x
     A SDIFFSTORE d a b
     A OBJECT ENCODING d
     A SADD c x y z 7 8 9 10 11
     A SDIFFSTORE d c b
     A SADD e x 1
     A SDIFFSTORE d e b b b b
     A OBJECT ENCODING d
     A CONFIG SET set-max-intset-entries 0
     A SADD w 1
     A OBJECT ENCODING w
     A CONFIG SET set-max-intset-entries 512`,
  ],
  [
    "SSCAN reads its cursor, then the key, then the options",
    `A SADD s 1 2 3
     A SSCAN s 0
     A SSCAN s 0 MATCH [12] COUNT 1
     A SSCAN s 0 COUNT 0
     A SSCAN s 0 COUNT x
     A SSCAN s 0 TYPE set
     A SSCAN s 0 MATCH
     A SSCAN s x
     A SSCAN none x
     A SSCAN none 0 foo
     A SSCAN s
     A SSCAN none 5`,
  ],
  [
    "arity",
    `A SADD s
     A SREM s
     A SMOVE a b
     A SCARD
     A SISMEMBER s
     A SMISMEMBER s
     A SMEMBERS
     A SMEMBERS a b
     A SPOP
     A SINTER
     A SINTERSTORE d
     A SUNION
     A SDIFFSTORE d`,
  ],
];

Deno.test({
  name: "set commands answer what Redis answers",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const [name, script] of SCRIPTS) {
      await t.step(name, () => runScript(redis, redeno, script));
      await t.step(`${name} (RESP3)`, () => runScript(redis, redeno, `A HELLO 3\n${script}`));
    }
    await t.step("an expired set is gone for every command", async () => {
      await using pair = await Pair.open(redis.port, redeno.port);
      for (const command of ["SCARD", "SMEMBERS", "SPOP", "SINTER", "SRANDMEMBER"]) {
        await pair.both("DEL", "s");
        await pair.both("SADD", "s", "a", "b");
        await pair.both("PEXPIRE", "s", "1");
        await new Promise((resolve) => setTimeout(resolve, 5));
        await pair.both(command, "s");
      }
    });
  },
});

function texts(reply: Reply): string[] {
  assert("items" in reply);
  return reply.items.map((item) => "value" in item ? String(item.value) : "?");
}

/** A full SSCAN. */
async function scanAll(client: RespClient, key: string, ...options: string[]): Promise<string[]> {
  const found: string[] = [];
  let cursor = "0";
  do {
    const reply = await client.call("SSCAN", key, cursor, ...options);
    assert(reply.type === "array" && reply.items[0].type === "bulk");
    cursor = reply.items[0].value;
    found.push(...texts(reply.items[1]));
  } while (cursor !== "0");
  return found;
}

Deno.test({
  name: "what is chosen by chance are members, and what is popped is gone",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using redeno = await startRedeno(["--save", ""]);
    await using client = await connect(redeno.port);
    for (const size of [5, 100, 2000]) {
      for (const prefix of ["", "m"]) {
        const members = Array.from({ length: size }, (_, i) => prefix + i);
        await client.call("DEL", "s");
        await client.call("SADD", "s", ...members);
        const left = new Set(members);

        const some = texts(await client.call("SRANDMEMBER", "s", "4"));
        assertEquals(new Set(some).size, 4);
        const any = texts(await client.call("SRANDMEMBER", "s", "-50"));
        assertEquals(any.length, 50);
        for (const member of [...some, ...any]) assert(left.has(member));

        const popped = texts(await client.call("SPOP", "s", String(size >> 1)));
        assertEquals(popped.length, size >> 1);
        for (const member of popped) assert(left.delete(member));
        const one = await client.call("SPOP", "s");
        assert(one.type === "bulk" && left.delete(one.value));
        assertEquals(texts(await client.call("SMEMBERS", "s")).sort(), [...left].sort());
        assertEquals((await scanAll(client, "s", "COUNT", "7")).sort(), [...left].sort());
      }
    }
  },
});

Deno.test({
  name: "SSCAN of a large set looks at about COUNT members at a time",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using redeno = await startRedeno(["--save", ""]);
    await using client = await connect(redeno.port);
    const members = Array.from({ length: 3000 }, (_, i) => `m${i}`);
    await client.call("SADD", "s", ...members);
    const reply = await client.call("SSCAN", "s", "0", "COUNT", "100");
    assert(reply.type === "array");
    const { length } = texts(reply.items[1]);
    assertGreater(length, 99);
    assertLess(length, 200);
    const matching = await scanAll(client, "s", "MATCH", "m1*", "COUNT", "50");
    assertEquals(matching.sort(), members.filter((each) => each.startsWith("m1")).sort());
  },
});
