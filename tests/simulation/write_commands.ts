/**
 * Commands that change data, of every type; a workload draws from this table. Each takes a number
 * that no other has, so that (nearly) every state differs from all before it.
 */

import type { Seeded } from "../kit/flags.ts";

/** Makes one command. */
export type WriteCommand = (random: Seeded, unique: number) => string[];

const key = (type: string, random: Seeded) => `${type}${random.below(4)}`;

/** Looks like a log within a value: the loader must not be taken in. */
const LOOKALIKES = [
  "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
  "\r\n#S:0,10,1,1700000000,0,00000000,00000000\r\n",
  "\r\n#B:30\r\n*1\r\n$5\r\nMULTI\r\n",
  "\0\0\0\0\0\0\0\0",
];

/** The table, but for values that look like a log. */
export const PLAIN_COMMANDS: readonly WriteCommand[] = [
  (random, n) => ["SET", key("s", random), `v${n}`],
  (random, n) => ["SET", key("s", random), `v${n}`, "PX", `${random.between(20, 900)}`],
  (random, n) => ["SET", key("s", random), `v${n}`, "EX", "100000"],
  (random, n) => ["APPEND", key("s", random), `,${n}`],
  (random, n) => ["SETRANGE", key("s", random), `${random.below(30)}`, `${n}`],
  (random, n) => ["SETBIT", key("bits", random), `${n}`, "1"],
  (random, n) => ["MSET", key("s", random), `a${n}`, key("s", random), `b${n}`],
  (random, n) => ["INCRBY", key("n", random), `${n}`],
  (random, n) => ["INCRBYFLOAT", key("n", random), `${n}.5`],
  (random, n) => ["LPUSH", key("l", random), `v${n}`],
  (random, n) => ["RPUSH", key("l", random), `v${n}`, `w${n}`, `x${n}`],
  (random, n) => ["LSET", key("l", random), "0", `v${n}`],
  (random) => ["LMOVE", key("l", random), key("l", random), "LEFT", "RIGHT"],
  (random) => ["LTRIM", key("l", random), "0", "5"],
  (random, n) => ["SADD", key("m", random), `${n}`, `${n + 1000}`],
  (random, n) => ["SADD", key("m", random), `member${n}`],
  (random) => ["SPOP", key("m", random)],
  (random) => ["SUNIONSTORE", key("m", random), key("m", random), key("m", random)],
  (random, n) => ["ZADD", key("z", random), `${n}.25`, `m${random.below(9)}`],
  (random, n) => ["ZINCRBY", key("z", random), `${n}`, `m${random.below(9)}`],
  (random) => ["ZPOPMIN", key("z", random)],
  (random, n) => ["HSET", key("h", random), `f${random.below(9)}`, `v${n}`, "last", `${n}`],
  (random) => ["HDEL", key("h", random), `f${random.below(9)}`],
  (random, n) => ["HINCRBY", key("h", random), "count", `${n}`],
  (random, n) => ["XADD", key("x", random), "*", "field", `v${n}`, "other", `${n}`],
  (random) => ["XTRIM", key("x", random), "MAXLEN", "3"],
  (random, n) => ["PFADD", key("p", random), `e${n}`],
  (random, n) => ["GEOADD", key("g", random), `${n % 90}.5`, "45.25", `place${n}`],
  (random) => ["EXPIRE", key("s", random), "100000"],
  (random) => ["PERSIST", key("s", random)],
  (random) => ["DEL", key("l", random), key("h", random)],
  (random) => ["RENAME", key("s", random), key("s", random)],
  (random) => ["COPY", key("z", random), key("z", random), "REPLACE"],
  (random) => ["MOVE", key("s", random), `${random.below(3)}`],
  (random, n) => ["SET", key("s", random), `${n}`.padEnd(random.between(500, 6000), "large")],
];

/** The table. */
export const WRITE_COMMANDS: readonly WriteCommand[] = [
  ...PLAIN_COMMANDS,
  (random, n) => ["SET", key("s", random), `${n}${random.pick(LOOKALIKES)}${n}`],
  (random, n) => ["RPUSH", key("l", random), `${n}`, random.pick(LOOKALIKES)],
];
