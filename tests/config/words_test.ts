import { quoteWord, splitWords } from "../../lib/config/words.ts";
import { fromByteText, toByteText } from "../../lib/config/byte_text.ts";
import { formatMemorySize, parseMemorySize } from "../../lib/config/memory_size.ts";
import { assertEquals, assertStrictEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

Deno.test("words are split at spaces, and quotes hold them together", () => {
  assertEquals(splitWords(`  save 900\t1 `), ["save", "900", "1"]);
  assertEquals(splitWords(`a "b c" 'd e' ""`), ["a", "b c", "d e", ""]);
  assertEquals(splitWords(``), []);
});

Deno.test("double quotes know Redis's escapes, single quotes only their own", () => {
  assertEquals(splitWords(String.raw`"\n\r\t\b\a\x41\xfF\\\"\q"`), [
    '\n\r\t\b\x07A\xff\\"q',
  ]);
  assertEquals(splitWords(String.raw`'\n\'x'`), ["\\n'x"]);
  assertEquals(splitWords(String.raw`"\x4"`), ["x4"]);
});

Deno.test("unbalanced quotes and text right after a quote are no words", () => {
  for (const line of [`"a`, `'a`, `"a"b`, `'a'b`, `a"b`, `"a\\"`, `"a\\`]) {
    assertStrictEquals(splitWords(line), undefined, line);
  }
  assertEquals(splitWords(`a"b c"`), ["ab c"]);
});

Deno.test("a quoted word reads back as itself, whatever its bytes", () => {
  const { seed, size } = flags(200);
  const random = new Seeded(seed);
  for (let i = 0; i < size; i++) {
    const length = random.below(20);
    const word = String.fromCharCode(...Array.from({ length }, () => random.below(256)));
    assertEquals(splitWords(quoteWord(word)), [word], `seed ${seed}`);
  }
});

Deno.test("byte text keeps the bytes of Unicode text", () => {
  assertStrictEquals(toByteText("é"), "\xc3\xa9");
  assertStrictEquals(fromByteText(toByteText("päth/日本")), "päth/日本");
});

Deno.test("sizes take decimal and binary units in any case", () => {
  const sizes: [string, bigint][] = [
    ["5", 5n],
    ["5b", 5n],
    ["1k", 1000n],
    ["1kb", 1024n],
    ["2M", 2_000_000n],
    ["2Mb", 2_097_152n],
    ["1g", 10n ** 9n],
    ["1GB", 2n ** 30n],
    ["", 0n],
    ["99999999999999999999", 2n ** 64n - 1n],
  ];
  for (const [text, bytes] of sizes) assertStrictEquals(parseMemorySize(text), bytes, text);
  for (const text of ["-1", "1.5mb", "1tb", "mb1", "1 kb", "50%", "0x10"]) {
    assertStrictEquals(parseMemorySize(text), undefined, text);
  }
});

Deno.test("sizes are written with the largest unit that fits exactly", () => {
  assertStrictEquals(formatMemorySize(0n), "0");
  assertStrictEquals(formatMemorySize(1000n), "1000");
  assertStrictEquals(formatMemorySize(3n * 2n ** 30n), "3gb");
  assertStrictEquals(formatMemorySize(100n * 2n ** 20n), "100mb");
  assertStrictEquals(formatMemorySize(5n * 1024n), "5kb");
});
