/** What the benchmarks do with their figures. */

import { assert, assertEquals, assertMatch, assertThrows } from "../kit/assert.ts";
import { compare, interleave, median, meetsGoal, ratioAtLeast, redenoAtMost } from "./benchmark.ts";
import { batches, KEY } from "./bulk.ts";
import { requestsPerSecond } from "./redis_benchmark.ts";
import { summary, table } from "./report.ts";

Deno.test("the median is the middle value, or the mean of the middle two", () => {
  assertEquals(median([9, 1, 5]), 5);
  assertEquals(median([10, 9, 1, 5]), 7);
  assertThrows(() => median([]), RangeError);
});

Deno.test("the servers take turns and samples keep the order of the rounds", async () => {
  const turns: string[] = [];
  const { x } = await interleave(2, (side, round) => {
    turns.push(`${side} ${round}`);
    return Promise.resolve({ x: turns.length });
  });
  assertEquals(turns, ["redeno 0", "redis 0", "redeno 1", "redis 1"]);
  assertEquals(x, { redeno: [1, 3], redis: [2, 4] });
});

Deno.test("the ratio is the median of the ratios of the rounds", () => {
  const row = compare("x", "req/s", { redeno: [10, 40, 90], redis: [10, 20, 30] });
  assertEquals([row.redeno, row.redis, row.ratio], [40, 20, 2]);
  assertEquals(row.spread, [1, 3]);
  assertEquals(meetsGoal(row), undefined);
});

Deno.test("a goal that is missed is marked and named", () => {
  const samples = { redeno: [20], redis: [10] };
  const rows = [
    compare("fast", "req/s", samples, ratioAtLeast(2)),
    compare("slow", "ms", samples, redenoAtMost(19)),
  ];
  const text = table({ name: "n", title: "t", run: () => Promise.resolve(rows) }, rows);
  assertMatch(text, /^n: t\n/);
  assertMatch(text, /fast .* 20\.0 +10\.0 +req\/s +2\.00 +\(2\.00 - 2\.00\) +ratio >= 2\.00 +ok\n/);
  assertMatch(text, /slow .* <= 19 ms +MISS$/);
  assertEquals(summary(rows), "1 of 2 goals met; missed: slow");
});

Deno.test("the last line of redis-benchmark counts, and what is no result is refused", () => {
  const head = '"test","rps","avg_latency_ms"\n';
  assertEquals(requestsPerSecond(`${head}"LPUSH","7.0","1"\n"LRANGE (x)","12.50","1"\n`), 12.5);
  assertThrows(() => requestsPerSecond(head), Error, "no result");
  assertThrows(() => requestsPerSecond(`${head}Error from server: ERR x\n`), Error, "no result");
});

Deno.test("commands in bulk have every key once", () => {
  const seen = new Set<string>();
  const decoder = new TextDecoder();
  for (const batch of batches(["SET", KEY, "v"], 2500)) {
    for (const [key] of decoder.decode(batch).matchAll(/key:\d{12}/g)) seen.add(key);
  }
  assertEquals(seen.size, 2500);
  assert(seen.has("key:000000002499"));
  assertThrows(() => [...batches(["PING"], 1)], Error, "SLOT");
});

Deno.test("every slot of a command gets the digits of its number that fit, in the order asked for", () => {
  const decoder = new TextDecoder();
  const bytes = batches(["X", "a##", "####"], 1234, "rising");
  const texts = Array.from(bytes, (batch) => decoder.decode(batch));
  const commands = texts.join("").split("*3\r\n").slice(1);
  assertEquals(commands.length, 1234);
  assertEquals(commands[7], "$1\r\nX\r\n$3\r\na07\r\n$4\r\n0007\r\n");
  assertEquals(commands[1233], "$1\r\nX\r\n$3\r\na33\r\n$4\r\n1233\r\n");
});
