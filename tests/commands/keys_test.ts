/** Commands on keys of any type, against the real Redis: every option and every error. */

import { withoutFrames } from "../kit/frames.ts";
import { assertEquals, assertLess } from "../kit/assert.ts";
import { type Command, Pair } from "../kit/differential.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const { seed, size } = flags(4000);

/** Moments far away: both servers agree that they are to come. */
const FAR_S = "33000000000";
const FAR_MS = "33000000000123";

const EXPIRING = ["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"];
const INT64 = ["9223372036854775807", "-9223372036854775808", "9223372036854775", "-1", "0", "1"]
  .concat("9223372036854776", "-9223372036854775", "-9223372036854776", "9223372036854775808")
  .concat("4611686018427387904", "-4611686018427387904", "", " 1", "+1", "01", "1.5", "x");

/** Sends each line as a command; words are separated by spaces, `''` is the empty string. */
async function script(pair: Pair, text: string): Promise<void> {
  for (const line of text.trim().split("\n")) {
    const words = line.trim().split(/ +/).map((word) => word === "''" ? "" : word);
    await pair.both(...words);
  }
}

Deno.test({
  name: "commands on keys answer what Redis answers",
  ...withRedis,
  fn: async (t) => {
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    await using pair = await Pair.open(redis.port, redeno.port);
    const step = (name: string, run: () => Promise<void>) =>
      t.step(name, async () => {
        await pair.both("FLUSHALL");
        await run();
      });

    await step("DEL, UNLINK, EXISTS, TOUCH and TYPE count what is there", () =>
      script(
        pair,
        `MSET a 1 b 2 c 3 '' empty
        EXISTS a b a nokey ''
        TOUCH a b a nokey ''
        TYPE a
        TYPE nokey
        DEL a a nokey ''
        UNLINK b nokey b
        EXISTS a b c
        DEL
        UNLINK
        EXISTS
        TOUCH
        TYPE
        TYPE a b`,
      ));

    await step("RENAME and RENAMENX take value and expiry along", () =>
      script(
        pair,
        `SET a one PXAT ${FAR_MS}
        SET b two
        RENAME a b
        GET b
        PEXPIRETIME b
        EXISTS a
        RENAME b b
        RENAMENX b b
        PEXPIRETIME b
        SET c three
        RENAMENX b c
        RENAMENX b d
        MGET a b c d
        RENAME c d
        GET d
        PEXPIRETIME d
        RENAME nokey d
        RENAMENX nokey d
        RENAME nokey nokey
        RENAMENX nokey nokey
        RENAME a
        RENAMENX a b c
        SET '' empty
        RENAME '' x
        GET x`,
      ));

    await step("COPY copies within a database and to others", () =>
      script(
        pair,
        `SET a one PXAT ${FAR_MS}
        COPY a b
        COPY a b
        SET b two
        COPY a b REPLACE
        PEXPIRETIME b
        COPY a b replace REPLACE
        COPY a a
        COPY a a REPLACE
        COPY a a DB 0
        COPY a a DB 1
        COPY a a DB 1
        COPY a a DB 1 REPLACE
        COPY a a db 1 db 2 replace
        COPY nokey b
        COPY nokey nokey
        COPY nokey b DB 1
        COPY a b DB
        COPY a b DB x
        COPY a b DB 16
        COPY a b DB -1
        COPY a b DB 99999999999
        COPY a b DB -99999999999
        COPY a b DB 2147483648
        COPY a b DB 9223372036854775808
        COPY a b FOO
        COPY a b REPLACE FOO
        COPY a b FOO DB x
        COPY a b DB x FOO
        COPY nokey b DB 99
        SELECT 1
        GET a
        PEXPIRETIME a
        SELECT 2
        GET a
        SELECT 0`,
      ));

    await step("MOVE takes a key to another database unless it is there", () =>
      script(
        pair,
        `SET a one PXAT ${FAR_MS}
        MOVE a 0
        MOVE nokey 0
        MOVE nokey 1
        MOVE a x
        MOVE a 99
        MOVE a -1
        MOVE a 99999999999
        MOVE a 1.5
        MOVE a 3
        EXISTS a
        SET a two
        MOVE a 3
        SELECT 3
        PEXPIRETIME a
        GET a
        MOVE a 0
        DEL a
        SELECT 0
        GET a`,
      ));

    await step("large values and long keys are renamed, copied and moved whole", async () => {
      const long = "k".repeat(70_000);
      const value = Array.from({ length: 9000 }, (_, i) => `${i} `).join("");
      await pair.both("SET", long, value, "PXAT", FAR_MS);
      await pair.both("COPY", long, "b");
      await pair.both("RENAME", long, "a");
      await pair.both("EXPIREAT", "a", FAR_S);
      await pair.both("MOVE", "a", "5");
      await pair.both("GET", "b");
      await pair.both("PEXPIRETIME", "b");
      await pair.both("SELECT", "5");
      await pair.both("GET", "a");
      await pair.both("PEXPIRETIME", "a");
      await pair.both("SELECT", "0");
    });

    await step("EXPIRE and its kin judge times as Redis does", async () => {
      for (const name of EXPIRING) {
        for (const time of INT64) {
          await pair.both("SET", "a", "1");
          await pair.both(name, "a", time);
          // One millisecond may be over by now, or not.
          if (name !== "PEXPIRE" || time !== "1") await pair.both("EXISTS", "a");
          await pair.both(name, "nokey", time);
        }
      }
    });

    await step("EXPIRE's options hold one another off as in Redis", async () => {
      const conditions = ["NX", "XX", "GT", "LT", "nx", "Gt", "FOO", ""];
      for (const name of EXPIRING) {
        for (const first of conditions) {
          await pair.both(name, "a", "x", first);
          for (const second of conditions) {
            await pair.both("SET", "a", "1");
            await pair.both(name, "a", FAR_S, first, second);
            await pair.both(name, "a", "x", first, second, "XX");
          }
        }
      }
    });

    await step("EXPIRE's conditions compare with the expiry there is", async () => {
      const times = ["32000000000000", FAR_MS, "34000000000000", "1", "-5"];
      for (const condition of ["NX", "XX", "GT", "LT"]) {
        for (const time of times) {
          await pair.both("SET", "a", "1");
          await pair.both("PEXPIREAT", "a", time, condition);
          await pair.both("PEXPIRETIME", "a");
          await pair.both("SET", "a", "1", "PXAT", FAR_MS);
          await pair.both("PEXPIREAT", "a", time, condition);
          await pair.both("PEXPIRETIME", "a");
        }
      }
    });

    await step("TTL and its kin tell how long, and PERSIST ends it", async () => {
      await script(
        pair,
        `SET a 1
        TTL a
        PTTL a
        EXPIRETIME a
        PEXPIRETIME a
        TTL nokey
        PTTL nokey
        EXPIRETIME nokey
        PEXPIRETIME nokey
        PERSIST a
        PERSIST nokey
        EXPIREAT a ${FAR_S}
        EXPIRETIME a
        PEXPIRETIME a
        PEXPIREAT a 33000000000499
        EXPIRETIME a
        PEXPIREAT a 33000000000500
        EXPIRETIME a
        EXPIRE a 100
        TTL a
        PEXPIRE a 100400
        TTL a
        PERSIST a
        TTL a
        PERSIST a
        PEXPIREAT a 9223372036854775807
        PEXPIRETIME a
        EXPIRETIME a
        PERSIST
        TTL
        PTTL a b`,
      );
      await pair.both("PEXPIRE", "a", "5000");
      await pair.bothWith({ pattern: /^:(4[89]\d\d|5000)\r\n$/ }, "PTTL", "a");
    });

    await step("a key is gone the moment its time is over", async () => {
      for (const name of ["GET", "EXISTS", "TTL", "TYPE", "PERSIST", "DEL", "UNLINK", "TOUCH"]) {
        await pair.both("SET", "a", "1", "PX", "1");
        await new Promise((resolve) => setTimeout(resolve, 5));
        await pair.both(name, "a");
      }
      await pair.both("MSET", "a", "1", "b", "2");
      await pair.both("PEXPIRE", "a", "1");
      await new Promise((resolve) => setTimeout(resolve, 5));
      await pair.both("RENAME", "a", "b");
      await pair.both("COPY", "a", "b");
      await pair.both("MOVE", "a", "1");
      await pair.both("EXPIRE", "a", "10");
      await pair.both("RENAMENX", "b", "a");
      await pair.both("GET", "a");
    });

    await step("RANDOMKEY returns each key, and null where there is none", async () => {
      await pair.both("RANDOMKEY");
      await pair.both("SET", "only", "1");
      await pair.both("RANDOMKEY");
      const names = Array.from({ length: 30 }, (_, i) => `k${i}`);
      await pair.both("DEL", "only");
      for (const name of names) await pair.both("SET", name, "1");
      const drawn = new Set<string>();
      for (let i = 0; i < 600; i++) {
        const reply = await pair.right.call("RANDOMKEY");
        if (reply.type === "bulk") drawn.add(reply.value);
      }
      assertEquals([...drawn].sort(), names.sort());
    });

    await step("hits and misses are counted as Redis counts them", async () => {
      await pair.both("CONFIG", "RESETSTAT");
      await script(
        pair,
        `SET a 1
        EXISTS a nokey
        TYPE a
        TYPE nokey
        TTL a
        TTL nokey
        TOUCH a nokey
        OBJECT ENCODING a
        OBJECT ENCODING nokey
        PERSIST a
        PERSIST nokey
        RENAME nokey x
        COPY a b
        COPY nokey b
        DEL nokey
        EXPIRE nokey 1`,
      );
      const figures = await Promise.all([pair.left, pair.right].map(async (client) => {
        const reply = await client.call("INFO", "stats");
        const text = reply.type === "bulk" ? reply.value : "";
        return /keyspace_hits:\d+\r\nkeyspace_misses:\d+/.exec(text)?.[0];
      }));
      assertEquals(figures[0], figures[1]);
    });

    await step("in RESP3 absence is a null", async () => {
      await pair.bothWith({ ignore: true }, "HELLO", "3");
      await pair.both("RANDOMKEY");
      await pair.both("OBJECT", "ENCODING", "nokey");
      await pair.both("KEYS", "*");
      await pair.both("SCAN", "0");
      await pair.both("TYPE", "nokey");
    });

    await step("COMMAND INFO says the same", async () => {
      await pair.reconnect();
      const names = "copy del exists expire expireat expiretime keys move object persist pexpire " +
        "pexpireat pexpiretime pttl randomkey rename renamenx scan touch ttl type unlink debug";
      for (const name of names.split(" ")) {
        await pair.bothWith({ unordered: "deep" }, "COMMAND", "INFO", name);
      }
    });

    await t.step("random sequences", () => pair.generated(seed, size, generator));
  },
});

