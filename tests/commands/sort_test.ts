/** SORT and SORT_RO against the real Redis: every option, every error, by hand and at random. */

import type { Command, Step } from "../kit/differential.ts";
import { Pair } from "../kit/differential.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";
import { runScript } from "./sessions.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const DATA = `
  A RPUSH l 3 1 2 10
  A RPUSH words pear Apple fig apple a\\0c a\\0b
  A SADD s b a 3
  A SADD ints 5 -1 300 70000
  A ZADD z 1 c 2 a 3 b
  A MSET w_1 5 w_2 x w_10 -1 string text
  A HSET h_1 f 7 -> arrow
  A HSET h_2 f 3`;

/**
 * Sorts with a weight of this text. Redis never resets errno, so that what strtod has found out of
 * range once spoils the next SORTs; accepting a connection resets it.
 */
function sortByWeight(text: string, i: number): string {
  return `A SET v_b ${text === "" ? '""' : text}\nA${i} SORT k BY v_* DESC`;
}

const SCRIPTS: readonly (readonly [name: string, script: string])[] = [
  [
    "options that make no sense are errors, and come before the key's type",
    `A SORT l LIMIT x 1
     A SORT l LIMIT 0 x
     A SORT l LIMIT 0
     A SORT l LIMIT 0 9223372036854775808
     A SORT l BY
     A SORT l GET
     A SORT l FOO
     A SORT string FOO
     A SORT string
     A SORT h_1
     A SORT l STORE
     A SORT_RO l STORE d
     A SORT
     A SORT_RO`,
  ],
  [
    "numbers, bytes, both directions and limits",
    `A SORT l
     A SORT l DESC
     A SORT l ALPHA
     A SORT l alpha desc
     A SORT l ASC DESC ALPHA
     A SORT words ALPHA
     A SORT words ALPHA STORE d
     A LRANGE d 0 -1
     A SORT words
     A SORT s
     A SORT s ALPHA
     A SORT ints
     A SORT ints DESC LIMIT 1 2
     A SORT z ALPHA
     A SORT z
     A SORT nokey
     A SORT l LIMIT -1 2
     A SORT l LIMIT 1 -1
     A SORT l LIMIT 1 -5
     A SORT l LIMIT 0 0
     A SORT l LIMIT 9 1
     A SORT l LIMIT 3 100
     A SORT l LIMIT 0 1 LIMIT 0 2
     A SORT l LIMIT 9223372036854775807 9223372036854775807
     A SORT_RO l DESC LIMIT 1 2`,
  ],
  [
    "without a star nothing is sorted",
    `A SORT l BY nosort
     A SORT l BY nosort DESC
     A SORT l BY nosort LIMIT 1 2
     A SORT l BY nosort DESC LIMIT 1 2
     A SORT l BY nosort LIMIT 4 2
     A SORT l BY nosort BY w_*
     A SORT l BY w_* BY nosort
     A SORT l BY \\0*
     A SORT z BY nosort
     A SORT z BY nosort DESC
     A SORT z BY nosort LIMIT 1 1
     A SORT z BY nosort DESC LIMIT 0 1
     A SORT ints BY nosort
     A SORT ints BY nosort LIMIT 1 2
     A SORT words BY nosort GET #
     A SORT s BY nosort STORE d
     A LRANGE d 0 -1
     A SORT s BY nosort DESC STORE d
     A LRANGE d 0 -1`,
  ],
  [
    "weights and values come from keys and fields",
    `A DEL w_2
     A SORT l BY w_*
     A SORT l BY w_* DESC
     A SORT l BY w_* ALPHA
     A SORT l BY h_*->f
     A SORT l BY h_*->f BY w_*
     A SORT l BY h_*->
     A SORT l BY w_* GET # GET w_* GET h_*->f GET nostar GET h_*-> GET h_*->nofield
     A SORT l GET w_*->f GET h_* GET ## GET *
     A SORT l GET h_*->->
     A SORT l GET h_*->\\0
     A SORT l GET h_*\\0->f
     A SORT l BY nosort GET #
     A SORT l LIMIT 1 1 GET # GET w_*
     A SORT nokey GET # GET w_*
     A SET w_2 x
     A SORT l BY w_*
     A SORT l BY w_* STORE d
     A EXISTS d
     A SORT l BY w_* ALPHA`,
  ],
  [
    "weights are read as strtod reads them",
    `A RPUSH k a b
     A MSET v_a 1 v_b -1
     ${
      ["", "_5", "5_", "+5", "0x10", "inf", "-INFINITY", "nan", "_", "5\\0x", "\\0", "1.5e2", ".5"]
        .concat("5.", "--5", "0x", "1_2", "9223372036854775808", "1e400", "1e-400", "1e-310")
        .concat("0").map(sortByWeight).join("\n")
    }`,
  ],
  [
    "what is stored replaces whatever was there, and nothing stored removes it",
    `A SORT l STORE d
     A OBJECT ENCODING d
     A LRANGE d 0 -1
     A EXPIRE d 100
     A SORT l GET w_* GET # STORE d
     A TTL d
     A LRANGE d 0 -1
     A SORT l STORE l
     A LRANGE l 0 -1
     A SORT l STORE string
     A TYPE string
     A SORT l store x STORE y limit 0 1
     A EXISTS x y
     A SORT l LIMIT 9 9 STORE d
     A EXISTS d
     A SORT nokey STORE string
     A EXISTS string
     A SORT nokey STORE nokey2`,
  ],
  [
    "a sorted set becomes large by being sorted, in whatever way and even in vain",
    `A ZADD z1 1 a
     A OBJECT ENCODING z1
     A SORT z1
     A OBJECT ENCODING z1
     A ZADD z2 1 a
     A SORT_RO z2 BY nosort LIMIT 0 0
     A OBJECT ENCODING z2
     A ZADD z3 1 1 2 2 3 3
     A EXPIRE z3 100
     A SORT z3 DESC STORE d
     A OBJECT ENCODING z3
     A TTL z3
     A ZADD z3 0 4
     A ZREM z3 2
     A ZRANGE z3 0 -1 WITHSCORES
     A SORT z3 STORE z3
     A OBJECT ENCODING z3`,
  ],
  [
    "the key that STORE names is found",
    `A COMMAND GETKEYS sort l by w_* get x store d get store store e
     A COMMAND GETKEYS sort l store limit store a
     A COMMAND GETKEYS sort l by store store
     A COMMAND GETKEYS sort l store
     A COMMAND GETKEYS sort l
     A COMMAND GETKEYS sort_ro l by x
     A COMMAND GETKEYSANDFLAGS sort l store d
     A COMMAND GETKEYSANDFLAGS sort_ro l`,
  ],
];

Deno.test({
  name: "SORT answers what Redis answers",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    for (const [name, script] of SCRIPTS) {
      await t.step(name, () => runScript(redis, redeno, DATA + "\n" + script));
      await t.step(`${name} (RESP3)`, async () => {
        await runScript(redis, redeno, `A HELLO 3\n${DATA}\n${script}`);
      });
    }
  },
});

const KEYS = ["l", "s", "z", "t", "d"];
const ELEMENTS = ["1", "2", "3", "10", "-5", "0.5", "a", "B", "ab", "1 x", ""];
/** Texts that begin alike, some for longer than others. */
const ALIKE = ["item:1", "item:2", "item:12", "item:", "item:12345678", "item:12345679", "itemx"];

function elements(chance: Seeded): string[] {
  const numeric = chance.chance(0.7);
  const words = chance.pick([ELEMENTS, ALIKE]);
  const count = chance.chance(0.05) ? 200 : chance.between(1, 6);
  return Array.from({ length: count }, () => {
    return numeric ? String(chance.between(-300, 300)) : chance.pick(words);
  });
}

function sortOptions(chance: Seeded): string[] {
  const options: string[] = [];
  if (chance.chance(0.3)) options.push("DESC");
  if (chance.chance(0.4)) options.push("ALPHA");
  if (chance.chance(0.3)) {
    options.push("LIMIT", String(chance.between(-2, 5)), String(chance.between(-2, 8)));
  }
  while (chance.chance(0.3)) {
    options.push("GET", chance.pick(["#", "w_*", "h_*->f", "none", "t", "h_*->g"]));
  }
  return options;
}

const MAKERS: readonly ((chance: Seeded) => Command | Step)[] = [
  (chance) => ["RPUSH", "l", ...elements(chance)],
  (chance) => ["SADD", "s", ...elements(chance)],
  (chance) => ["ZADD", "z", String(chance.between(0, 9)), chance.pick(ELEMENTS)],
  (chance) => ["DEL", chance.pick(KEYS)],
  (chance) => ["SET", "t", chance.pick(ELEMENTS)],
  (chance) => ["SET", `w_${chance.between(-20, 20)}`, String(chance.between(-3, 3))],
  (chance) => ["HSET", `h_${chance.between(-20, 20)}`, "f", String(chance.between(-3, 3))],
  (chance) => ["SORT", chance.pick(KEYS), ...sortOptions(chance)],
  (chance) => ["SORT_RO", chance.pick(KEYS), ...sortOptions(chance)],
  (chance) => ["SORT", chance.pick(KEYS), ...sortOptions(chance), "STORE", chance.pick(KEYS)],
  // numeric weights: equal ones are ordered by their elements, so that no order is left to chance
  (chance) => ["SORT", chance.pick(KEYS), "BY", "w_*", ...sortOptions(chance).filter(notAlpha)],
  (chance) => ["SORT", chance.pick(KEYS), "BY", "h_*->f", ...sortOptions(chance).filter(notAlpha)],
  (chance) => ["SORT", chance.pick(["l", "z", "t"]), "BY", "none", ...sortOptions(chance)],
  () => ["LRANGE", "d", "0", "-1"],
  () => ["OBJECT", "ENCODING", "z"],
  () => ["ZRANGE", "z", "0", "-1", "WITHSCORES"],
];

function notAlpha(word: string): boolean {
  return word !== "ALPHA";
}

Deno.test({
  name: "random SORTs get the replies that Redis gives",
  ...withRedis,
  async fn() {
    const { seed, size } = flags(3000);
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    await pair.generated(seed, size, (chance) => chance.pick(MAKERS)(chance));
  },
});
