/** 64-bit integers: what is read, what is refused, and that every result is in normal form. */

import { assert, assertEquals, assertStrictEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import {
  addInt64,
  compareInt64,
  int64Length,
  parseInt64,
  writeInt,
  writeInt64,
} from "../../lib/numbers/int64.ts";

const encoder = new TextEncoder();

function parse(text: string): number | bigint | undefined {
  // Bytes on both sides, so that a read past the ends would be noticed.
  const bytes = encoder.encode(`7${text}7`);
  return parseInt64(bytes, 1, bytes.length - 1);
}

function printed(value: number | bigint): string {
  const buf = new Uint8Array(32).fill(0x78);
  const end = typeof value === "number" ? writeInt(buf, 3, value) : writeInt64(buf, 3, value);
  assertEquals(end - 3, int64Length(value));
  assertEquals(buf[2], 0x78);
  assertEquals(buf[end], 0x78);
  return new TextDecoder().decode(buf.subarray(3, end));
}

Deno.test("integers in Redis's strict form are read, as numbers while they are safe", () => {
  assertStrictEquals(parse("0"), 0);
  assertStrictEquals(parse("-1"), -1);
  assertStrictEquals(parse("12345"), 12345);
  assertStrictEquals(parse("999999999999999"), 999999999999999);
  assertStrictEquals(parse("9007199254740991"), 9007199254740991);
  assertStrictEquals(parse("-9007199254740991"), -9007199254740991);
  assertStrictEquals(parse("9007199254740992"), 9007199254740992n);
  assertStrictEquals(parse("-9007199254740993"), -9007199254740993n);
  assertStrictEquals(parse("9223372036854775807"), 9223372036854775807n);
  assertStrictEquals(parse("-9223372036854775808"), -9223372036854775808n);
});

Deno.test("anything else is no integer", () => {
  const refused = [
    "",
    "-",
    "+1",
    " 1",
    "1 ",
    "01",
    "-0",
    "-01",
    "00",
    "0x10",
    "1.0",
    "1e3",
    "--1",
    "1-",
    "abc",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
    "12345678901234567890123",
    "123456789012345x",
    "1234567x90123456",
    "1:",
    "1/",
  ];
  for (const text of refused) assertStrictEquals(parse(text), undefined, text);
});

Deno.test("a sum past 64 bits is undefined, every other sum is exact and normal", () => {
  assertStrictEquals(addInt64(9223372036854775807n, 1), undefined);
  assertStrictEquals(addInt64(-9223372036854775808n, -1), undefined);
  assertStrictEquals(addInt64(9223372036854775807n, -1), 9223372036854775806n);
  assertStrictEquals(addInt64(9007199254740991, 1), 9007199254740992n);
  assertStrictEquals(addInt64(9007199254740991, 9007199254740991), 18014398509481982n);
  assertStrictEquals(addInt64(9007199254740992n, -1), 9007199254740991);
  assertStrictEquals(addInt64(-1, -(-9223372036854775808n)), 9223372036854775807n);
  assertStrictEquals(addInt64(5, -5), 0);
  assertStrictEquals(addInt64(-0, -0), 0);
});

Deno.test("integers compare by value whatever their representation", () => {
  assertEquals(compareInt64(1, 2), -1);
  assertEquals(compareInt64(9007199254740993n, 9007199254740991), 1);
  assertEquals(compareInt64(-9007199254740993n, 9007199254740993n), -1);
  assertEquals(compareInt64(3, 3), 0);
});

Deno.test("what is written reads back the same, at every length", () => {
  const { seed, size } = flags(2000);
  const chance = new Seeded(seed);
  const values: (number | bigint)[] = [0, 9, 10, 99, 100, 2147483647, 2147483648, 2147483649];
  for (let power = 1; power <= 1e15; power *= 10) values.push(power - 1, power, power + 1);
  values.push(Number.MAX_SAFE_INTEGER, 9007199254740000, 9007199254739999, 9006999999999999);
  for (let i = 0; i < size; i++) {
    const bits = chance.between(1, 63);
    const wide = (BigInt(chance.uint32()) << 32n | BigInt(chance.uint32())) >> BigInt(64 - bits);
    const value = addInt64(chance.chance(0.5) ? wide : -wide, 0);
    assert(value !== undefined);
    values.push(value);
  }
  for (const value of values) {
    for (const signed of [value, addInt64(0, -value) ?? 0]) {
      assertStrictEquals(printed(signed), signed.toString());
      assertStrictEquals(parse(signed.toString()), signed);
    }
  }
});