const KEYS = ["a", "b", "c", "", "key:4", "x".repeat(66_000)];
const TIMES = ["1", "33000000000", "33000000000123", "-1", "0", "x", "40000000000000"];

function generator(chance: Seeded): Command {
  const key = chance.pick(KEYS);
  const other = chance.pick(KEYS);
  const condition = chance.chance(0.4) ? [chance.pick(["NX", "XX", "GT", "LT"])] : [];
  return chance.pick<() => Command>([
    () => ["SET", key, "v".repeat(chance.pick([0, 1, 5, 50, 500, 70_000]))],
    () => ["SET", key, String(chance.below(20_000))],
    () => ["SET", key, "v", "PXAT", FAR_MS],
    () => ["GET", key],
    () => ["DEL", key, other],
    () => ["UNLINK", key],
    () => ["EXISTS", key, other],
    () => ["RENAME", key, other],
    () => ["RENAMENX", key, other],
    () => ["COPY", key, other, ...(chance.chance(0.5) ? ["REPLACE"] : [])],
    () => ["COPY", key, other, "DB", chance.pick(["0", "1", "2"])],
    () => ["MOVE", key, chance.pick(["0", "1", "2", "99"])],
    () => ["SELECT", chance.pick(["0", "1", "2"])],
    () => ["EXPIREAT", key, chance.pick(TIMES), ...condition],
    () => ["PEXPIREAT", key, chance.pick(TIMES), ...condition],
    () => ["PERSIST", key],
    () => ["PEXPIRETIME", key],
    () => ["EXPIRETIME", key],
    () => ["TYPE", key],
    () => ["OBJECT", "ENCODING", key],
    () => ["DBSIZE"],
  ])();
}

