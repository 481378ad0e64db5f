/** What the stream commands write to the log replays to the same state, here and in the real Redis. */

import { assertEquals, assertGreater } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { type Command, connect, type RespClient } from "../kit/resp_client.ts";
import { bothLogs } from "./logged.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const KEYS = ["s", "t"];
const OPTIONS = ["--appendonly", "yes", "--save", "", "--stream-node-max-entries", "7"];
const DEBUG = ["--enable-debug-command", "yes"];

/** Everything there is to know of each stream but when consumers were last seen, and DEBUG DIGEST. */
async function state(client: RespClient): Promise<string[]> {
  const lines: string[] = [];
  for (const key of KEYS) {
    const full = await client.callRaw("XINFO", "STREAM", key, "FULL", "COUNT", "0");
    lines.push(full.replace(/(seen-time\r\n:)\d+/g, "$1<time>"));
  }
  lines.push(await client.callRaw("DEBUG", "DIGEST"));
  return lines;
}

/** A random change of streams and groups. */
function change(chance: Seeded): Command {
  const key = chance.pick(KEYS);
  const group = chance.pick(["g", "h"]);
  const consumer = chance.pick(["c", "d", "e\xff"]);
  const id = () => `${chance.below(40)}-${chance.below(3)}`;
  const bound = chance.pick(["5", "20", "40"]);
  switch (chance.below(22)) {
    case 0:
      return ["XGROUP", "CREATE", key, group, chance.pick(["$", "0"]), "MKSTREAM"];
    case 1:
      return chance.chance(0.3)
        ? ["XGROUP", "SETID", key, group, chance.pick(["$", id()])]
        : ["XLEN", key];
    case 2:
      return chance.chance(0.3) ? ["XGROUP", "DELCONSUMER", key, group, consumer] : ["XLEN", key];
    case 3:
      return ["XGROUP", "CREATECONSUMER", key, group, consumer];
    case 4:
    case 5:
    case 6:
      return ["XREADGROUP", "GROUP", group, consumer, "COUNT", "3", "STREAMS", key, ">"];
    case 7:
      return ["XREADGROUP", "GROUP", group, consumer, "NOACK", "COUNT", "1", "STREAMS", key, ">"];
    case 8:
      return ["XREADGROUP", "GROUP", group, consumer, "COUNT", "2", "STREAMS", key, id()];
    case 9:
      return ["XACK", key, group, id(), id(), id()];
    case 10:
      return ["XCLAIM", key, group, consumer, "0", id(), id(), id(), "FORCE"];
    case 11:
      return ["XCLAIM", key, group, consumer, "0", id(), id(), "IDLE", "1000", "RETRYCOUNT", "5"];
    case 12:
      return ["XCLAIM", key, group, consumer, "0", id(), "LASTID", id(), "JUSTID"];
    case 13:
      return ["XAUTOCLAIM", key, group, consumer, "0", "-", "COUNT", "2"];
    case 14:
      return ["XDEL", key, id(), id()];
    case 15:
      return ["XTRIM", key, "MAXLEN", chance.pick(["~", "="]), bound];
    case 16:
      return ["XTRIM", key, "MINID", "~", id()];
    case 17:
      return ["XADD", key, "MAXLEN", "~", bound, `${chance.below(40)}-*`, "a", "1"];
    case 18:
      return chance.chance(0.02) ? ["XSETID", key, id()] : ["XADD", key, "39-*", "a", "x"];
    default:
      return ["XADD", key, `${chance.below(10)}-*`, "a", String(chance.below(9)), "b", "x"];
  }
}

Deno.test({
  name: "after a reload from the log, streams, groups and what is pending are the same",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { seed, size } = flags(2000);
    const chance = new Seeded(seed);
    await using redeno = await startRedeno([...OPTIONS, ...DEBUG]);
    await using client = await connect(redeno.port);
    for (let round = 0; round < 8; round++) {
      await client.call("DEL", ...KEYS);
      for (const key of KEYS) await client.call("XGROUP", "CREATE", key, "g", "0", "MKSTREAM");
      const changes = Array.from({ length: Math.ceil(size / 8) }, () => change(chance));
      await client.pipeline(changes);
      const before = await state(client);
      assertGreater(before.join("").length, 500);
      assertEquals(await client.callRaw("DEBUG", "RELOAD"), "+OK\r\n");
      assertEquals(await state(client), before);
    }
  },
});

