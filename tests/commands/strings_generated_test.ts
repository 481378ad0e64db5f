/** Random string commands over few keys, to the real Redis and to redeno. */

import type { Command, Step } from "../kit/differential.ts";
import { Pair } from "../kit/differential.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const KEYS = ["", "a", "b", "key:with:a:longer:name", "\0\r\n\xff"];
const TEXTS = ["", "x", "hello", "0", "-1", "12", "007", "1.5", "-2.25e2", "9007199254740992"]
  .concat("9223372036854775807", "-9223372036854775808", "9223372036854775808", "\r\n\0\xff")
  .concat("y".repeat(44), "z".repeat(45), "q".repeat(300));
const INTEGERS = ["0", "1", "-1", "3", "-7", "100", "4294967296", "-9007199254740991", "x", ""]
  .concat("9223372036854775807", "-9223372036854775808", "1.0", "+1");
const OFFSETS = ["0", "1", "2", "5", "43", "44", "45", "99", "-1", "-3", "-50", "600", "a"];
const FLOATS = ["0", "1", "-1", "0.1", "1e3", "-2.5", "1e-7", "3.14159265358979", "inf", "x"];
/** Times far enough away that both servers agree on what is over, whenever they are asked. */
const TIMES = ["1", "33000000000", "33000000000123", "0", "-1", "x"];
const CONDITIONS = ["NX", "XX", "GET", "KEEPTTL", "get", "nx"];

/** A value larger than what a record holds inline, now and then. */
function text(chance: Seeded): string {
  if (chance.chance(0.01)) return "L".repeat(chance.between(60_000, 70_000));
  return chance.pick(TEXTS);
}

function expiry(chance: Seeded): string[] {
  return [chance.pick(["EXAT", "PXAT", "pxat"]), chance.pick(TIMES)];
}

function setOptions(chance: Seeded): string[] {
  const options = [];
  while (chance.chance(0.35)) options.push(chance.pick(CONDITIONS));
  if (chance.chance(0.25)) options.push(...expiry(chance));
  return options;
}

function pairs(chance: Seeded): string[] {
  const count = chance.between(1, 3);
  return Array.from({ length: count }, () => [chance.pick(KEYS), text(chance)]).flat();
}

const MAKERS: readonly ((chance: Seeded, key: string) => Command)[] = [
  (_, key) => ["GET", key],
  (chance, key) => ["SET", key, text(chance)],
  (chance, key) => ["SET", key, text(chance), ...setOptions(chance)],
  (chance, key) => ["SETNX", key, text(chance)],
  (chance, key) => ["SETEX", key, chance.pick(["100", "0", "-1", "x"]), text(chance)],
  (chance, key) => ["GETSET", key, text(chance)],
  (_, key) => ["GETDEL", key],
  (chance, key) => [
    "GETEX",
    key,
    ...chance.pick([[], ["PERSIST"], expiry(chance), expiry(chance)]),
  ],
  (chance, key) => ["APPEND", key, text(chance)],
  (chance, key) => ["SETRANGE", key, chance.pick(OFFSETS), text(chance)],
  (chance, key) => ["GETRANGE", key, chance.pick(OFFSETS), chance.pick(OFFSETS)],
  (_, key) => ["STRLEN", key],
  (chance, key) => [chance.pick(["INCR", "DECR"]), key],
  (chance, key) => [chance.pick(["INCRBY", "DECRBY"]), key, chance.pick(INTEGERS)],
  (chance, key) => ["INCRBYFLOAT", key, chance.pick(FLOATS)],
  (chance, key) => ["MGET", key, chance.pick(KEYS)],
  (chance) => ["MSET", ...pairs(chance)],
  (chance) => ["MSETNX", ...pairs(chance)],
  (_, key) => ["OBJECT", "ENCODING", key],
  (_, key) => ["PERSIST", key],
  (_, key) => ["EXISTS", key],
];

function makeStep(chance: Seeded): Command | Step {
  if (chance.chance(0.05)) {
    // A key stored with a relative time answers a few ms more or less.
    return { command: ["TTL", chance.pick(KEYS)], compare: { pattern: /^:-?\d+\r\n$/ } };
  }
  return chance.pick(MAKERS)(chance, chance.pick(KEYS));
}

Deno.test({
  name: "random string commands get the replies that Redis gives",
  ...withRedis,
  async fn(t) {
    const { seed, size } = flags(4000);
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    await t.step("in RESP2", () => pair.generated(seed, size, makeStep));
    await t.step("in RESP3", async () => {
      await pair.generated(seed + 1, size, makeStep, { setup: [["HELLO", "3"]] });
    });
  },
});
