/** Random stream commands over few keys, to the real Redis and to redeno. */

import type { Command, Step } from "../kit/differential.ts";
import { Pair } from "../kit/differential.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const KEYS = ["s", "s", "s", "t", "t", "u", "other"];
const GROUPS = ["g", "g", "g", "h", ""];
const CONSUMERS = ["c", "c", "d", "e", "\xff"];
const FIELDS = ["a", "b", "12", ""];
const VALUES = ["", "x", "hello", "0", "-1", "127", "128", "-4096", "4095", "70000", "-9000000"]
  .concat("2147483648", "9223372036854775807", "-9223372036854775808", "9007199254740993", "007")
  .concat("y".repeat(63), "z".repeat(64), "q".repeat(300));
const BAD_IDS = ["", "x", "1-x", "-", "+", "1-1-1", "-5", "1--5", "18446744073709551616", "(1"];
const HUGE_IDS = ["18446744073709551615-18446744073709551615", "18446744073709551615"]
  .concat("9007199254740993-3", "9007199254740991", "0", "0-0", "0-1");
const COUNTS = ["0", "1", "2", "3", "10", "-1", "100", "x"];

/** An ID near those that entries have, which are small on purpose. */
function id(chance: Seeded): string {
  if (chance.chance(0.02)) return chance.pick(BAD_IDS);
  if (chance.chance(0.03)) return chance.pick(HUGE_IDS);
  const ms = chance.below(60);
  return chance.chance(0.3) ? String(ms) : `${ms}-${chance.below(4)}`;
}

/** The ID of a new entry: `7-*` mostly, so that many entries fit below 60. */
function newId(chance: Seeded): string {
  if (chance.chance(0.3)) return id(chance);
  if (chance.chance(0.002)) return chance.pick(HUGE_IDS);
  return `${chance.below(chance.chance(0.1) ? 60 : 6)}-*`;
}

function bound(chance: Seeded): string {
  if (chance.chance(0.3)) return chance.pick(["-", "+"]);
  return (chance.chance(0.2) ? "(" : "") + id(chance);
}

function ids(chance: Seeded): string[] {
  return Array.from({ length: chance.between(1, 4) }, () => id(chance));
}

function pairs(chance: Seeded): string[] {
  const usual = chance.chance(0.7);
  const count = usual ? 2 : chance.between(1, 3);
  return Array.from({ length: count }, (_, i) => [
    usual ? FIELDS[i] : chance.pick(FIELDS),
    chance.pick(VALUES),
  ]).flat();
}

function trim(chance: Seeded): string[] {
  const words = chance.chance(0.6)
    ? ["MAXLEN", ...operator(chance), chance.pick(["0", "1", "5", "20", "50", "-1", "x"])]
    : ["MINID", ...operator(chance), id(chance)];
  if (chance.chance(0.2)) words.push("LIMIT", chance.pick(["0", "1", "4", "10", "-1"]));
  return words;
}

function operator(chance: Seeded): string[] {
  return chance.pick([[], ["="], ["~"], ["~"]]);
}

function count(chance: Seeded): string[] {
  return chance.chance(0.5) ? ["COUNT", chance.pick(COUNTS)] : [];
}

function some(chance: Seeded, probability: number, ...words: string[]): string[] {
  return chance.chance(probability) ? words : [];
}

/** Streams for XREAD: keys and IDs. */
function streams(chance: Seeded, special: string): string[] {
  const keys = Array.from({ length: chance.chance(0.7) ? 1 : 2 }, () => chance.pick(KEYS));
  return ["STREAMS", ...keys, ...keys.map(() => chance.chance(0.5) ? special : id(chance))];
}

type Maker = (chance: Seeded, key: string, group: string, consumer: string) => Command;

