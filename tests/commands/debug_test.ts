/** DEBUG: who may use it, its digests and its replies, against the real Redis. */

import { assert, assertEquals, assertGreaterOrEqual } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const { seed, size } = flags(300);

Deno.test({
  name: "DEBUG is refused unless enable-debug-command allows it, in Redis's words",
  ...withRedis,
  fn: async () => {
    for (const permission of [[], ["no"], ["yes"], ["local"]]) {
      const options = permission.flatMap((value) => ["--enable-debug-command", value]);
      await using redis = await startRedis(options);
      await using redeno = await startRedeno(options);
      await using pair = await Pair.open(redis.port, redeno.port);
      await pair.both("DEBUG", "DIGEST");
      await pair.both("DEBUG", "FOO");
      await pair.both("DEBUG");
    }
  },
});

Deno.test({
  name: "DEBUG answers what Redis answers",
  ...withRedis,
  fn: async (t) => {
    await using redis = await startRedis(["--enable-debug-command", "yes"]);
    await using redeno = await startRedeno([
      "--enable-debug-command",
      "yes",
      "--appendonly",
      "yes",
    ]);
    await using pair = await Pair.open(redis.port, redeno.port);

    await t.step("subcommands and their arguments", async () => {
      for (
        const words of [
          "FOO",
          "OBJECT",
          "OBJECT nokey",
          "ERROR",
          "ERROR a b",
          "SLEEP",
          "SLEEP 0",
          "SLEEP abc",
          "SLEEP 0.001",
          "SLEEP -1",
          "SET-ACTIVE-EXPIRE",
          "SET-ACTIVE-EXPIRE 0",
          "SET-ACTIVE-EXPIRE 1",
          "QUICKLIST-PACKED-THRESHOLD",
          "QUICKLIST-PACKED-THRESHOLD 100b",
          "QUICKLIST-PACKED-THRESHOLD 0",
          "QUICKLIST-PACKED-THRESHOLD foo",
          "QUICKLIST-PACKED-THRESHOLD 4gb",
          "QUICKLIST-PACKED-THRESHOLD 4293918720",
          "QUICKLIST-PACKED-THRESHOLD 4293918721",
          "CHANGE-REPL-ID",
          "CHANGE-REPL-ID 1",
          "DIGEST x",
          "DIGEST-VALUE",
          "RELOAD foo",
          "HELP x",
        ]
      ) await pair.both("DEBUG", ...words.split(" "));
      await pair.both("DEBUG", "ERROR", "WRONG two\r\nlines");
      await pair.both("debug", "error", "ERR small letters");
      await pair.both("DEBUG", "x".repeat(300));
    });

    await t.step("PROTOCOL replies with every type, in both protocols", async () => {
      const types = ["string", "INTEGER", "double", "bignum", "null", "array", "set", "map"]
        .concat("attrib", "push", "verbatim", "true", "false", "nosuch", "constructor");
      for (const protocol of ["3", "2"]) {
        await pair.bothWith({ ignore: true }, "HELLO", protocol);
        for (const type of types) {
          await pair.both("DEBUG", "PROTOCOL", type);
          if (type !== "push" || protocol === "2") continue;
          const [left, right] = [await pair.left.readRaw(), await pair.right.readRaw()];
          assertEquals(right, left, "the reply behind the push");
        }
        await pair.both("DEBUG", "PROTOCOL");
      }
    });

    await t.step("HELP tells of every subcommand", async () => {
      const reply = await pair.right.call("DEBUG", "HELP");
      assert(reply.type === "array");
      const names = reply.items.map((item) => item.type === "simple" ? item.value : "?")
        .filter((line) => /^[A-Z-]+/.test(line)).map((line) => line.split(" ")[0]);
      assertEquals(names, [
        "DEBUG",
        "CHANGE-REPL-ID",
        "CONFIG-REWRITE-FORCE-ALL",
        "DIGEST",
        "DIGEST-VALUE",
        "ERROR",
        "LOADAOF",
        "OBJECT",
        "POPULATE",
        "PROTOCOL",
        "QUICKLIST-PACKED-THRESHOLD",
        "RELOAD",
        "SET-ACTIVE-EXPIRE",
        "SLEEP",
        "HELP",
      ]);
    });

    await t.step("OBJECT describes a value in Redis's format", async () => {
      const pattern =
        /^\+Value at:0x[0-9a-f]+ refcount:\d+ encoding:\w+ serializedlength:\d+ lru:\d+ lru_seconds_idle:\d+\r\n$/;
      const values = ["1", "127", "128", "-129", "32768", "2147483647", "2147483648", "-2147483648"]
        .concat("12345678901", "123456789012", "", "hello", "abcdefghijklmnopqrst", "007");
      for (const value of values) {
        await pair.both("SET", "a", value);
        await pair.bothWith({ pattern }, "DEBUG", "OBJECT", "a");
        const [left, right] = await Promise.all(
          [pair.left, pair.right].map((client) => client.callRaw("DEBUG", "OBJECT", "a")),
        );
        const described = (raw: string) => /refcount.*serializedlength:\d+/.exec(raw)?.[0];
        assertEquals(described(right), described(left), value);
      }
    });

    await t.step("SLEEP stops the server for so long", async () => {
      const before = performance.now();
      await pair.both("DEBUG", "SLEEP", "0.15");
      assertGreaterOrEqual(performance.now() - before, 145);
    });

    await t.step(
      "digests are those of Redis, with and without expiry, in every database",
      async () => {
        await pair.both("FLUSHALL");
        await pair.both("DEBUG", "DIGEST");
        const chance = new Seeded(seed);
        for (let i = 0; i < size; i++) {
          const key = `${chance.below(100)}:${"\0\xff".repeat(chance.below(3))}`;
          const value = "v".repeat(chance.pick([0, 1, 40, 3000, 70_000])) + chance.below(100);
          const expiry = chance.chance(0.4) ? ["EX", "100000"] : [];
          if (chance.chance(0.1)) await pair.both("SELECT", String(chance.below(16)));
          if (chance.chance(0.8)) await pair.both("SET", key, value, ...expiry);
          else await pair.both("DEL", key);
          await pair.both("DEBUG", "DIGEST-VALUE", key, "nokey", key);
          if (i % 10 === 0) await pair.both("DEBUG", "DIGEST");
        }
        await pair.both("DEBUG", "DIGEST");
      },
    );

    await t.step(
      "POPULATE makes Redis's keys, keeps those that are there, and logs them",
      async () => {
        await pair.both("FLUSHALL");
        await pair.both("SET", "key:1", "mine", "EX", "10000");
        for (
          const words of [
            "3",
            "3 pre",
            "40 sized 20",
            "3 cut 3",
            "3 key 4",
            "0",
            "-1",
            "abc",
            "1 a b",
          ]
            .concat("1 a -3", "1 a 2 c", "")
        ) await pair.both("DEBUG", "POPULATE", ...words.split(" ").filter((word) => word !== ""));
        await pair.both("GET", "key:1");
        await pair.both("GET", "cut:2");
        await pair.both("DEBUG", "DIGEST");
        const digest = await pair.right.callRaw("DEBUG", "DIGEST");
        assertEquals(await pair.right.callRaw("DEBUG", "RELOAD"), "+OK\r\n");
        assertEquals(await pair.right.callRaw("DEBUG", "DIGEST"), digest);
        await pair.both("FLUSHALL");
      },
    );

    await t.step("RELOAD and LOADAOF load the same data back", async () => {
      const digest = await pair.right.callRaw("DEBUG", "DIGEST");
      for (const name of ["RELOAD", "LOADAOF", "RELOAD"]) {
        assertEquals(await pair.right.callRaw("DEBUG", name), "+OK\r\n");
        assertEquals(await pair.right.callRaw("DEBUG", "DIGEST"), digest);
        assertEquals(await pair.right.callRaw("SET", "after", name), "+OK\r\n");
        assertEquals(await pair.right.callRaw("DEBUG", "RELOAD"), "+OK\r\n");
        assertEquals(await pair.right.callRaw("GET", "after"), `$${name.length}\r\n${name}\r\n`);
        await pair.right.call("DEL", "after");
      }
    });

    await t.step(
      "with SET-ACTIVE-EXPIRE 0 expired keys stay until somebody asks for them",
      async () => {
        await pair.both("SELECT", "0");
        await pair.both("FLUSHALL");
        await pair.both("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        await pair.both("SET", "a", "1", "PX", "1");
        await new Promise((resolve) => setTimeout(resolve, 300));
        await pair.both("DBSIZE");
        await pair.both("GET", "a");
        await pair.both("DBSIZE");
        await pair.both("SET", "a", "1", "PX", "1");
        await pair.both("DEBUG", "SET-ACTIVE-EXPIRE", "1");
        await new Promise((resolve) => setTimeout(resolve, 500));
        await pair.both("DBSIZE");
      },
    );
  },
});
