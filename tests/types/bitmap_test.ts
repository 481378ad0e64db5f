/** Counting, finding and combining bits, and integers at any bit: against the plainest of models. */

import { addToField, readField, writeField } from "../../lib/types/bitmap/bitfield.ts";
import { countBitRange, countBits, findBit } from "../../lib/types/bitmap/bits.ts";
import { type BitOperation, combineBits } from "../../lib/types/bitmap/combine.ts";
import { assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

/** Bits as text, from the highest of the first byte on. */
function textOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

/** Bytes in which runs of zeros, of ones and of chance take turns. */
function someBytes(chance: Seeded, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const end = Math.min(length, at + chance.between(1, 120));
    const kind = chance.below(3);
    while (at < end) bytes[at++] = kind === 0 ? 0 : kind === 1 ? 255 : chance.below(256);
  }
  return bytes;
}

Deno.test("bits are counted and found wherever a run of bytes begins and ends", () => {
  const { seed, size } = flags(1500);
  const chance = new Seeded(seed);
  for (let i = 0; i < size; i++) {
    const bytes = someBytes(chance, chance.between(1, 400));
    const start = chance.below(Math.min(9, bytes.length));
    const text = textOf(bytes.subarray(start));
    assertEquals(
      countBits(bytes, start, bytes.length),
      text.replaceAll("0", "").length,
      `seed ${seed}, round ${i}`,
    );
    const first = chance.below(text.length);
    const last = chance.between(first, text.length - 1);
    const part = text.slice(first, last + 1);
    assertEquals(countBitRange(bytes, start, first, last), part.replaceAll("0", "").length);
    for (const bit of [0, 1]) {
      const at = part.indexOf(String(bit));
      assertEquals(findBit(bytes, start, bit, first, last), at < 0 ? -1 : at + first);
    }
  }
});

Deno.test("strings of any length are combined as if filled up with zeros", () => {
  const { seed, size } = flags(60);
  const chance = new Seeded(seed);
  const combine: Record<BitOperation, (a: number, b: number) => number> = {
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    not: (a) => ~a & 255,
  };
  for (let i = 0; i < size; i++) {
    for (const operation of ["and", "or", "xor", "not"] as const) {
      const count = operation === "not" ? 1 : chance.between(1, 4);
      const all = Array.from({ length: count }, () => someBytes(chance, chance.below(40_000)));
      const runs = all.map((bytes) => {
        const start = chance.below(Math.min(7, bytes.length + 1));
        return { bytes, start, end: chance.between(start, bytes.length) };
      });
      const length = Math.max(...runs.map(({ start, end }) => end - start));
      const wanted = new Uint8Array(length);
      const at = (k: number, j: number) => {
        const { bytes, start, end } = runs[k];
        return start + j < end ? bytes[start + j] : 0;
      };
      for (let j = 0; j < length; j++) {
        let byte = operation === "not" ? combine.not(at(0, j), 0) : at(0, j);
        for (let k = 1; k < count; k++) byte = combine[operation](byte, at(k, j));
        wanted[j] = byte;
      }
      const to = { bytes: new Uint8Array(length + 3), start: 2, end: length + 2 };
      combineBits(operation, runs, to);
      assertEquals(
        to.bytes.subarray(2, length + 2),
        wanted,
        `seed ${seed}, round ${i}: ${operation}`,
      );
    }
  }
});

Deno.test("a field holds what was written and nothing around it changes", () => {
  const { seed, size } = flags(3000);
  const chance = new Seeded(seed);
  const bytes = someBytes(chance, 40);
  for (let i = 0; i < size; i++) {
    const signed = chance.chance(0.5);
    const type = { signed, bits: chance.between(1, signed ? 64 : 63) };
    const offset = chance.between(8, 300 - type.bits);
    const before = textOf(bytes);
    const raw = (BigInt(chance.uint32()) << 32n) | BigInt(chance.uint32());
    const value = signed ? BigInt.asIntN(type.bits, raw) : BigInt.asUintN(type.bits, raw);
    writeField(
      bytes,
      1,
      offset - 8,
      type,
      addToField(Number.isSafeInteger(Number(value)) ? Number(value) : value, 0, type, "fail")!,
    );
    const written = BigInt.asUintN(type.bits, value).toString(2).padStart(type.bits, "0");
    assertEquals(
      textOf(bytes),
      before.slice(0, offset) + written + before.slice(offset + type.bits),
      `seed ${seed}, round ${i}`,
    );
    assertEquals(BigInt(readField(bytes, 1, bytes.length, offset - 8, type)), value);
  }
  assertEquals(readField(bytes, 0, 40, 400, { signed: true, bits: 64 }), 0);
});
