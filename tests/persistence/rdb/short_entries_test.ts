/** Listpacks taken in one pass are what the reader of entries makes of them, or are left to it. */

import { Buffer } from "node:buffer";
import { parseDouble } from "../../../lib/numbers/double.ts";
import { Elements } from "../../../lib/types/rdb/elements.ts";
import { RdbError } from "../../../lib/types/rdb/error.ts";
import { ListpackReader } from "../../../lib/types/rdb/listpack_reader.ts";
import { ListpackWriter } from "../../../lib/types/rdb/listpack_writer.ts";
import { Scores } from "../../../lib/types/rdb/scores.ts";
import { takeShortEntries } from "../../../lib/types/rdb/short_entries.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { flags, Seeded } from "../../kit/flags.ts";

/** The entries as texts; undefined: the listpack is broken. */
function readAll(bytes: Buffer): string[] | undefined {
  try {
    const texts: string[] = [];
    const reader = new ListpackReader(bytes, 0, bytes.length);
    while (reader.next()) texts.push(reader.bytes.toString("latin1", reader.start, reader.stop));
    return texts;
  } catch (error) {
    if (error instanceof RdbError) return undefined;
    throw error;
  }
}

function textsOf(elements: Elements, first = 0): string[] {
  return Array.from({ length: elements.count - first }, (_, i) => elements.text(first + i));
}

function listpackOf(entries: readonly string[]): Buffer {
  const writer = new ListpackWriter();
  for (const entry of entries) writer.pushText(entry);
  writer.finish();
  return Buffer.from(writer.bytes.subarray(0, writer.length));
}

function randomEntry(chance: Seeded): string {
  if (chance.below(2) === 0) return "x".repeat(chance.below(64));
  const bits = chance.between(1, 31);
  return String(chance.below(2 ** bits) * (chance.below(2) === 0 ? 1 : -1));
}

Deno.test("short texts and integers of up to 32 bits are taken as they read", () => {
  const bounds = [7, 12, 15, 23, 31].flatMap((bits) => [2 ** bits - 1, -(2 ** bits)]);
  const entries = [
    "",
    "a",
    "x".repeat(63),
    "-",
    "007",
    ...[...bounds, 0, 9, 10, 99, 100].map(String),
  ];
  const elements = new Elements();
  elements.push(Buffer.from("before"), 0, 6);
  const bytes = listpackOf(entries);
  const padded = Buffer.concat([Buffer.alloc(3, 7), bytes, Buffer.alloc(70, 1)]);
  assert(takeShortEntries(elements, padded, 3, 3 + bytes.length));
  assertEquals(textsOf(elements), ["before", ...entries]);
  assertEquals(elements.longest, 63);
  // The run is what elements added one by one would have made.
  const oneByOne = new Elements();
  for (const text of textsOf(elements)) oneByOne.push(Buffer.from(text), 0, text.length);
  assert(
    elements.bytes.subarray(0, elements.length)
      .equals(oneByOne.bytes.subarray(0, oneByOne.length)),
  );
});

Deno.test("other entries are left to the reader, and nothing is added", () => {
  for (const entry of ["x".repeat(64), "2147483648", "-2147483649", "9223372036854775807"]) {
    const elements = new Elements();
    const bytes = listpackOf(["a", entry]);
    assert(!takeShortEntries(elements, bytes, 0, bytes.length));
    assertEquals([elements.count, elements.length, elements.longest], [0, 0, 0]);
  }
});

Deno.test("changed listpacks are taken as the reader takes them, or left alone", () => {
  const { seed, size } = flags(20_000);
  const chance = new Seeded(seed);
  const elements = new Elements();
  let taken = 0;
  let broken = 0;
  for (let i = 0; i < size; i++) {
    elements.clear();
    const entries = Array.from({ length: chance.between(1, 8) }, () => randomEntry(chance));
    const bytes = listpackOf(entries);
    for (let changes = chance.below(3); changes > 0; changes--) {
      bytes[chance.below(bytes.length)] = chance.below(4) === 0 ? 0xff : chance.below(256);
    }
    // What follows in the buffer may look like a part of it.
    const buffer = Buffer.concat([bytes, listpackOf(entries).subarray(6)]);
    const expected = readAll(bytes);
    if (expected === undefined) broken++;
    if (!takeShortEntries(elements, buffer, 0, bytes.length)) continue;
    taken++;
    assertEquals(textsOf(elements), expected);
  }
  assert(taken > size / 5 && broken > size / 5, `${taken} taken, ${broken} broken of ${size}`);
});

Deno.test("members and scores are told apart, and scores that are none are left to the reader", () => {
  const [elements, scores] = [new Elements(), new Scores()];
  const pairs = ["1", "2", "a", "2.5", "b", "-7", "x".repeat(63), "1e300", "c", "inf"];
  const bytes = listpackOf(pairs);
  assert(takeShortEntries(elements, bytes, 0, bytes.length, scores));
  assertEquals(textsOf(elements), pairs.filter((_, i) => i % 2 === 0));
  const found = textsOf(elements).map((_, i) => scores.at(i));
  const expected = pairs.filter((_, i) => i % 2 === 1)
    .map((text) => parseDouble(Buffer.from(text), 0, text.length));
  assertEquals(found, expected);
  for (const wrong of [["a"], ["a", "b"], ["a", "1", "b"]]) {
    const listpack = listpackOf(wrong);
    const none = new Elements();
    assert(!takeShortEntries(none, listpack, 0, listpack.length, new Scores()));
    assertEquals(none.count, 0);
  }
});
