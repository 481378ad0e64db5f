/** Glob patterns: the same keys as the real server's KEYS, and bounded work for hostile ones. */

import { assert, assertEquals, assertLess } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { hasRedisServer, startRedis } from "../kit/oracle.ts";
import { connect, fromLatin1 } from "../kit/resp_client.ts";
import { globMatch, globMatchRange } from "../../lib/numbers/glob.ts";

function matches(pattern: string, text: string, ignoreCase = false): boolean {
  return globMatch(fromLatin1(pattern), fromLatin1(text), ignoreCase);
}

Deno.test("stars, question marks, classes and escapes match as in Redis", () => {
  const yes =
    "h?llo hello,h*llo heeeello,h*llo hllo,h[ae]llo hallo,h[^e]llo hbllo,h[a-b]llo hallo," +
    "h[b-a]llo hallo,* x,** x,a\\*c a*c,[abc b,[\\]] ],[a-] a,[a-] ],[^ x,\\ \\,a*b*c axxbxbxc";
  const no = "h?llo hllo,h[^e]llo hello,a\\*c abc,a* ba,a ab,ab a,[] x,[ x,[abc d,a*b*c axxbxbx";
  for (const [list, expected] of [[yes, true], [no, false]] as const) {
    for (const line of list.split(",")) {
      const [pattern, text] = line.split(" ");
      assertEquals(matches(pattern, text), expected, line);
    }
  }
});

Deno.test("an empty text matches the empty pattern only", () => {
  assert(matches("", ""));
  assert(!matches("*", ""));
  assert(!matches("", "x"));
});

Deno.test("case can be ignored, but not for an escaped byte of a class", () => {
  assert(matches("H[A-C]x", "hBX", true));
  assert(matches("\\A", "a", true));
  assert(!matches("[\\A]", "a", true));
  assert(!matches("A", "a"));
});

Deno.test("a part of a larger buffer can be matched", () => {
  const buf = fromLatin1("xxhelloxx");
  assert(globMatchRange(fromLatin1("h*o"), buf, 2, 7));
  assert(!globMatchRange(fromLatin1("h*o"), buf, 2, 8));
});

Deno.test("a hostile pattern costs no more than pattern times text", () => {
  const started = performance.now();
  assert(!matches("a*".repeat(2000) + "b", "a".repeat(5000)));
  assert(!matches("*[^b]".repeat(500) + "c", "a".repeat(5000)));
  assertLess(performance.now() - started, 2000);
});

const ALPHABET = "aabAB*?[]^-\\_";

function randomText(chance: Seeded, length_max: number, alphabet: string): string {
  const length = chance.between(0, length_max);
  return Array.from({ length }, () => alphabet[chance.below(alphabet.length)]).join("");
}

Deno.test({
  name: "KEYS finds the same keys as the real server, whatever the pattern",
  ignore: !hasRedisServer(),
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { seed, size } = flags(2000);
    const chance = new Seeded(seed);
    const keys = new Set<string>([""]);
    while (keys.size < 150) keys.add(randomText(chance, 5, ALPHABET));
    // `KEYS *` alone is answered without matching: the command's business, not the pattern's.
    const patterns = Array.from({ length: size }, () => randomText(chance, 8, ALPHABET))
      .filter((pattern) => pattern !== "*");

    await using redis = await startRedis();
    await using client = await connect(redis.port);
    await client.pipeline([...keys].map((key) => ["SET", key, "v"]));
    const replies = await client.pipeline(patterns.map((pattern) => ["KEYS", pattern]));
    patterns.forEach((pattern, i) => {
      const reply = replies[i];
      assert(reply.type === "array");
      const theirs = reply.items.map((item) => item.type === "bulk" ? item.value : item.type);
      const ours = [...keys].filter((key) => matches(pattern, key));
      assertEquals(ours.sort(), theirs.sort(), JSON.stringify(pattern));
    });
  },
});

Deno.test({
  name: "case is ignored as the real server ignores it in names of directives",
  ignore: !hasRedisServer(),
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { seed, size } = flags(2000);
    const chance = new Seeded(seed);
    await using redis = await startRedis();
    await using client = await connect(redis.port);
    const all = await client.call("CONFIG", "GET", "*");
    assert(all.type === "array");
    const names = all.items.flatMap((item, i) =>
      i % 2 === 0 && item.type === "bulk" ? [item.value] : []
    );
    const alphabet = "sSpPoOrRtTaA***?[]^-\\_Z";
    const patterns = Array.from({ length: size }, () => randomText(chance, 7, alphabet))
      .filter((pattern) => /[*?[]/.test(pattern));
    const replies = await client.pipeline(patterns.map((pattern) => ["CONFIG", "GET", pattern]));
    patterns.forEach((pattern, i) => {
      const reply = replies[i];
      assert(reply.type === "array");
      const theirs = reply.items.flatMap((item, k) =>
        k % 2 === 0 && item.type === "bulk" ? [item.value] : []
      );
      const ours = names.filter((name) => matches(pattern, name, true));
      assertEquals(ours.sort(), theirs.sort(), JSON.stringify(pattern));
    });
  },
});
