/** Random commands on sorted sets over few keys of several types, to the real Redis and to redeno. */

import type { Command, Step } from "../kit/differential.ts";
import { Pair } from "../kit/differential.ts";
import { flags, type Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

const MIXED = ["z1", "z2", "z3"];
/** All members of these have the same score, so that ranges of texts mean something. */
const EVEN = ["e1", "e2"];
const OTHERS = ["set", "ints", "string", "none"];
const KEYS = [...MIXED, ...MIXED, ...EVEN, ...OTHERS];
const MEMBERS = [
  "",
  "a",
  "b",
  "c",
  "d",
  "e",
  "f",
  "g",
  "h",
  "aa",
  "ab",
  "1",
  "2",
  "3",
  "30",
  "\0\xff",
]
  .concat("m".repeat(64));
/** Too long for a packed set. */
const LONG_MEMBERS = ["m".repeat(65), "q".repeat(200)];
/** Those of the run under way. */
let members = MEMBERS;
const SCORES = ["0", "1", "2", "3", "-1", "-2.5", "0.1", "3.14", "1e3", "1e17", "1e100", "-1e-7"]
  .concat("127", "128", "16383", "16384", "-0", "9007199254740993", "4e18", "1.5", "2.25");
const ODD_SCORES = ["inf", "-inf", "+inf", "nan", "x", "", "0x10", "1e400", " 1", "infinity", "(1"];
const SCORE_BOUNDS = [...SCORES, "(1", "(0", "(-inf", "+inf", "-inf", "inf", "(3.14", "(1e17"];
const ODD_BOUNDS = [
  "",
  "(",
  "x",
  " 1",
  "1e999",
  "(nan",
  "-1e999",
  "1e-999",
  "1\0x",
  "((1",
  "(0x1p1",
];
const LEX_BOUNDS = ["-", "+", "[a", "(a", "[c", "(c", "[", "(", "[m", "(q", "[aa", "(\0", "[\xff"];
const ODD_LEX = ["a", "", "++", "-x", "]a", "+\0"];
const RANKS = ["0", "1", "2", "3", "5", "-1", "-2", "-3", "100", "-100"];
const ODD_RANKS = [
  "x",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "1.0",
];
const COUNTS = ["0", "1", "2", "3", "10", "1000"];
const ODD_COUNTS = ["-1", "x", "", "-9223372036854775808", "9223372036854775807"];

/** One of `usual`, or once in a while one of `odd`. */
function pick(chance: Seeded, usual: readonly string[], odd: readonly string[]): string {
  return chance.chance(0.06) ? chance.pick(odd) : chance.pick(usual);
}

function some(chance: Seeded, most: number, make: () => string[]): string[] {
  return Array.from({ length: chance.between(1, most) }, make).flat();
}

function maybe(chance: Seeded, ...words: string[]): string[] {
  return chance.chance(0.3) ? words : [];
}

const score = (chance: Seeded) => pick(chance, SCORES, ODD_SCORES);
const member = (chance: Seeded) => chance.pick(members);
const rank = (chance: Seeded) => pick(chance, RANKS, ODD_RANKS);
const count = (chance: Seeded) => pick(chance, COUNTS, ODD_COUNTS);
const scoreBound = (chance: Seeded) => pick(chance, SCORE_BOUNDS, ODD_BOUNDS);
const lexBound = (chance: Seeded) => pick(chance, LEX_BOUNDS, ODD_LEX);
const limit = (chance: Seeded) => maybe(chance, "LIMIT", rank(chance), rank(chance));
const numbered = (keys: string[]) => [String(keys.length), ...keys];

function addOptions(chance: Seeded): string[] {
  const options = [];
  while (chance.chance(0.35)) {
    options.push(chance.pick(["NX", "XX", "GT", "LT", "CH", "ch", "INCR"]));
  }
  return options;
}

function sources(chance: Seeded): string[] {
  const keys = some(chance, 3, () => [chance.pick(KEYS.filter((key) => key !== "string"))]);
  if (chance.chance(0.03)) keys.push("string");
  return chance.chance(0.05) ? [pick(chance, COUNTS, ODD_COUNTS), ...keys] : numbered(keys);
}

/** Sources with weights and a way to aggregate. */
function weighted(chance: Seeded): string[] {
  const keys = sources(chance);
  const weights = keys.slice(1).map(() => score(chance));
  const aggregate = chance.pick(["SUM", "MIN", "MAX", "max", "x"]);
  return [
    ...keys,
    ...maybe(chance, "WEIGHTS", ...weights),
    ...maybe(chance, "AGGREGATE", aggregate),
  ];
}

function fewRanges(chance: Seeded, key: string, lex: boolean): Command {
  const [a, b] = [scoreBound(chance), scoreBound(chance)];
  const [from, to] = [lexBound(chance), lexBound(chance)];
  const scores = maybe(chance, "WITHSCORES");
  const reverse = maybe(chance, "REV");
  const makers: Command[] = [
    ["ZRANGE", key, rank(chance), rank(chance), ...reverse, ...scores, ...limit(chance)],
    ["ZREVRANGE", key, rank(chance), rank(chance), ...scores],
    ["ZRANGE", key, a, b, "BYSCORE", ...limit(chance), ...reverse, ...scores],
    ["ZRANGEBYSCORE", key, a, b, ...scores, ...limit(chance)],
    ["ZREVRANGEBYSCORE", key, a, b, ...limit(chance), ...scores],
    ["ZCOUNT", key, a, b],
    ["ZRANGESTORE", chance.pick(KEYS), key, rank(chance), rank(chance), ...reverse],
    ["ZRANGESTORE", chance.pick(MIXED), key, a, b, "BYSCORE", ...reverse, ...limit(chance)],
  ];
  if (lex) {
    makers.push(
      ["ZRANGEBYLEX", key, from, to, ...limit(chance)],
      ["ZREVRANGEBYLEX", key, from, to, ...limit(chance)],
      ["ZRANGE", key, from, to, "BYLEX", ...reverse, ...limit(chance), ...maybe(chance, ...scores)],
      ["ZLEXCOUNT", key, from, to],
      ["ZRANGESTORE", chance.pick(MIXED), key, from, to, "BYLEX", ...reverse],
      ["ZREMRANGEBYLEX", key, from, to],
    );
  }
  return chance.pick(makers);
}

/** Commands that write members of any score: never to the keys whose scores are even. */
const CHANGES: readonly ((chance: Seeded, key: string) => Command)[] = [
  (chance, key) => [
    "ZADD",
    key,
    ...addOptions(chance),
    ...some(chance, 4, () => [score(chance), member(chance)]),
  ],
  (chance, key) => ["ZADD", key, ...some(chance, 6, () => [chance.pick(SCORES), member(chance)])],
  (chance, key) => ["ZADD", key, "INCR", score(chance), member(chance)],
  (chance, key) => ["ZINCRBY", key, score(chance), member(chance)],
  (
    chance,
    key,
  ) => ["ZUNIONSTORE", key, ...weighted(chance)],
  (
    chance,
    key,
  ) => ["ZINTERSTORE", key, ...weighted(chance)],
  (chance, key) => ["ZDIFFSTORE", key, ...sources(chance)],
];

const REMOVALS: readonly ((chance: Seeded, key: string) => Command)[] = [
  (chance, key) => ["ZREM", key, ...some(chance, 3, () => [member(chance)])],
  (chance, key) => ["ZREMRANGEBYRANK", key, rank(chance), rank(chance)],
  (chance, key) => ["ZREMRANGEBYSCORE", key, scoreBound(chance), scoreBound(chance)],
  (chance, key) => [chance.pick(["ZPOPMIN", "ZPOPMAX"]), key, ...maybe(chance, count(chance))],
  (chance, key) => [
    "ZMPOP",
    ...numbered([chance.pick(KEYS), key]),
    chance.pick(["MIN", "MAX", "max", "x"]),
    ...maybe(chance, "COUNT", count(chance)),
  ],
  (chance, key) => [chance.pick(["BZPOPMIN", "BZPOPMAX"]), key, ...MIXED, "0.001"],
  (_, key) => ["DEL", key],
];

const QUESTIONS: readonly ((chance: Seeded, key: string) => Command | Step)[] = [
  (_, key) => ["ZCARD", key],
  (chance, key) => ["ZSCORE", key, member(chance)],
  (chance, key) => ["ZMSCORE", key, ...some(chance, 3, () => [member(chance)])],
  (chance, key) => [chance.pick(["ZRANK", "ZREVRANK"]), key, member(chance)],
  (_, key) => ["OBJECT", "ENCODING", key],
  (_, key) => ["TYPE", key],
  (_, key) => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
  (
    chance,
  ) => [
    "ZUNION",
    ...weighted(chance),
    ...maybe(chance, "WITHSCORES"),
  ],
  (
    chance,
  ) => [
    "ZINTER",
    ...weighted(chance),
    ...maybe(chance, "WITHSCORES"),
  ],
  (chance) => ["ZDIFF", ...sources(chance), ...maybe(chance, "WITHSCORES")],
  (chance) => ["ZINTERCARD", ...sources(chance), ...maybe(chance, "LIMIT", count(chance))],
  (
    chance,
    key,
  ) => ["ZRANDMEMBER", key, pick(chance, ["1000"], ODD_COUNTS.slice(1)), "WITHSCORES"],
];

function anyStep(chance: Seeded, everywhereLex: boolean): Command | Step {
  const key = chance.pick(KEYS);
  const even = EVEN.includes(key);
  const kind = chance.below(10);
  if (kind < 3 && even) return ["ZADD", key, ...some(chance, 5, () => ["0", member(chance)])];
  if (kind < 3) {
    return chance.pick(CHANGES)(chance, key === "string" ? chance.pick(KEYS.slice(0, 3)) : key);
  }
  if (kind < 4) return chance.pick(REMOVALS)(chance, key);
  if (kind < 7) return fewRanges(chance, key, everywhereLex || even);
  if (kind < 9) return chance.pick(QUESTIONS)(chance, key);
  return chance.pick<Step>([
    { command: ["ZSCAN", key, "0", "COUNT", "1000"], compare: { unordered: "deep" } },
    {
      command: ["ZSCAN", key, "0", "MATCH", chance.pick(["*a*", "?", "m*"]), "COUNT", "1000"],
      compare: { unordered: "deep" },
    },
    { command: ["SADD", "set", member(chance), member(chance)] },
    { command: ["SADD", "ints", chance.pick(["1", "2", "30"])] },
    { command: ["SET", "string", "x"] },
    { command: ["COPY", key, chance.pick(MIXED), "REPLACE"] },
    { command: ["ZRANDMEMBER", key, "0"] },
  ]);
}

/** `everywhereLex`: all sets are packed, and ranges of texts have one meaning whatever the scores. */
function makeStep(everywhereLex: boolean): (chance: Seeded) => Command | Step {
  return (chance) => {
    members = everywhereLex ? MEMBERS : [...MEMBERS, ...LONG_MEMBERS];
    for (;;) {
      const step = anyStep(chance, everywhereLex);
      const { command } = "command" in step ? step : { command: step };
      const bringsScores = /STORE$/.test(String(command[0])) && EVEN.includes(String(command[1]));
      if (!bringsScores) return step;
    }
  };
}

Deno.test({
  name: "random commands on sorted sets get the replies that Redis gives",
  ...withRedis,
  async fn(t) {
    const { seed, size } = flags(3000);
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);
    await t.step("packed, in RESP2", () => pair.generated(seed, size, makeStep(true)));
    for (const entries of ["0", "4"]) {
      await t.step(`packed up to ${entries} members, in RESP3`, async () => {
        const setup = [["HELLO", "3"], ["CONFIG", "SET", "zset-max-listpack-entries", entries]];
        await pair.generated(seed + 1, size, makeStep(false), { setup });
      });
    }
  },
});
