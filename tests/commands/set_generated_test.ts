/** Random set commands over few keys of several types, to the real Redis and to redeno. */

import type { Command, Step } from "../kit/differential.ts";
import { Pair } from "../kit/differential.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const KEYS = ["a", "b", "c", "d", "", "k\0\r\n\xff"];
const MEMBERS = ["", "x", "y", "hello", "\0\r\n\xff", "007", "-0", "+1", "1.5", "m".repeat(64)]
  .concat("m".repeat(65), "9223372036854775807", "-9223372036854775808", "9223372036854775808")
  .concat("9007199254740993", "-9007199254740993", "2147483648", "-2147483649", "32768", "-32769");
const COUNTS = ["0", "1", "2", "5", "-1", "x", "", "9223372036854775807"];

function member(chance: Seeded): string {
  if (chance.chance(0.02)) return "L".repeat(chance.between(60_000, 70_000));
  if (chance.chance(0.6)) return String(chance.between(-20, 20));
  return chance.pick(MEMBERS);
}

/** Mostly a few members; now and then enough to outgrow integers and packed runs. */
function members(chance: Seeded): string[] {
  if (chance.chance(0.08)) {
    const first = chance.between(-100, 400);
    const prefix = chance.pick(["", "", "m"]);
    const count = chance.pick([60, 130, 300, 520]);
    return Array.from({ length: count }, (_, i) => prefix + String(first + i));
  }
  return Array.from({ length: chance.between(1, 5) }, () => member(chance));
}

/** Enough for a small set to be asked through an index, and for some to become large. */
function manyMembers(chance: Seeded): string[] {
  const prefix = chance.pick(["", "", "member:"]);
  return Array.from({ length: chance.between(8, 90) }, () => prefix + chance.below(150));
}

function keys(chance: Seeded): string[] {
  return Array.from({ length: chance.between(1, 4) }, () => chance.pick(KEYS));
}

function counted(chance: Seeded): string[] {
  const list = keys(chance);
  const options = chance.pick([[], [], ["LIMIT", chance.pick(COUNTS)], ["LIMIT"], ["x", "1"]]);
  const count = chance.chance(0.1) ? chance.pick(COUNTS) : String(list.length);
  return [count, ...list, ...options];
}

const unordered = { unordered: true } as const;

function unorderedStep(...command: Command): Step {
  return { command, compare: unordered };
}

const MAKERS: readonly ((chance: Seeded, key: string) => Command | Step)[] = [
  (chance, key) => ["SADD", key, ...members(chance)],
  (chance, key) => ["SADD", key, ...members(chance)],
  (chance, key) => ["SADD", key, ...manyMembers(chance)],
  (chance, key) => ["SADD", key, member(chance)],
  (chance, key) => ["SREM", key, ...members(chance)],
  (chance, key) => ["SREM", key, member(chance)],
  (chance, key) => ["SISMEMBER", key, member(chance)],
  (chance, key) => ["SMISMEMBER", key, ...members(chance)],
  (_, key) => ["SCARD", key],
  (chance, key) => ["SMOVE", key, chance.pick(KEYS), member(chance)],
  (_, key) => unorderedStep("SMEMBERS", key),
  (chance) => unorderedStep("SINTER", ...keys(chance)),
  (chance) => unorderedStep("SUNION", ...keys(chance)),
  (chance) => unorderedStep("SDIFF", ...keys(chance)),
  (chance) => ["SINTERCARD", ...counted(chance)],
  (chance, key) => ["SINTERSTORE", key, ...keys(chance)],
  (chance, key) => ["SUNIONSTORE", key, ...keys(chance)],
  (chance, key) => ["SDIFFSTORE", key, ...keys(chance)],
  (_, key) => unorderedStep("SPOP", key, "1000000"),
  (chance, key) => ["SPOP", key, chance.pick(["0", "-1", "x", ""])],
  (_, key) => unorderedStep("SRANDMEMBER", key, "1000000"),
  (chance, key) => ["SRANDMEMBER", key, chance.pick(["0", "x", ""])],
  (_, key) => ({
    command: ["SSCAN", key, "0", "COUNT", "100000"],
    compare: { unordered: "deep" },
  }),
  (chance, key) => ({
    command: [
      "SSCAN",
      key,
      "0",
      "MATCH",
      chance.pick(["*1*", "?", "m*", "*", "[^1-5]"]),
      "COUNT",
      "9999",
    ],
    compare: { unordered: "deep" },
  }),
  (_, key) => ["OBJECT", "ENCODING", key],
  (_, key) => ["TYPE", key],
  (_, key) => ["EXPIRE", key, "10000"],
  (_, key) => ["PERSIST", key],
  (chance, key) =>
    chance.pick([
      ["SET", key, "text"],
      ["RPUSH", key, "1", "2"],
      ["HSET", key, "f", "v"],
      ["ZADD", key, "1", "m"],
    ]),
  (_, key) => ["DEL", key],
  (_, key) => ["DEL", key],
  (chance, key) => ["COPY", key, chance.pick(KEYS), "REPLACE"],
  (chance, key) => ["RENAME", key, chance.pick(KEYS)],
  (chance) => ["CONFIG", "SET", "set-max-intset-entries", chance.pick(["512", "512", "4", "0"])],
];

function makeStep(chance: Seeded): Command | Step {
  return chance.pick(MAKERS)(chance, chance.pick(KEYS));
}

Deno.test({
  name: "random set commands get the replies that Redis gives",
  ...withRedis,
  async fn(t) {
    const { seed, size } = flags(3000);
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    const limit = ["CONFIG", "SET", "set-max-intset-entries", "512"];
    await t.step("in RESP2", () => pair.generated(seed, size, makeStep, { setup: [limit] }));
    await t.step("in RESP3", async () => {
      await pair.generated(seed + 1, size, makeStep, { setup: [limit, ["HELLO", "3"]] });
    });
  },
});