Deno.test({
  name: "what EXPIRE and its kin log is the absolute time, or the deletion",
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    await using redeno = await startRedeno(["--appendonly", "yes", "--appendfsync", "always"]);
    await using pair = await Pair.open(redeno.port, redeno.port);
    const before = Date.now();
    for (
      const command of [
        ["SET", "a", "1"],
        ["EXPIRE", "a", "100"],
        ["PEXPIRE", "a", "200000", "GT"],
        ["EXPIREAT", "a", FAR_S],
        ["PEXPIREAT", "a", FAR_MS],
        ["PEXPIREAT", "a", "1", "NX"],
        ["PERSIST", "a"],
        ["PERSIST", "a"],
        ["EXPIRE", "a", "-1"],
        ["EXPIRE", "a", "100"],
        ["SET", "b", "1"],
        ["RENAME", "b", "b"],
        ["COPY", "nokey", "b"],
      ]
    ) await pair.left.call(...command);
    const log = withoutFrames(
      await Deno.readTextFile(`${redeno.dir}/appendonlydir/appendonly.aof.1.incr.aof`),
    );
    const logged = log.split(/^\*\d+\r\n/m).slice(1)
      .map((command) => command.replace(/\$\d+\r\n/g, "").trim().split("\r\n"));
    const relative = [logged[2], logged[3]].map((command) => Number(command.splice(2, 1)[0]));
    assertLess(Math.abs(relative[0] - before - 100_000), 5000);
    assertLess(Math.abs(relative[1] - before - 200_000), 5000);
    assertEquals(logged, [
      ["SELECT", "0"],
      ["SET", "a", "1"],
      ["PEXPIREAT", "a"],
      ["PEXPIREAT", "a"],
      ["PEXPIREAT", "a", `${FAR_S}000`],
      ["PEXPIREAT", "a", FAR_MS],
      ["PERSIST", "a"],
      ["DEL", "a"],
      ["SET", "b", "1"],
    ]);
  },
});
