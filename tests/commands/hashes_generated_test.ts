/** Random commands on hashes and a few strings, to the real Redis and to redeno. */

import type { Command, Step } from "../kit/differential.ts";
import { Pair } from "../kit/differential.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const KEYS = ["a", "b", "c", "\0\r\n\xff"];
const FIELDS = ["", "f", "g", "counter", "\0\r\n\xff", "0", "-1", "field:with:a:longer:name"]
  .concat("l".repeat(64));
const VALUES = ["", "x", "hello", "0", "-1", "12", "007", "1.5", "-2.25e2", "9223372036854775807"]
  .concat("-9223372036854775808", "\r\n\0\xff", "y".repeat(64), "3.0", "5000000000", " 1");
const INTEGERS = ["0", "1", "-1", "3", "-7", "4294967296", "9223372036854775807", "x", "1.0", ""]
  .concat("-9223372036854775808", "9223372036854775808");
const FLOATS = [
  "0",
  "1",
  "-1",
  "0.1",
  "1e3",
  "-2.5",
  "1e-7",
  "3.14159265358979",
  "inf",
  "x",
  "1e300",
];
const TIMES = ["1", "33000000000", "33000000000123"];
const PATTERNS = ["*", "f*", "?", "[fg]", "", "*e*"];

const PAIRS = { unordered: "pairs" } as const;

/** A field: sometimes one of many, so that hashes grow; seldom one that is too long to be packed. */
function field(chance: Seeded): string {
  if (chance.chance(0.003)) return "L".repeat(chance.pick([65, 300, 70_000]));
  return chance.chance(0.2) ? `n${chance.between(0, 30)}` : chance.pick(FIELDS);
}

function value(chance: Seeded): string {
  return chance.chance(0.003) ? "V".repeat(chance.pick([65, 300, 70_000])) : chance.pick(VALUES);
}

function pairs(chance: Seeded): string[] {
  const count = chance.chance(0.05) ? 25 : chance.between(1, 3);
  return Array.from({ length: count }, () => [field(chance), value(chance)]).flat();
}

function fields(chance: Seeded): string[] {
  return Array.from({ length: chance.between(1, 4) }, () => field(chance));
}

type Maker = (chance: Seeded, key: string) => Command | Step;

const MAKERS: readonly Maker[] = [
  (chance, key) => ["HSET", key, ...pairs(chance)],
  (chance, key) => ["HSET", key, ...pairs(chance)],
  (chance, key) => ["HMSET", key, ...pairs(chance)],
  (chance, key) => ["HSETNX", key, field(chance), value(chance)],
  (chance, key) => ["HDEL", key, ...fields(chance)],
  (chance, key) => ["HDEL", key, ...fields(chance)],
  (chance, key) => ["HGET", key, field(chance)],
  (chance, key) => ["HMGET", key, ...fields(chance)],
  (chance, key) => ["HEXISTS", key, field(chance)],
  (chance, key) => ["HSTRLEN", key, field(chance)],
  (chance, key) => ["HINCRBY", key, field(chance), chance.pick(INTEGERS)],
  (chance, key) => ["HINCRBYFLOAT", key, field(chance), chance.pick(FLOATS)],
  (_, key) => ["HLEN", key],
  (_, key) => ({ command: ["HGETALL", key], compare: PAIRS }),
  (_, key) => ({ command: ["HKEYS", key], compare: { unordered: true } }),
  (_, key) => ({ command: ["HVALS", key], compare: { unordered: true } }),
  (_, key) => ({ command: ["HRANDFIELD", key, "100"], compare: { unordered: true } }),
  (chance, key) => ({
    command: ["HSCAN", key, "0", "COUNT", "1000", "MATCH", chance.pick(PATTERNS)],
    compare: { unordered: "deep" },
  }),
  (_, key) => ["OBJECT", "ENCODING", key],
  (_, key) => ["TYPE", key],
  (chance, key) => ["COPY", key, chance.pick(KEYS), ...chance.pick([[], ["REPLACE"]])],
  (chance, key) => ["RENAME", key, chance.pick(KEYS)],
  (chance, key) => ["PEXPIREAT", key, chance.pick(TIMES)],
  (_, key) => ["PEXPIRETIME", key],
];

/** Now and then a key is of another type, or gone. */
const DISTURBERS: readonly Maker[] = [
  (chance, key) => ["SET", key, value(chance)],
  (_, key) => ["DEL", key],
  (_, key) => ["GET", key],
  (_, key) => ["APPEND", key, "x"],
  (chance) => [
    "CONFIG",
    "SET",
    "hash-max-listpack-entries",
    chance.pick(["512", "512", "10", "3", "0"]),
    "hash-max-listpack-value",
    chance.pick(["64", "64", "10"]),
  ],
];

function makeStep(chance: Seeded): Command | Step {
  const makers = chance.chance(0.06) ? DISTURBERS : MAKERS;
  return chance.pick(makers)(chance, chance.pick(KEYS));
}

Deno.test({
  name: "random commands on hashes get the replies that Redis gives",
  ...withRedis,
  async fn(t) {
    const { seed, size } = flags(6000);
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    const limits = ["hash-max-listpack-entries", "512", "hash-max-listpack-value", "64"];
    const setup = [["CONFIG", "SET", ...limits]];
    await t.step("in RESP2", () => pair.generated(seed, size, makeStep, { setup }));
    await t.step("in RESP3", async () => {
      await pair.generated(seed + 1, size, makeStep, { setup: [...setup, ["HELLO", "3"]] });
    });
  },
});