Deno.test(
  { name: "a waiting reader's entries are its own after a reload", ...withRedis },
  async () => {
    await using redeno = await startRedeno([...OPTIONS, ...DEBUG]);
    await using client = await connect(redeno.port);
    await using waiter = await connect(redeno.port);
    await client.call("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
    await client.call("XGROUP", "CREATE", "t", "g", "$", "MKSTREAM");
    for (const options of [[], ["NOACK"]]) {
      const read = waiter.callRaw(
        ...[
          "XREADGROUP",
          "GROUP",
          "g",
          "c",
          "BLOCK",
          "0",
          ...options,
          "STREAMS",
          "t",
          "s",
          ">",
          ">",
        ],
      );
      await client.call("CLIENT", "ID");
      await client.call("XADD", "s", "*", "a", "1");
      await read;
    }
    const before = await state(client);
    await client.call("DEBUG", "RELOAD");
    assertEquals(await state(client), before);
  },
);

Deno.test({ name: "the real Redis loads the log to the same state", ...withRedis }, async () => {
  const { seed, size } = flags(1000);
  const chance = new Seeded(seed + 1);
  const dir = await Deno.makeTempDir({ prefix: "redeno_test_" });
  try {
    let before: string[];
    {
      await using redeno = await startRedeno([...OPTIONS, ...DEBUG], { dir });
      await using client = await connect(redeno.port);
      for (const key of KEYS) await client.call("XGROUP", "CREATE", key, "g", "0", "MKSTREAM");
      await client.pipeline(Array.from({ length: size }, () => change(chance)));
      before = await state(client);
    }
    await using redis = await startRedis([...OPTIONS, ...DEBUG], { dir });
    await using client = await connect(redis.port);
    assertEquals(await state(client), before);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

const SCRIPT = `XADD s 1-* a 1
  XADD s * a 1
  XADD s 40000000000000 a 1
  XADD s NOMKSTREAM 40000000000001-1 a 1
  XADD s MAXLEN 5 40000000000002 a 1
  XADD s MAXLEN ~ 5 40000000000003-* a 1
  XADD s MAXLEN ~ 1 LIMIT 100 40000000000004-0 a 1
  XADD s MINID ~ 5 LIMIT 3 40000000000005-0 a 1
  XADD s MINID = 5 40000000000006 a 1
  XADD none NOMKSTREAM 1-1 a 1
  XTRIM s MAXLEN ~ 100
  XTRIM s MAXLEN ~ 0
  XTRIM s MAXLEN 0
  XADD s 40000000000007 a 1
  XADD s 40000000000008 a 1
  XADD s 40000000000009 a 1
  XTRIM s MINID 40000000000008
  XDEL s 1-1
  XDEL s 40000000000009
  XSETID s 50000000000000
  XGROUP CREATE s g 0
  XGROUP CREATE t g $ MKSTREAM
  XGROUP CREATECONSUMER s g c
  XGROUP CREATECONSUMER s g c
  XGROUP SETID s g 0 ENTRIESREAD 5
  XACK s g 1-1
  XCLAIM s g d 0 40000000000008-0 FORCE
  XCLAIM s g d 0 7-7 LASTID 60000000000000
  XCLAIM s g c 0 40000000000008-0 JUSTID
  XACK s g 40000000000008
  XPENDING s g
  XGROUP DELCONSUMER s g c
  XGROUP DELCONSUMER s g c
  XGROUP DESTROY s g
  XGROUP DESTROY s g`;

Deno.test({ name: "the log gets full IDs, exact trimming and claims", ...withRedis }, async () => {
  const commands = SCRIPT.split("\n").map((line) => line.trim().split(" "));
  // The ID that `*` stands for is the time of the server.
  const logs = await bothLogs(commands, (command) => ({ ignore: command.includes("*") }));
  assertGreater(logs.redis.length, 25);
  // Redis lets XCLAIM create the consumer; here that is said.
  const ours = logs.redeno.filter((line) => line !== "XGROUP CREATECONSUMER s g d");
  const isUnit = (line: string) => line === "MULTI" || line === "EXEC";
  assertEquals(ours.filter((line) => !isUnit(line)), logs.redis.filter((line) => !isUnit(line)));
});
