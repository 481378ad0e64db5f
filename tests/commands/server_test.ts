/** Commands about the server as a whole: FLUSHALL, SWAPDB, INFO, MEMORY, LOLWUT, TIME, SHUTDOWN. */

import { withoutFrames } from "../kit/frames.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { connect } from "../kit/resp_client.ts";
import type { Reply } from "../kit/resp_reply.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const always = { sanitizeOps: true, sanitizeResources: true };

Deno.test(
  { name: "server commands answer as Redis does, in both protocols", ...withRedis },
  async () => {
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    await using pair = await Pair.open(redis.port, redeno.port);
    for (const protocol of ["2", "3"]) {
      await pair.bothWith({ ignore: true }, "HELLO", protocol);
      for (const words of SAME_REPLIES) await pair.both(...words.split(" "));
      for (const [words, pattern] of LIKE_REPLIES) {
        await pair.bothWith({ pattern }, ...words.split(" "));
      }
    }
  },
);

/** Commands in a row whose replies are the same byte for byte. */
const SAME_REPLIES = [
  "FLUSHALL",
  "DBSIZE",
  "MSET a 1 b 2 c 3",
  "DBSIZE",
  "DBSIZE x",
  "SELECT 1",
  "SET d 4",
  "SWAPDB 0 1",
  "DBSIZE",
  "MGET a b c d",
  "SWAPDB 1 1",
  "SWAPDB 1 0",
  "DBSIZE",
  "SWAPDB 0",
  "SWAPDB 0 1 2",
  "SWAPDB a 0",
  "SWAPDB 0 a",
  "SWAPDB a b",
  "SWAPDB 16 0",
  "SWAPDB 0 16",
  "SWAPDB -1 0",
  "SWAPDB 0 2147483647",
  "SWAPDB 0 2147483648",
  "SWAPDB 99999999999999999999 0",
  "FLUSHDB x",
  "FLUSHDB ASYNC SYNC",
  "FLUSHDB",
  "DBSIZE",
  "SELECT 0",
  "DBSIZE",
  "FLUSHALL x",
  "FLUSHALL sync async",
  "FLUSHALL async",
  "DBSIZE",
  "FLUSHALL SYNC",
  "FLUSHDB sync",
  "FLUSHDB ASYNC",
  "LASTSAVE x",
  "TIME x",
  "INFO nosuch",
  "INFO nosuch another",
  "INFO modules",
  "INFO MODULES modules",
  "INFO keyspace",
  "INFO cluster keyspace",
  "INFO Keyspace CLUSTER",
  "SET k v",
  "INFO keyspace",
  "SELECT 3",
  "SET k v",
  "INFO keyspace",
  "FLUSHALL",
  "SELECT 0",
  "LOLWUT VERSION x",
  "LOLWUT VERSION 99999999999999999999",
  "LOLWUT VERSION 5 x",
  "LOLWUT VERSION 5 1 x",
  "LOLWUT VERSION 5 1 1 x",
  "LOLWUT VERSION 6 x",
  "LOLWUT version 6 1 x",
  "MEMORY",
  "MEMORY nosuch",
  "MEMORY HELP",
  "MEMORY HELP x",
  "MEMORY PURGE",
  "MEMORY PURGE x",
  "MEMORY DOCTOR x",
  "MEMORY STATS x",
  "MEMORY MALLOC-STATS x",
  "MEMORY USAGE",
  "MEMORY USAGE nokey",
  "MEMORY USAGE nokey SAMPLES",
  "MEMORY USAGE nokey SAMPLES 0",
  "MEMORY USAGE nokey samples 1 SAMPLES 5",
  "MEMORY USAGE nokey SAMPLES x",
  "MEMORY USAGE nokey SAMPLES -1",
  "MEMORY USAGE nokey nosuch 1",
  "SHUTDOWN x",
  "SHUTDOWN SAVE NOSAVE",
  "SHUTDOWN NOSAVE SAVE",
  "SHUTDOWN ABORT NOW",
  "SHUTDOWN ABORT FORCE",
  "SHUTDOWN save ABORT",
  "SHUTDOWN NOSAVE NOSAVE x",
  "SHUTDOWN ABORT",
  "SHUTDOWN abort ABORT",
];

