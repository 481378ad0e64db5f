/** What commands on sorted sets and places log, the key events they tell of, and their replay. */

import { assertEquals, assertGreater } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { type Command, connect } from "../kit/resp_client.ts";
import type { Reply } from "../kit/resp_reply.ts";
import { publishedEvents } from "./events_kit.ts";
import { bothLogs, logged } from "./logged.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const COMMANDS: readonly string[][] = `ZADD z 1 a 2 b 3 c
  ZADD z 1 a
  ZADD z NX 5 a
  ZADD z XX 5 nobody
  ZADD none XX 5 nobody
  ZADD z CH 5 a
  ZADD z INCR 0 a
  ZADD z INCR 1.5 a
  ZADD z GT INCR -1 a
  ZINCRBY z 0.1 b
  ZINCRBY z 0 b
  ZREM z nobody
  ZREM z a b
  ZREM z c
  ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
  ZREMRANGEBYRANK z 9 10
  ZREMRANGEBYRANK z 0 0
  ZREMRANGEBYSCORE z 2 2
  ZREMRANGEBYLEX z [c [c
  ZREMRANGEBYRANK z 0 -1
  ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
  ZPOPMIN z
  ZPOPMAX z 2
  ZPOPMIN z 0
  ZPOPMIN none
  ZMPOP 2 none z MAX
  ZMPOP 1 z MIN COUNT 100
  ZMPOP 1 none MIN
  ZADD z 1 a 2 b 3 c
  BZPOPMIN none z 0
  BZMPOP 0 2 none z MAX COUNT 7
  BZPOPMIN z 0.001
  ZADD z 1 a 2 b 3 c
  ZUNIONSTORE d 2 z none
  ZINTERSTORE d 2 z none
  ZINTERSTORE d 2 z none
  ZDIFFSTORE d 1 z
  ZRANGESTORE d z 0 0
  ZRANGESTORE d z 9 9
  ZRANGESTORE d none 0 9
  SET s text
  ZUNIONSTORE s 1 z
  ZINTERSTORE s 2 z none
  ZADD s 1 a EX
  ZRANGE none 0 -1
  ZSCORE none a
  ZCARD z
  ZUNION 2 z none
  EXPIRE z 1000000
  ZUNIONSTORE z 1 z
  TTL z`.split("\n").map((line) => line.trim().split(" "));

const PLACES: readonly string[][] = `GEOADD g 1 1 a 2 2 b
  GEOADD g 1 1 a
  GEOADD g NX CH 3 3 a 4 4 c
  GEOADD g XX 5 5 nobody
  GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 500 km
  GEORADIUS g 1 1 500 km
  GEODIST none a b`.split("\n").map((line) => line.trim().split(" "));

/** What these store is logged as members and scores, where Redis logs the search itself. */
const PLACES_STORED: readonly string[][] = `GEORADIUS g 1 1 500 km STORE d
  GEORADIUS g 1 1 1 m STORE d
  GEORADIUS g 100 1 1 m STORE d
  GEORADIUS g 100 1 1 m STORE d
  GEORADIUSBYMEMBER g a 5 km STOREDIST d
  GEOSEARCHSTORE d g FROMLONLAT 1 1 BYRADIUS 500 km STOREDIST
  GEOSEARCHSTORE d none FROMLONLAT 1 1 BYRADIUS 500 km
  GEOSEARCHSTORE d none FROMLONLAT 1 1 BYRADIUS 500 km`.split("\n").map((line) =>
  line.trim().split(" ")
);

const ALL: readonly string[][] = [...COMMANDS, ...PLACES, ...PLACES_STORED];

/** Redis spells what GEOADD becomes `zadd`. */
function comparable(command: string): string {
  return command.replace(/^zadd /, "ZADD ");
}

Deno.test({
  name: "the log of commands on sorted sets gets what Redis's gets",
  ...withRedis,
  async fn() {
    const logs = await bothLogs([...COMMANDS, ...PLACES]);
    const wanted = logs.redis.map(comparable);
    assertGreater(wanted.length, 30);
    assertEquals(logs.redeno.map(comparable), wanted);
  },
});

Deno.test("places that are stored are logged with their exact scores", async () => {
  await using redeno = await startRedeno(["--appendonly", "yes", "--save", ""]);
  await using client = await connect(redeno.port);
  await client.call("GEOADD", "g", "1", "1", "a", "2", "2", "b");
  await client.call("GEORADIUS", "g", "1", "1", "500", "km", "STOREDIST", "d");
  const [, distance] = texts(await client.call("ZRANGE", "d", "1", "1", "WITHSCORES"));
  const [, near] = texts(await client.call("ZRANGE", "d", "0", "0", "WITHSCORES"));
  const words = (await logged(redeno)).slice(-4);
  assertEquals(words, ["MULTI", "DEL d", `ZADD d ${near} a ${distance} b`, "EXEC"]);
});

function texts(reply: Reply): string[] {
  if (!("items" in reply)) throw new Error(`no array: ${JSON.stringify(reply)}`);
  return reply.items.map((item) => "value" in item ? String(item.value) : "?");
}

Deno.test({
  name: "commands on sorted sets tell of the events that Redis tells of, in its order",
  ...withRedis,
  async fn() {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    const wanted = await publishedEvents(redis, ALL);
    assertGreater(wanted.length, 60);
    assertEquals(await publishedEvents(redeno, ALL), wanted);
  },
});

const KEYS = ["a", "b", "c", "d"];

function pairs(chance: Seeded): string[] {
  const count = chance.chance(0.05) ? 300 : chance.between(1, 6);
  return Array.from(
    { length: count },
    () => [String((chance.below(2000) - 1000) / chance.pick([1, 1, 7])), `m${chance.below(1000)}`],
  ).flat();
}

const CHANGES: readonly ((chance: Seeded, key: string) => Command)[] = [
  (chance, key) => ["ZADD", key, ...pairs(chance)],
  (chance, key) => ["ZADD", key, chance.pick(["GT", "LT", "XX"]), ...pairs(chance)],
  (chance, key) => ["ZINCRBY", key, "0.1", `m${chance.below(1000)}`],
  (chance, key) => ["ZREM", key, ...pairs(chance)],
  (chance, key) => [chance.pick(["ZPOPMIN", "ZPOPMAX"]), key, String(chance.below(5))],
  (chance, key) => ["ZMPOP", "2", key, chance.pick(KEYS), "MIN", "COUNT", "2"],
  (_, key) => ["BZPOPMAX", key, "0.001"],
  (chance, key) => ["ZUNIONSTORE", key, "2", ...[0, 1].map(() => chance.pick(KEYS))],
  (chance, key) => ["ZDIFFSTORE", key, "2", ...[0, 1].map(() => chance.pick(KEYS))],
  (chance, key) => ["ZRANGESTORE", key, chance.pick(KEYS), "0", "50", "REV"],
  (_, key) => ["ZREMRANGEBYSCORE", key, "-20", "20"],
  (chance, key) => ["GEOADD", key, String(chance.below(100)), "10", `m${chance.below(1000)}`],
  (chance, key) => [
    "GEOSEARCHSTORE",
    key,
    chance.pick(KEYS),
    ..."FROMLONLAT 50 10 BYRADIUS 3000 km COUNT 3 ANY STOREDIST".split(" "),
  ],
];

/** Everything: each set in order, and the digest. */
async function dump(server: Server): Promise<string[]> {
  await using client = await connect(server.port);
  const lines = [];
  for (const key of KEYS) {
    lines.push(`${key}: ${texts(await client.call("ZRANGE", key, "0", "-1", "WITHSCORES"))}`);
  }
  lines.push(JSON.stringify(await client.call("DEBUG", "DIGEST")));
  return lines;
}

const AOF = ["--appendonly", "yes", "--enable-debug-command", "yes"];

function someChanges(chance: Seeded, count: number): Command[] {
  return Array.from({ length: count }, () => chance.pick(CHANGES)(chance, chance.pick(KEYS)));
}

Deno.test("after a reload from the log, sorted sets are the same", async () => {
  const { seed, size } = flags(1200);
  await using redeno = await startRedeno([...AOF, "--save", ""]);
  await using client = await connect(redeno.port);
  const chance = new Seeded(seed);
  for (let round = 0; round < 3; round++) {
    await client.pipeline(someChanges(chance, Math.ceil(size / 3)));
    const before = await dump(redeno);
    assertEquals((await client.call("DEBUG", "RELOAD")).type, "simple");
    assertEquals(await dump(redeno), before);
  }
});

Deno.test({
  name: "the real Redis loads the same sorted sets from redeno's log",
  ...withRedis,
  async fn() {
    const { seed, size } = flags(600);
    const dir = await Deno.makeTempDir();
    try {
      const before = await (async () => {
        await using redeno = await startRedeno([...AOF, "--save", ""], { dir });
        await using client = await connect(redeno.port);
        await client.pipeline(someChanges(new Seeded(seed), size));
        return await dump(redeno);
      })();
      await using redis = await startRedis(AOF, { dir });
      assertEquals(await dump(redis), before);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
