/** What set commands and SORT write to the log, the key events they tell of, and their replay. */

import { assertEquals, assertGreater } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, type Server, startRedeno, startRedis } from "../kit/oracle.ts";
import { type Command, connect } from "../kit/resp_client.ts";
import type { Reply } from "../kit/resp_reply.ts";
import { publishedEvents } from "./events_kit.ts";
import { bothLogs } from "./logged.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

/** Nothing here is left to chance: what is popped is all there is. */
const COMMANDS: readonly Command[] = `SADD a 1 2 3
  SADD a 1
  SADD a x 1
  SREM a 9
  SREM a x 9
  SADD b 3
  SMOVE a b 9
  SMOVE a b 1
  SMOVE a b 3
  SMOVE a b 2
  SMOVE b new 1
  SMOVE new b 1
  SREM b 1
  SMEMBERS a
  SINTER a b
  SCARD none
  SISMEMBER none 1
  SRANDMEMBER b
  SRANDMEMBER none 2
  SADD one x
  SPOP one
  SADD one x
  SPOP one 1
  SADD one x y
  SPOP one 0
  SPOP one 5
  SPOP one
  SPOP one 5
  SADD a 1 2
  SUNIONSTORE d a b
  SINTERSTORE d a b
  SDIFFSTORE d a a
  SDIFFSTORE d a a
  SUNIONSTORE d none
  SET t text
  SUNIONSTORE t a
  SINTERSTORE t a none
  SADD t 1
  SDIFFSTORE t a none
  SORT a STORE l
  SORT a
  SORT none STORE l
  SORT none STORE l
  SORT a LIMIT 9 9 STORE d
  SORT a BY w_* GET v_* STORE l
  SET s text
  SADD s 1
  SORT s`.split("\n").map((line) => line.trim().split(" "));

Deno.test({
  name: "the log of set commands gets what Redis's gets",
  ...withRedis,
  async fn() {
    const logs = await bothLogs(COMMANDS, ([name]) => {
      return name === "SRANDMEMBER" ? { ignore: true } : { unordered: true };
    });
    assertGreater(logs.redis.length, 25);
    assertEquals(logs.redeno, logs.redis);
  },
});

function texts(reply: Reply): string[] {
  if (!("items" in reply)) throw new Error(`no array: ${JSON.stringify(reply)}`);
  return reply.items.map((item) => "value" in item ? String(item.value) : "?");
}

Deno.test({
  name: "set commands tell of the events that Redis tells of, in its order",
  ...withRedis,
  async fn() {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    const wanted = await publishedEvents(redis, COMMANDS);
    assertGreater(wanted.length, 40);
    assertEquals(await publishedEvents(redeno, COMMANDS), wanted);
  },
});

const KEYS = ["a", "b", "c", "d"];

function members(chance: Seeded): string[] {
  const prefix = chance.pick(["", "m"]);
  const count = chance.chance(0.05) ? 600 : chance.between(1, 8);
  return Array.from({ length: count }, () => prefix + chance.below(2000));
}

const CHANGES: readonly ((chance: Seeded, key: string) => Command)[] = [
  (chance, key) => ["SADD", key, ...members(chance)],
  (chance, key) => ["SADD", key, ...members(chance)],
  (chance, key) => ["SREM", key, ...members(chance)],
  (_, key) => ["SPOP", key],
  (chance, key) => ["SPOP", key, String(chance.pick([0, 1, 3, 100, 1500]))],
  (chance, key) => ["SMOVE", key, chance.pick(KEYS), chance.pick(members(chance))],
  (chance, key) => ["SUNIONSTORE", key, chance.pick(KEYS), chance.pick(KEYS)],
  (chance, key) => ["SDIFFSTORE", key, chance.pick(KEYS), chance.pick(KEYS)],
  (chance, key) => ["SINTERSTORE", key, chance.pick(KEYS), chance.pick(KEYS)],
  (chance, key) => ["SORT", key, "BY", "nosort", "STORE", chance.pick(["l1", "l2"])],
  (chance, key) => ["SORT", key, "BY", "w_*", "ALPHA", "STORE", chance.pick(["l1", "l2"])],
  (chance, key) => ["SORT", key, "BY", "h_*->f", "STORE", chance.pick(["l1", "l2"])],
  (_, key) => ["SORT", key, "BY", "none", "GET", "h_*->f", "LIMIT", "0", "9", "STORE", "l1"],
  (chance) => ["HSET", `h_${chance.below(2000)}`, "f", String(chance.below(3))],
  (chance) => ["SET", `w_${chance.below(2000)}`, String(chance.below(3))],
  (chance) => ["DEL", chance.pick([...KEYS, "l1"])],
];

/** Everything: each set's members in order, and each list. */
async function dump(server: Server): Promise<string[]> {
  await using client = await connect(server.port);
  const lines = [];
  for (const key of KEYS) {
    lines.push(`${key}: ${texts(await client.call("SMEMBERS", key)).sort()}`);
    lines.push(JSON.stringify(await client.call("OBJECT", "ENCODING", key)));
  }
  for (const key of ["l1", "l2"]) {
    lines.push(`${key}: ${texts(await client.call("LRANGE", key, "0", "-1"))}`);
  }
  lines.push(JSON.stringify(await client.call("DEBUG", "DIGEST")));
  return lines;
}

Deno.test({
  name: "after a reload from the log, sets are the same, whatever chance had taken",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { seed, size } = flags(1200);
    const options = ["--appendonly", "yes", "--enable-debug-command", "yes", "--save", ""];
    await using redeno = await startRedeno(options);
    await using client = await connect(redeno.port);
    const chance = new Seeded(seed);
    for (let round = 0; round < 12; round++) {
      const changes = Array.from(
        { length: Math.ceil(size / 12) },
        () => chance.pick(CHANGES)(chance, chance.pick(KEYS)),
      );
      await client.pipeline(changes);
      const before = await dump(redeno);
      assertEquals((await client.call("DEBUG", "RELOAD")).type, "simple");
      assertEquals(await dump(redeno), before);
    }
  },
});

Deno.test({
  name: "the real Redis loads the same sets from redeno's log",
  ...withRedis,
  async fn() {
    const chance = new Seeded(flags(600).seed);
    const options = ["--appendonly", "yes", "--enable-debug-command", "yes"];
    const dir = await Deno.makeTempDir();
    try {
      const before = await (async () => {
        await using redeno = await startRedeno([...options, "--save", ""], { dir });
        await using client = await connect(redeno.port);
        const one = () => chance.pick(CHANGES)(chance, chance.pick(KEYS));
        await client.pipeline(Array.from({ length: 600 }, one));
        return await dump(redeno);
      })();
      await using redis = await startRedis(options, { dir });
      assertEquals(await dump(redis), before);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