const MAKERS: readonly Maker[] = [
  (chance, key) => ["XADD", key, newId(chance), ...pairs(chance)],
  (chance, key) => ["XADD", key, newId(chance), ...pairs(chance)],
  (chance, key) => ["XADD", key, newId(chance), ...pairs(chance)],
  (chance, key) => ["XADD", key, newId(chance), ...pairs(chance)],
  (chance, key) => [
    "XADD",
    key,
    ...some(chance, 0.2, "NOMKSTREAM"),
    ...(chance.chance(0.4) ? trim(chance) : []),
    newId(chance),
    ...pairs(chance),
  ],
  (chance, key) => ["XTRIM", key, ...trim(chance)],
  (chance, key) => ["XDEL", key, ...ids(chance)],
  (_, key) => ["XLEN", key],
  (chance, key) => [
    "XSETID",
    key,
    id(chance),
    ...some(chance, 0.3, "ENTRIESADDED", chance.pick(["0", "5", "100", "9223372036854775807"])),
    ...some(chance, 0.3, "MAXDELETEDID", id(chance)),
  ],
  (chance, key) => ["XRANGE", key, bound(chance), bound(chance), ...count(chance)],
  (chance, key) => ["XREVRANGE", key, bound(chance), bound(chance), ...count(chance)],
  (chance) => ["XREAD", ...count(chance), ...streams(chance, "$")],
  (chance, _, group, consumer) => [
    "XREADGROUP",
    "GROUP",
    group,
    consumer,
    ...count(chance),
    ...some(chance, 0.2, "NOACK"),
    ...streams(chance, ">"),
  ],
  (chance, key, group, consumer) => [
    "XREADGROUP",
    "GROUP",
    group,
    consumer,
    "COUNT",
    chance.pick(["1", "3"]),
    "STREAMS",
    key,
    ">",
  ],
  (chance, key, group) => [
    "XGROUP",
    "CREATE",
    key,
    group,
    chance.chance(0.5) ? "$" : id(chance),
    ...some(chance, 0.3, "MKSTREAM"),
    ...some(chance, 0.2, "ENTRIESREAD", chance.pick(["0", "3", "-1", "-2", "x"])),
  ],
  (chance, key, group) => [
    "XGROUP",
    "SETID",
    key,
    group,
    chance.chance(0.3) ? "$" : id(chance),
    ...some(chance, 0.3, "ENTRIESREAD", chance.pick(["0", "3", "-1", "-2"])),
  ],
  (_, key, group, consumer) => ["XGROUP", "CREATECONSUMER", key, group, consumer],
  (chance, key, group, consumer) =>
    chance.chance(0.3) ? ["XGROUP", "DELCONSUMER", key, group, consumer] : ["XINFO", "GROUPS", key],
  (chance, key, group) => chance.chance(0.1) ? ["XGROUP", "DESTROY", key, group] : ["XLEN", key],
  (chance, key, group) => ["XACK", key, group, ...ids(chance)],
  (_, key, group) => ["XPENDING", key, group],
  (chance, key, group, consumer) => [
    "XCLAIM",
    key,
    group,
    consumer,
    "0",
    ...ids(chance),
    ...some(chance, 0.3, "TIME", "1000"),
    ...some(chance, 0.3, "RETRYCOUNT", chance.pick(["0", "7", "-1", "9223372036854775807"])),
    ...some(chance, 0.4, "FORCE"),
    ...some(chance, 0.4, "JUSTID"),
    ...some(chance, 0.1, "LASTID", id(chance)),
  ],
  (chance, key, group, consumer) => [
    "XAUTOCLAIM",
    key,
    group,
    consumer,
    "0",
    bound(chance),
    ...count(chance),
    ...some(chance, 0.4, "JUSTID"),
  ],
  (_, key) => ["XINFO", "STREAM", key],
  (_, key) => ["XINFO", "GROUPS", key],
  (_, key) => ["OBJECT", "ENCODING", key],
  (_, key) => ["TYPE", key],
  (_, key) => ["DEBUG", "DIGEST-VALUE", key],
  (chance, key) => chance.chance(0.1) ? ["DEL", key] : ["EXISTS", key],
  (chance, key) => ["COPY", key, chance.pick(KEYS)],
  (chance, key) => chance.chance(0.1) ? ["SET", key, "x"] : ["XLEN", key],
];

/** Replies that tell times: digits of times and idle times may differ. */
const TIMED: Step["compare"] = { pattern: /^[*%$+\-_]/ };

function makeStep(chance: Seeded): Command | Step {
  const key = chance.pick(KEYS);
  const group = chance.pick(GROUPS);
  if (chance.chance(0.02)) {
    return { command: ["XINFO", "STREAM", key, "FULL"], compare: TIMED };
  }
  if (chance.chance(0.02)) {
    return { command: ["XPENDING", key, group, "-", "+", "10"], compare: TIMED };
  }
  return chance.pick(MAKERS)(chance, key, group, chance.pick(CONSUMERS));
}

Deno.test({
  name: "random stream commands get the replies that Redis gives",
  ...withRedis,
  async fn(t) {
    const { seed, size } = flags(4000);
    // Small chunks, so that there are many of them.
    const options = ["--stream-node-max-entries", "7", "--stream-node-max-bytes", "600"]
      .concat("--enable-debug-command", "yes");
    await using redis = await startRedis(options);
    await using redeno = await startRedeno(["--save", "", ...options]);
    await using pair = await Pair.open(redis.port, redeno.port);
    await t.step("in RESP2", () => pair.generated(seed, size, makeStep));
    await t.step("in RESP3", async () => {
      await pair.generated(seed + 1, size, makeStep, { setup: [["HELLO", "3"]] });
    });
  },
});
