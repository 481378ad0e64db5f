import { Buffer } from "node:buffer";
import { giveBuffer, takeBuffer } from "../../lib/memory/buffer_pool.ts";
import { compareBytes, copyBytes, equalBytes } from "../../lib/memory/bytes.ts";
import { assert, assertEquals, assertGreaterOrEqual } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const { seed, size } = flags(3000);

Deno.test("bytes are copied as if by way of a third place, overlapping or not", () => {
  const chance = new Seeded(seed);
  for (let i = 0; i < size; i++) {
    const buf = Buffer.from(Array.from({ length: 300 }, () => chance.below(256)));
    const length = chance.between(0, chance.chance(0.5) ? 60 : 150);
    const start = chance.below(300 - length);
    const at = chance.below(300 - length);
    const expected = Buffer.from(buf);
    expected.set(Buffer.from(buf.subarray(start, start + length)), at);
    const other = Buffer.alloc(300);
    copyBytes(buf, start, start + length, other, at);
    assertEquals(other.compare(buf, start, start + length, at, at + length), 0);
    copyBytes(buf, start, start + length, buf, at);
    assert(buf.equals(expected), `${length} bytes from ${start} to ${at}`);
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
      assertEquals(Math.sign(compareBytes(a, b)), Buffer.compare(a, b));
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
