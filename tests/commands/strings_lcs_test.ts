/** LCS: against the real Redis, and its algorithm against what a subsequence is. */

import { type ByteRun, commonLength, commonRuns } from "../../lib/commands/lcs.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { Pair } from "../kit/differential.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedeno, startRedis } from "../kit/oracle.ts";

const withRedis = { ignore: !hasRedisServer(), sanitizeOps: true, sanitizeResources: true };

function runOf(text: string): ByteRun {
  const buf = new TextEncoder().encode(`<<${text}>`);
  return { buf, start: 2, end: buf.length - 1 };
}

/** Length of the longest common subsequence by its definition: the better of all choices. */
function slowLength(a: string, b: string): number {
  if (a === "" || b === "") return 0;
  if (a[0] === b[0]) return 1 + slowLength(a.slice(1), b.slice(1));
  return Math.max(slowLength(a.slice(1), b), slowLength(a, b.slice(1)));
}

function word(chance: Seeded, length_max: number): string {
  const length = chance.between(0, length_max);
  return Array.from({ length }, () => chance.pick(["a", "b", "c"])).join("");
}

Deno.test("the stretches found are shared, in order, and as long as can be", () => {
  const { seed, size } = flags(200);
  const chance = new Seeded(seed);
  for (let n = 0; n < size; n++) {
    const a = word(chance, 8);
    const b = word(chance, 8);
    const { runs, length } = commonRuns(runOf(a), runOf(b));
    assertEquals(length, slowLength(a, b), `${a} ${b}`);
    assertEquals(commonLength(runOf(a), runOf(b)), length);
    assertEquals(runs.reduce((sum, run) => sum + run[2], 0), length);
    let [i, j] = [a.length, b.length];
    for (const [first, second, count] of runs) {
      assert(count > 0 && first + count <= i && second + count <= j, `${a} ${b}`);
      assertEquals(a.slice(first, first + count), b.slice(second, second + count));
      [i, j] = [first, second];
    }
  }
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
        if (chance.chance(0.4)) return ["SET", chance.pick(keys), word(chance, 40)];
        return ["LCS", chance.pick(keys), chance.pick(keys), ...chance.pick(OPTIONS)];
      });
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
