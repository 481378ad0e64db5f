/** What the commands on hashes write to the log and the key events they tell of: as the real Redis. */

import { assertEquals, assertGreater } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { type Command, connect } from "../kit/resp_client.ts";
import { publishedEvents } from "./events_kit.ts";
import { dump, strings } from "./hashes_kit.ts";
import { bothLogs } from "./logged.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };
const { seed, size } = flags(1500);

const COMMANDS: readonly Command[] = `HSET h a 1 b 2
  HSET h a 1
  HMSET h c 3 d 4
  HSETNX h a 5
  HSETNX h e 5
  HINCRBY h a 5
  HINCRBY h a 0
  HINCRBY h a 9223372036854775807
  HINCRBY h n -1
  HINCRBYFLOAT h a 0.1
  HINCRBYFLOAT h f 1.5
  HINCRBYFLOAT h f x
  HDEL h a none
  HDEL h none
  HGETALL h
  HRANDFIELD h 2
  HSCAN h 0
  HGET none a
  HLEN none
  HDEL h b c d e n f
  HDEL h b
  HINCRBY h a 1
  HSET h b ${"x".repeat(65)}
  HINCRBYFLOAT h a 0.5
  HDEL h a b
  SET s 1
  HSET s a 1`.split("\n").map((line) => line.trim().split(" "));

Deno.test({
  name: "the log gets results, not the way to them, and nothing that only asks",
  ...withRedis,
  async fn() {
    const logs = await bothLogs(COMMANDS, ([name]) => ({ ignore: name === "HRANDFIELD" }));
    assertGreater(logs.redis.length, 15);
    assertEquals(logs.redeno, logs.redis);
  },
});

Deno.test({
  name: "commands on hashes tell of the events that Redis tells of, in its order",
  ...withRedis,
  async fn() {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    const wanted = await publishedEvents(redis, COMMANDS);
    assertGreater(wanted.length, 15);
    assertEquals(await publishedEvents(redeno, COMMANDS), wanted);
  },
});

const KEYS = ["a", "b", "c"];

/** A random change of hashes, with expiries of fields that have come or are far away. */
function change(chance: Seeded): Command {
  const key = chance.pick(KEYS);
  const field = `f${chance.below(chance.chance(0.1) ? 1000 : 12)}`;
  const fields = ["FIELDS", "2", field, `f${chance.below(12)}`];
  switch (chance.below(12)) {
    case 0:
      return ["HDEL", key, field];
    case 1:
      return ["HINCRBY", key, `n${field}`, String(chance.below(1000))];
    case 2:
      return ["HINCRBYFLOAT", key, `n${field}`, "0.1"];
    case 3:
      return ["HEXPIRE", key, String(chance.pick([0, 1000])), ...fields];
    case 4:
      return ["HPEXPIRE", key, String(chance.pick([1, 2, 50, 1_000_000])), ...fields];
    case 5:
      return [
        "HPEXPIREAT",
        key,
        "33000000000123",
        chance.pick(["GT", "LT", "NX", "XX"]),
        ...fields,
      ];
    case 6:
      return ["HPERSIST", key, ...fields];
    case 7:
      return ["HSETNX", key, field, "nx"];
    case 8:
      return chance.chance(0.05) ? ["RENAME", key, chance.pick(KEYS)] : ["HGET", key, field];
    case 9:
      return chance.chance(0.05) ? ["COPY", key, chance.pick(KEYS), "REPLACE"] : ["HLEN", key];
    default:
      return ["HSET", key, field, String(chance.below(5)), `f${chance.below(12)}`, "v"];
  }
}

Deno.test({
  name: "after a reload from the log, hashes and the expiries of their fields are the same",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const options = ["--appendonly", "yes", "--enable-debug-command", "yes", "--save", ""];
    const limits = ["--hash-max-listpack-entries", "30"];
    await using redeno = await startRedeno([...options, ...limits]);
    await using client = await connect(redeno.port);
    const chance = new Seeded(seed);
    for (let round = 0; round < 4; round++) {
      const changes = Array.from({ length: Math.ceil(size / 4) }, () => change(chance));
      for (let at = 0; at < changes.length; at += 100) {
        await client.pipeline(changes.slice(at, at + 100));
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
      await new Promise((resolve) => setTimeout(resolve, 60)); // what is to expire has expired
      const before = await dump(client, KEYS);
      assertGreater(before.length, 10);
      assertEquals(strings(await client.call("DEBUG", "RELOAD")), ["OK"]);
      assertEquals(await dump(client, KEYS), before);
    }
  },
});
