import { Buffer } from "node:buffer";
import { giveBuffer, takeBuffer } from "../../lib/memory/buffer_pool.ts";
import { compareRuns, copyBytes, equalBytes, newBytes } from "../../lib/memory/bytes.ts";
import { assert, assertEquals, assertGreaterOrEqual } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const { seed, size } = flags(3000);

const SIZE = 1000;

/** Both kinds of bytes that there are: with a view of themselves, and any others. */
const makers = [newBytes, (length: number) => Buffer.alloc(length)];

function randomBytes(chance: Seeded): Buffer {
  const bytes = chance.pick(makers)(SIZE);
  for (let i = 0; i < SIZE; i++) bytes[i] = chance.below(256);
  return bytes;
}

Deno.test("bytes are copied as if by way of a third place, overlapping or not", () => {
  const chance = new Seeded(seed);
  for (let i = 0; i < size; i++) {
    const buf = randomBytes(chance);
    const length = chance.between(0, chance.pick([10, 60, 150, 600]));
    const start = chance.below(SIZE - length);
    const at = chance.chance(0.5)
      ? chance.below(SIZE - length)
      : Math.min(Math.max(start + chance.between(-20, 20), 0), SIZE - length);
    const expected = Buffer.from(buf);
    expected.set(Buffer.from(buf.subarray(start, start + length)), at);
    const other = randomBytes(chance);
    const around = Buffer.from(other);
    copyBytes(buf, start, start + length, other, at);
    around.set(buf.subarray(start, start + length), at);
    assert(other.equals(around), `${length} bytes from ${start} to ${at} of others`);
    copyBytes(buf, start, start + length, buf, at);
    assert(buf.equals(expected), `${length} bytes from ${start} to ${at}`);
  }
});

Deno.test("runs that differ in one byte are not equal, wherever it is", () => {
  const chance = new Seeded(seed);
  for (let i = 0; i < size; i++) {
    const a = randomBytes(chance);
    const b = randomBytes(chance);
    const length = chance.between(1, chance.pick([3, 20, 100]));
    const start = chance.below(SIZE - length);
    const other = chance.below(SIZE - length);
    b.set(a.subarray(start, start + length), other);
    assert(equalBytes(a, start, b, other, length));
    b[other + chance.below(length)] ^= 1 << chance.below(8);
    assert(!equalBytes(a, start, b, other, length));
  }
});

Deno.test("runs of bytes are equal if each byte is", () => {
  const a = Buffer.from("xxhello");
  const b = Buffer.from("hellp");
  assert(equalBytes(a, 2, b, 0, 4));
  assert(!equalBytes(a, 2, b, 0, 5));
  assert(equalBytes(a, 7, b, 5, 0));
});

Deno.test("bytes are ordered as memcmp orders them, unsigned", () => {
  const texts = ["", "\0", "\0\0", "a", "aa", "ab", "b", "\x7f", "\x80", "\xff", "\xff\0"];
  const runs = texts.map((text) => Buffer.from(text, "latin1"));
  for (const a of runs) {
    for (const b of runs) {
      assertEquals(Math.sign(compareRuns(a, 0, a.length, b, 0, b.length)), Buffer.compare(a, b));
    }
  }
});

Deno.test("a buffer is lent to one borrower at a time and large enough", () => {
  for (const bytes of [1, 16_384, 16_385, 70_000, 262_144, 262_145, 3_000_000]) {
    const lent = Array.from({ length: 5 }, () => takeBuffer(bytes));
    assertEquals(new Set(lent.map((buffer) => buffer.buffer)).size, 5);
    for (const buffer of lent) {
      assertGreaterOrEqual(buffer.length, bytes);
      assertEquals(buffer.byteOffset, 0);
      giveBuffer(buffer);
    }
    const again = Array.from({ length: 5 }, () => takeBuffer(bytes));
    assertEquals(new Set(again.map((buffer) => buffer.buffer)).size, 5);
    const kept = again.filter((buffer) => lent.includes(buffer)).length;
    assertEquals(kept, bytes <= 262_144 ? 5 : 0, "what fits the pool is used again");
    again.forEach(giveBuffer);
  }
});
