/** What the tests of live snapshots do to a few large values: every way to change, move or lose them. */

import type { Seeded } from "../../kit/flags.ts";
import type { Command } from "../../kit/resp_client.ts";

/** Elements of a large collection. */
const ELEMENTS = 600;
const LONG_BYTES = 150_000;
/** The key of each large value; `other:` before it is what it may be renamed to. */
const KEYS = ["hash", "timed", "set", "zset", "list", "stream", "text"] as const;
type Key = (typeof KEYS)[number];

/** Commands to draw from, with what time it is. */
export interface Draw {
  readonly chance: Seeded;
  now_ms(): number;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

function long(chance: Seeded): string {
  return chance.pick(["abc", "x", "0123456789"]).repeat(LONG_BYTES / 2 + chance.below(9));
}

function text(chance: Seeded): string {
  return chance.chance(0.02) ? long(chance) : "v".repeat(chance.below(300));
}

/** Makes one large value anew. */
const MAKE: Readonly<Record<Key, (draw: Draw, key: string) => Command>> = {
  hash: ({ chance }, key) => [
    "HSET",
    key,
    ...range(ELEMENTS).flatMap((i) => [`f${i}`, text(chance)]),
    "long",
    long(chance),
  ],
  timed: ({ chance }, key) => [
    "HSET",
    key,
    ...range(ELEMENTS).flatMap((i) => [`f${i}`, text(chance)]),
  ],
  set: ({ chance }, key) => [
    "SADD",
    key,
    ...range(ELEMENTS).map((i) => `m${i}${text(chance)}`),
    long(chance),
  ],
  zset: ({ chance }, key) => [
    "ZADD",
    key,
    ...range(ELEMENTS).flatMap((i) => [`${chance.below(500)}.5`, `m${i}${text(chance)}`]),
    "77",
    long(chance),
  ],
  list: ({ chance }, key) => ["RPUSH", key, ...range(ELEMENTS).map(() => text(chance))],
  stream: ({ chance }, key) => ["XADD", key, "5-*", "f", text(chance)],
  text: ({ chance }, key) => ["SET", key, long(chance)],
};

/** Commands that make a large value under `key`. */
export function make(draw: Draw, kind: Key, key: string): Command[] {
  const commands: Command[] = [["DEL", key], MAKE[kind](draw, key)];
  const { chance } = draw;
  if (kind === "timed") {
    const fields = range(ELEMENTS / 5).map((i) => `f${5 * i}`);
    for (const after_ms of [10, 100, 1e9]) {
      const some = fields.filter(() => chance.chance(0.3));
      if (some.length === 0) continue;
      const at_ms = String(draw.now_ms() + after_ms);
      commands.push(["HPEXPIREAT", key, at_ms, "FIELDS", String(some.length), ...some]);
    }
  } else if (kind === "stream") {
    commands.push(...range(300).map(() => MAKE.stream(draw, key)));
    for (const group of ["g1", "g2"]) {
      commands.push(["XGROUP", "CREATE", key, group, "0"]);
      for (const consumer of ["a", "b", "c"]) commands.push(readGroup(key, group, consumer, 60));
    }
  }
  return commands;
}

function readGroup(key: string, group: string, consumer: string, count: number): Command {
  return ["XREADGROUP", "GROUP", group, consumer, "COUNT", String(count), "STREAMS", key, ">"];
}

type Change = (key: string, chance: Seeded) => Command;

/** Changes within a value of each kind; elements are named as {@linkcode MAKE} does, or are new. */
const CHANGES: Readonly<Record<Key, readonly Change[]>> = {
  hash: [
    (key, chance) => ["HSET", key, field(chance), text(chance)],
    (key, chance) => ["HSET", key, "long", long(chance)],
    (key, chance) => ["HDEL", key, field(chance), field(chance), field(chance)],
    (key) => ["HDEL", key, "long"],
    (key, chance) => ["HINCRBY", key, `n${chance.below(9)}`, "3"],
    (key, chance) => ["HDEL", key, ...range(300).map(() => field(chance))],
  ],
  timed: [
    (key, chance) => ["HSET", key, field(chance), text(chance)],
    (key, chance) => ["HPERSIST", key, "FIELDS", "1", field(chance)],
    (key, chance) => ["HPEXPIRE", key, String(chance.below(200)), "FIELDS", "1", field(chance)],
    (key, chance) => ["HGET", key, field(chance)],
    (key, chance) => ["HDEL", key, field(chance)],
  ],
  set: [
    (key, chance) => ["SADD", key, `n${chance.below(5000)}`, `m${chance.below(ELEMENTS)}`],
    (key, chance) => ["SPOP", key, String(1 + chance.below(chance.chance(0.1) ? 800 : 20))],
    (key, chance) => ["SMOVE", key, "other:set", `m${chance.below(ELEMENTS)}`],
    (key) => ["SUNIONSTORE", key, key, "other:set"],
    (key, chance) => ["SREM", key, `n${chance.below(5000)}`],
  ],
  zset: [
    (key, chance) => ["ZADD", key, String(chance.below(500)), `n${chance.below(3000)}`],
    (key, chance) => ["ZINCRBY", key, String(chance.between(-20, 20)), `n${chance.below(300)}`],
    (key, chance) => [chance.pick(["ZPOPMIN", "ZPOPMAX"]), key, String(1 + chance.below(9))],
    (key, chance) => ["ZREMRANGEBYRANK", key, String(chance.below(300)), String(chance.below(350))],
    (key, chance) => ["ZREMRANGEBYSCORE", key, "70", String(70 + chance.below(20))],
    (key) => ["ZUNIONSTORE", key, "2", key, "other:zset"],
  ],
  list: [
    (key, chance) => [chance.pick(["LPUSH", "RPUSH"]), key, text(chance), text(chance)],
    (key, chance) => [chance.pick(["LPOP", "RPOP"]), key, String(1 + chance.below(60))],
    (key, chance) => ["LSET", key, place(chance), text(chance)],
    (key, chance) => ["LSET", key, place(chance), "as long"],
    (key, chance) => ["LINSERT", key, "BEFORE", "as long", text(chance)],
    (key, chance) => ["LREM", key, String(chance.between(-9, 9)), "v".repeat(chance.below(300))],
    (key, chance) => ["LTRIM", key, String(chance.below(9)), String(-1 - chance.below(9))],
    (key) => ["LMOVE", key, "other:list", "LEFT", "RIGHT"],
    (key) => ["LMOVE", "other:list", key, "LEFT", "LEFT"],
  ],
  stream: [
    (key, chance) => ["XADD", key, "5-*", "f", text(chance)],
    (key, chance) => ["XADD", key, "5-*", "other", text(chance), "g", "1"],
    (key, chance) => ["XTRIM", key, "MAXLEN", String(chance.between(150, 300))],
    (key, chance) => readGroup(key, "g1", chance.pick(["a", "d"]), chance.below(30) + 1),
    (
      key,
      chance,
    ) => ["XAUTOCLAIM", key, "g2", chance.pick(["a", "b"]), "0", id(chance), "COUNT", "20"],
    (key, chance) => ["XGROUP", "DELCONSUMER", key, "g2", chance.pick(["a", "c"])],
    (key, chance) => ["XGROUP", chance.pick(["CREATE", "DESTROY"]), key, "g3", "$"],
    (key, chance) => ["XACK", key, "g1", ...range(9).map(() => id(chance))],
    (key, chance) => ["XDEL", key, ...range(9).map(() => id(chance))],
  ],
  text: [
    (key, chance) => ["SETRANGE", key, String(chance.below(2 * LONG_BYTES)), text(chance)],
    (key, chance) => ["APPEND", key, chance.chance(0.1) ? long(chance) : "a"],
    (key, chance) => ["SETBIT", key, String(chance.below(8 * LONG_BYTES)), "1"],
    (key, chance) => ["BITFIELD", key, "INCRBY", "u37", String(chance.below(8 * LONG_BYTES)), "7"],
    (key) => ["BITOP", "NOT", key, key],
    (key) => ["GETEX", key, "PERSIST"],
    (key) => ["GETDEL", key],
  ],
};

/** What may befall a key of any kind. */
const FATES: readonly Change[] = [
  (key) => ["DEL", key],
  (key) => ["UNLINK", key],
  (key) => ["RENAME", key, `other:${key}`],
  (key) => ["RENAME", `other:${key}`, key],
  (key) => ["COPY", key, `other:${key}`, "REPLACE"],
  (key) => ["COPY", key, key, "DB", "1"],
  (key) => ["MOVE", key, "1"],
  (key) => ["SET", key, "a string now"],
  (key) => ["PERSIST", key],
  (key, chance) => ["PEXPIRE", key, String(chance.below(60))],
  (key, chance) => ["SORT", key, "BY", "nosort", "STORE", chance.pick([key, `other:${key}`])],
];

const field = (chance: Seeded) => `f${chance.below(ELEMENTS + 50)}`;
const place = (chance: Seeded) => String(chance.below(500));
const id = (chance: Seeded) => `5-${chance.below(320)}`;

/** Draws some commands; what they find may be of another kind, or gone. */
export function change(draw: Draw): Command[] {
  const { chance } = draw;
  const kind = chance.pick(KEYS);
  const key = chance.chance(0.8) ? kind : `other:${kind}`;
  const roll = chance.below(100);
  if (roll < 80) return [chance.pick(CHANGES[kind])(key, chance)];
  if (roll < 94) return [chance.pick(FATES)(key, chance)];
  if (roll < 97) return make(draw, kind, key);
  return [
    chance.pick([["SWAPDB", "0", "1"], ["FLUSHALL"], ["FLUSHDB"], ["SELECT", "1"], [
      "SELECT",
      "0",
    ]]),
  ];
}

/** Makes one of each kind. */
export function makeAll(draw: Draw): Command[] {
  return KEYS.flatMap((kind) => make(draw, kind, kind));
}