/** Commands whose replies are alike. */
const LIKE_REPLIES: readonly (readonly [string, RegExp])[] = [
  ["LASTSAVE", /^:\d{10}\r\n$/],
  ["TIME", /^\*2\r\n\$10\r\n\d{10}\r\n\$[1-6]\r\n\d{1,6}\r\n$/],
  ["LOLWUT", /^([$]|=\d+\r\ntxt:)[^]*Redis ver\. 7\.0\.15\n\r\n$/],
  ["LOLWUT 5 x", /Redis ver\. 7\.0\.15\n\r\n$/],
  ["LOLWUT VERSION 5 8 2 2", /Redis ver\. 7\.0\.15\n\r\n$/],
  ["LOLWUT VERSION 5 0 -1 0", /Redis ver\. 7\.0\.15\n\r\n$/],
  ["LOLWUT VERSION 7 a b", /Redis ver\. 7\.0\.15\n\r\n$/],
  ["MEMORY DOCTOR", /^(\$\d+\r\n|=\d+\r\ntxt:)[^\r]+\n\r\n$/],
  ["MEMORY MALLOC-STATS", /^(\$\d+\r\n|=\d+\r\ntxt:)[^]+\r\n$/],
  ["INFO server", /redis_version:7\.0\.15\r\n/],
  ["INFO replication", /# Replication\r\nrole:master\r\nconnected_slaves:0\r\n/],
  ["INFO cpu", /used_cpu_sys:\d+\.\d{6}\r\nused_cpu_user:\d+\.\d{6}\r\n/],
  ["INFO memory", /used_memory:\d+\r\nused_memory_human:\d+\.\d\dM\r\n/],
];

/** The text of a bulk or verbatim reply. */
function text(reply: Reply): string {
  assert(reply.type === "bulk" || reply.type === "verbatim");
  return reply.value;
}

function headings(info: string): string[] {
  return [...info.matchAll(/^# (\w+)\r$/gm)].map(([, name]) => name);
}

Deno.test(
  { name: "INFO shows the sections that Redis shows, in its order", ...withRedis },
  async () => {
    await using redis = await startRedis();
    await using redeno = await startRedeno();
    await using left = await connect(redis.port);
    await using right = await connect(redeno.port);
    for (
      const words of [
        [],
        ["default"],
        ["keyspace", "server", "CPU"],
        ["cpu", "default"],
        ["commandstats", "server", "commandstats"],
      ]
    ) {
      const theirs = headings(text(await left.call("INFO", ...words)));
      const ours = headings(text(await right.call("INFO", ...words)));
      assertEquals(ours, theirs, words.join(" "));
    }
    for (const all of ["all", "everything", "ALL"]) {
      const theirs = headings(text(await left.call("INFO", all)));
      const ours = headings(text(await right.call("INFO", all)));
      assertEquals(
        ours.filter((name) => theirs.includes(name)),
        theirs.filter((name) => ours.includes(name)),
      );
      assert(
        ours.includes("Commandstats") && ours.includes("Latencystats") && ours.includes("Keyspace"),
      );
    }
  },
);

Deno.test({ name: "INFO counts keys, expiries and the time that is left", ...always }, async () => {
  await using redeno = await startRedeno();
  await using client = await connect(redeno.port);
  await client.call("SET", "a", "1", "PX", "100000");
  await client.call("SET", "b", "1", "PX", "300000");
  await client.call("SET", "c", "1");
  const info = text(await client.call("INFO", "keyspace"));
  const found = /^# Keyspace\r\ndb0:keys=3,expires=2,avg_ttl=(\d+)\r\n$/.exec(info);
  assert(found !== null, info);
  const ttl_ms = Number(found[1]);
  assert(ttl_ms > 190_000 && ttl_ms <= 200_000, `${ttl_ms}`);
});

Deno.test(
  { name: "used memory grows with the data and falls when it is gone", ...always },
  async () => {
    await using redeno = await startRedeno();
    await using client = await connect(redeno.port);
    const used = async () => {
      const info = text(await client.call("INFO", "memory"));
      return Number(/^used_memory:(\d+)\r$/m.exec(info)![1]);
    };
    const before = await used();
    for (let i = 0; i < 20; i++) await client.call("SET", `k${i}`, "x".repeat(100_000));
    const full = await used();
    assert(full - before >= 2_000_000, `${before} -> ${full}`);
    const usage = await client.call("MEMORY", "USAGE", "k0");
    assert(usage.type === "int" && usage.value >= 100_000 && usage.value < 250_000);
    await client.call("FLUSHALL");
    const after = await used();
    assert(full - after >= 2_000_000, `${full} -> ${after}`);
  },
);

Deno.test({ name: "MEMORY STATS has the fields that Redis has", ...withRedis }, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  await pair.bothWith({ ignore: true }, "HELLO", "3");
  await pair.both("SET", "k", "v");
  const fields = (reply: Reply): string[] => {
    assert(reply.type === "map");
    return reply.entries.map(([name, value]) => {
      assert("value" in name);
      const inner = value.type === "map" ? `{${fields(value)}}` : value.type;
      return `${name.value}:${inner}`;
    });
  };
  const theirs = fields(await pair.left.call("MEMORY", "STATS"));
  assertEquals(fields(await pair.right.call("MEMORY", "STATS")), theirs);
});

Deno.test(
  { name: "flushing and swapping are logged even if there was nothing", ...always },
  async () => {
    const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
    try {
      await using redeno = await startRedeno(["--appendonly", "yes", "--appendfsync", "always"], {
        dir,
      });
      await using client = await connect(redeno.port);
      const sent = [
        "flushall",
        "FLUSHDB",
        "FLUSHALL ASYNC",
        "SWAPDB 0 0",
        "SET k v",
        "SWAPDB 0 1",
        "FLUSHDB sync",
        "FLUSHALL",
      ];
      for (const words of sent) assertEquals(await client.callRaw(...words.split(" ")), "+OK\r\n");
      assertEquals(await client.callRaw("SWAPDB", "0", "x"), "-ERR invalid second DB index\r\n");
      assertEquals(loggedCommands(`${dir}/appendonlydir`), ["SELECT 0", ...sent]);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

/** The commands in the incremental part of a log, without its framing. */
function loggedCommands(dir: string): string[] {
  const name = [...Deno.readDirSync(dir)].find((entry) => entry.name.endsWith(".incr.aof"))!.name;
  const log = withoutFrames(Deno.readTextFileSync(`${dir}/${name}`));
  return log.split(/\*\d+\r\n/).filter((one) => one !== "").map((one) =>
    one.split("\r\n").filter((line, i) => i % 2 === 1 && line !== "").join(" ")
  );
}

Deno.test({
  name: "a key that was there is dirty for WATCH after FLUSHALL or SWAPDB",
  ...withRedis,
}, async () => {
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  for (const change of ["FLUSHALL", "FLUSHDB", "SWAPDB 0 1", "SWAPDB 1 0", "SWAPDB 0 0"]) {
    for (const key of ["there", "not there"]) {
      await pair.both("FLUSHALL");
      await pair.both("SET", "there", "1");
      await pair.both("WATCH", key);
      await pair.both(...change.split(" "));
      await pair.both("MULTI");
      await pair.both("PING");
      await pair.both("EXEC");
      await pair.both("UNWATCH");
    }
  }
});

Deno.test({ name: "SHUTDOWN ends the process with code 0 and no reply", ...always }, async () => {
  await using redeno = await startRedeno();
  await using client = await connect(redeno.port);
  await client.send("SHUTDOWN", "NOSAVE");
  assertEquals(await client.readToEnd(), "");
  assertEquals((await redeno.exited).code, 0);
});

Deno.test(
  { name: "LOLWUT draws as wide and as high as asked, within limits", ...always },
  async () => {
    await using redeno = await startRedeno();
    await using client = await connect(redeno.port);
    const lines = async (...words: string[]) =>
      text(await client.call("LOLWUT", ...words)).split("\n");
    assertMatch((await lines("VERSION", "5", "20", "7"))[0], /^[#.]{20}$/);
    assertEquals(
      (await lines("VERSION", "5", "20", "7")).filter((line) => /^[#.]+$/.test(line)).length,
      7,
    );
    assertEquals((await lines("VERSION", "6", "1000000", "1000000"))[0].length, 1000);
    assertStringIncludes((await lines()).join("\n"), "Redis ver. 7.0.15");
  },
);

Deno.test({ name: "random flushes and swaps leave the same databases", ...withRedis }, async () => {
  const { seed, size } = flags(1500);
  await using redis = await startRedis();
  await using redeno = await startRedeno();
  await using pair = await Pair.open(redis.port, redeno.port);
  await pair.generated(seed, size, (chance) => randomCommand(chance));
});

function randomCommand(chance: Seeded): string[] {
  const index = () => chance.pick(["0", "1", "2", "15", "16", "-1", "x", ""]);
  const key = () => chance.pick(["a", "b", "c"]);
  switch (chance.below(14)) {
    case 0:
      return ["FLUSHDB", ...(chance.chance(0.3) ? [chance.pick(["ASYNC", "sync", "x"])] : [])];
    case 1:
      return chance.chance(0.3) ? ["FLUSHALL"] : ["DBSIZE"];
    case 2:
    case 3:
      return ["SWAPDB", index(), index()];
    case 4:
    case 5:
      return ["SELECT", index()];
    case 6:
      return ["INFO", "keyspace"];
    case 7:
      return ["WATCH", key()];
    case 8:
      return ["MULTI"];
    case 9:
      return ["EXEC"];
    case 10:
      return ["MGET", "a", "b", "c"];
    default:
      return ["SET", key(), String(chance.below(100))];
  }
}
