/** LCS: against the real Redis, and its algorithm against what a subsequence is. */

import {
  type ByteRun,
  commonLength,
  commonRuns,
  type Matches,
  RUN_NUMBERS,
  tableBytes,
} from "../../lib/commands/lcs.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

function runOf(text: string): ByteRun {
  const buf = new TextEncoder().encode(`<<${text}>`);
  return { buf, start: 2, end: buf.length - 1 };
}

/** The same from the table of lengths itself, and the walk back through it as Redis has it. */
function plainRuns(a: string, b: string): Matches {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      table[i][j] = a[i - 1] === b[j - 1]
        ? table[i - 1][j - 1] + 1
        : Math.max(table[i - 1][j], table[i][j - 1]);
    }
  }
  const runs: number[] = [];
  let [i, j] = [a.length, b.length];
  while (i > 0 && j > 0) {
    let count = 0;
    while (i > 0 && j > 0 && a[i - 1] === b[j - 1]) [i, j, count] = [i - 1, j - 1, count + 1];
    if (count > 0) runs.push(i, j, count);
    else if (table[i - 1][j] > table[i][j - 1]) i--;
    else j--;
  }
  return { runs, length: table[a.length][b.length] };
}

function word(chance: Seeded, length_max: number, letters = "abc"): string {
  const length = chance.between(0, length_max);
  return Array.from({ length }, () => chance.pick([...letters])).join("");
}

Deno.test("the stretches found are those of the table of lengths, across strips of it", () => {
  const { seed, size } = flags(300);
  const chance = new Seeded(seed);
  for (let n = 0; n < size; n++) {
    const length_max = chance.pick([3, 31, 33, 64, 65, 200]);
    const letters = chance.pick(["a", "ab", "abc", "abcdefghijklmnop"]);
    const a = word(chance, length_max, letters);
    const b = word(chance, length_max, letters);
    const expected = plainRuns(a, b);
    assertEquals(commonRuns(runOf(a), runOf(b)), expected, `${a} ${b}`);
    assertEquals(commonLength(runOf(a), runOf(b)), expected.length, `${a} ${b}`);
  }
});

Deno.test("strings too long for the memory at hand are compared alike", () => {
  const chance = new Seeded(flags(0).seed);
  for (const [first, second] of [[9000, 40], [40, 9000], [5000, 0], [0, 5000], [700, 600]]) {
    const a = Array.from({ length: first }, () => chance.pick(["a", "b", "c"])).join("");
    const b = Array.from({ length: second }, () => chance.pick(["a", "b", "c", "d"])).join("");
    const expected = plainRuns(a, b);
    assertEquals(commonRuns(runOf(a), runOf(b)), expected);
    assertEquals(commonLength(runOf(a), runOf(b)), expected.length);
  }
});

Deno.test("the stretches found are shared, in order, and as long as a subsequence can be", () => {
  const { seed, size } = flags(200);
  const chance = new Seeded(seed);
  for (let n = 0; n < size; n++) {
    const a = word(chance, 80);
    const b = word(chance, 80);
    const { runs, length } = commonRuns(runOf(a), runOf(b));
    let [i, j, sum] = [a.length, b.length, 0];
    for (let at = 0; at < runs.length; at += RUN_NUMBERS) {
      const [first, second, count] = runs.slice(at, at + RUN_NUMBERS);
      assert(count > 0 && first + count <= i && second + count <= j, `${a} ${b}`);
      assertEquals(a.slice(first, first + count), b.slice(second, second + count));
      [i, j, sum] = [first, second, sum + count];
    }
    assertEquals(sum, length);
  }
  assertEquals(tableBytes(3, 4), 80);
});

const OPTIONS: readonly (readonly string[])[] = [
  [],
  ["LEN"],
  ["IDX"],
  ["IDX", "WITHMATCHLEN"],
  ["idx", "minmatchlen", "2"],
  ["IDX", "WITHMATCHLEN", "MINMATCHLEN", "3"],
  ["IDX", "MINMATCHLEN", "-5"],
  ["IDX", "MINMATCHLEN", "9223372036854775807"],
  ["MINMATCHLEN", "9"],
  ["LEN", "WITHMATCHLEN"],
  ["IDX", "IDX"],
  ["LEN", "LEN"],
];

const REFUSED: readonly (readonly string[])[] = [
  ["LEN", "IDX"],
  ["FOO"],
  ["MINMATCHLEN"],
  ["MINMATCHLEN", "x"],
  ["IDX", "MINMATCHLEN", "9223372036854775808"],
  ["IDX", "LEN", "FOO"],
];

Deno.test({
  name: "LCS answers as Redis does",
  ...withRedis,
  async fn(t) {
    await using redis = await startRedis();
    await using redeno = await startRedeno(["--save", ""]);
    await using pair = await Pair.open(redis.port, redeno.port);

    for (const protocol of ["2", "3"]) {
      await t.step(`every option, in RESP${protocol}`, async () => {
        await pair.bothWith({ ignore: true }, "HELLO", protocol);
        await pair.both("MSET", "a", "aaaaaaaaaabbbbbcc", "b", "xxaaabbbbccaac", "n", "1234567");
        await pair.both("SET", "empty", "");
        for (const options of [...OPTIONS, ...REFUSED]) {
          for (const [one, other] of ["ab", "ba", "aa", "an"]) {
            await pair.both("LCS", one, other, ...options);
          }
          await pair.both("LCS", "a", "missing", ...options);
          await pair.both("LCS", "missing", "empty", ...options);
        }
      });
    }

    await t.step("random strings", async () => {
      const { seed, size } = flags(300);
      const keys = ["x", "y", "z"];
      await pair.generated(seed, size, (chance) => {
        if (chance.chance(0.4)) return ["SET", chance.pick(keys), word(chance, 90)];
        return ["LCS", chance.pick(keys), chance.pick(keys), ...chance.pick(OPTIONS)];
      });
    });

    await t.step("long strings", async () => {
      for (const length of [32, 511, 513, 2048]) {
        await pair.both("SET", "one", "abcde".repeat(length).slice(0, length));
        await pair.both("SET", "other", "acbedcab".repeat(length).slice(0, length));
        for (const options of OPTIONS) {
          await pair.both("LCS", "one", "other", ...options);
          await pair.both("LCS", "one", "one", ...options);
        }
      }
    });

    await t.step("a table larger than proto-max-bulk-len is refused", async () => {
      await pair.both("CONFIG", "SET", "proto-max-bulk-len", "1mb");
      await pair.both("SETRANGE", "l1", "510", "x");
      await pair.both("SETRANGE", "l2", "510", "y");
      await pair.both("LCS", "l1", "l2", "LEN");
      await pair.both("LCS", "l1", "l2", "IDX");
      await pair.both("APPEND", "l1", "z");
      await pair.both("LCS", "l1", "l2", "LEN");
      await pair.both("LCS", "l1", "l2");
      await pair.both("LCS", "l1", "l2", "MINMATCHLEN", "99999999999999999999");
      await pair.both("CONFIG", "SET", "proto-max-bulk-len", "512mb");
    });
  },
});
