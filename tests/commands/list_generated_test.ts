/**
 * Random commands of lists over few keys of several types, to the real Redis and to redeno; and the
 * same lists again after the log was loaded back.
 */

import { assertEquals, assertGreater } from "../kit/assert.ts";
import type { Command, Step } from "../kit/differential.ts";
import { Pair } from "../kit/differential.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const OPTIONS = ["--save", "", "--appendonly", "yes", "--enable-debug-command", "local"];
const KEYS = ["a", "b", "c", "list:with:a:longer:name"];
const ELEMENTS = ["", "x", "y", "hello", "0", "12", "-7", "\r\n\0\xff", "z".repeat(30)]
  .concat("m".repeat(127), "n".repeat(128), "o".repeat(700), "p".repeat(3000));
const INDEXES = ["0", "1", "-1", "2", "-2", "3", "5", "-6", "10", "40", "-40", "100", "x"]
  .concat("9223372036854775807", "-9223372036854775808", "01");
const COUNTS = ["0", "1", "2", "3", "10", "1000", "-1", "x"];

function element(chance: Seeded): string {
  if (chance.chance(0.01)) return "L".repeat(chance.between(8000, 20_000));
  return chance.pick(ELEMENTS);
}

function elements(chance: Seeded): string[] {
  const count = chance.chance(0.1) ? chance.between(20, 60) : chance.between(1, 4);
  return Array.from({ length: count }, () => element(chance));
}

const index = (chance: Seeded) => chance.pick(INDEXES);
const side = (chance: Seeded) => chance.pick(["LEFT", "RIGHT", "left", "right", "LEFT", "UP"]);
const keyList = (chance: Seeded) =>
  Array.from({ length: chance.between(1, 3) }, () => chance.pick(KEYS));

function positionOptions(chance: Seeded): string[] {
  const options: string[] = [];
  if (chance.chance(0.5)) options.push("RANK", chance.pick(["1", "2", "-1", "-2", "0", "-5"]));
  if (chance.chance(0.5)) options.push("COUNT", chance.pick(COUNTS));
  if (chance.chance(0.3)) options.push("MAXLEN", chance.pick(COUNTS));
  if (chance.chance(0.05)) options.push("RANK");
  return options;
}

function multiPop(chance: Seeded): string[] {
  const keys = keyList(chance);
  const count = chance.chance(0.5) ? ["COUNT", chance.pick(COUNTS)] : [];
  const length = chance.chance(0.9) ? keys.length : chance.between(-1, 5);
  return [String(length), ...keys, side(chance), ...count];
}

const MAKERS: readonly ((chance: Seeded, key: string) => Command)[] = [
  (chance, key) => ["LPUSH", key, ...elements(chance)],
  (chance, key) => ["RPUSH", key, ...elements(chance)],
  (chance, key) => ["LPUSH", key, ...elements(chance)],
  (chance, key) => ["RPUSH", key, ...elements(chance)],
  (chance, key) => [chance.pick(["LPUSHX", "RPUSHX"]), key, ...elements(chance)],
  (chance, key) => [chance.pick(["LPOP", "RPOP"]), key],
  (chance, key) => [chance.pick(["LPOP", "RPOP"]), key, chance.pick(COUNTS)],
  (_, key) => ["LLEN", key],
  (chance, key) => ["LINDEX", key, index(chance)],
  (chance, key) => ["LRANGE", key, index(chance), index(chance)],
  (_, key) => ["LRANGE", key, "0", "-1"],
  (chance, key) => ["LSET", key, index(chance), element(chance)],
  (chance, key) => [
    "LINSERT",
    key,
    chance.pick(["BEFORE", "AFTER", "after", "AT"]),
    element(chance),
    element(chance),
  ],
  (chance, key) => ["LREM", key, chance.pick(["0", "1", "-1", "2", "-3", "y"]), element(chance)],
  (chance, key) => ["LTRIM", key, index(chance), index(chance)],
  (chance, key) => ["LPOS", key, element(chance), ...positionOptions(chance)],
  (chance, key) => ["LMOVE", key, chance.pick(KEYS), side(chance), side(chance)],
  (chance, key) => ["RPOPLPUSH", key, chance.pick(KEYS)],
  (chance) => ["LMPOP", ...multiPop(chance)],
];

const RARE: readonly ((chance: Seeded, key: string) => Command)[] = [
  (_, key) => ["SET", key, "string"],
  (_, key) => ["DEL", key],
  (_, key) => ["TYPE", key],
  (_, key) => ["OBJECT", "ENCODING", key],
  (chance, key) => ["RENAME", key, chance.pick(KEYS)],
  (chance, key) => ["COPY", key, chance.pick(KEYS), "REPLACE"],
  (_, key) => ["PEXPIREAT", key, "33000000000123"],
  (_, key) => ["PEXPIRETIME", key],
  (_, key) => ["APPEND", key, "more"],
];

function makeStep(chance: Seeded): Command | Step {
  const makers = chance.chance(0.1) ? RARE : MAKERS;
  return chance.pick(makers)(chance, chance.pick(KEYS));
}

Deno.test({
  name: "random list commands get the replies that Redis gives, and the log makes the same lists",
  ...withRedis,
  async fn(t) {
    const { seed, size } = flags(4000);
    await using redis = await startRedis();
    await using redeno = await startRedeno(OPTIONS);
    await using pair = await Pair.open(redis.port, redeno.port);
    const dump = () => pair.right.pipelineRaw(KEYS.map((key) => ["LRANGE", key, "0", "-1"]));
    const reloadsAlike = async () => {
      const before = await dump();
      assertGreater(before.join("").length, 100);
      assertEquals(await pair.right.callRaw("DEBUG", "RELOAD"), "+OK\r\n");
      assertEquals(await dump(), before);
    };
    await t.step("in RESP2", () => pair.generated(seed, size, makeStep));
    await t.step("the log of that", reloadsAlike);
    await t.step("in RESP3, with small chunks", async () => {
      const setup = [["HELLO", "3"], ["CONFIG", "SET", "list-max-listpack-size", "-1"]];
      await pair.generated(seed + 1, size, makeStep, { setup });
    });
    await t.step("with chunks of three", async () => {
      const setup = [["CONFIG", "SET", "list-max-listpack-size", "3"]];
      await pair.generated(seed + 2, size, makeStep, { setup });
    });
    await t.step("the log of both", reloadsAlike);
  },
});
