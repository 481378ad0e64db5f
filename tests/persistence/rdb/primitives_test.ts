/** Checksum, compression and the compact runs of RDB, against values known from elsewhere. */

import { Buffer } from "node:buffer";
import { Crc64 } from "../../../lib/types/rdb/crc64.ts";
import type { EntryReader } from "../../../lib/types/rdb/entries.ts";
import { RdbError } from "../../../lib/types/rdb/error.ts";
import { IntsetReader, writeIntset } from "../../../lib/types/rdb/intset.ts";
import { ListpackReader } from "../../../lib/types/rdb/listpack_reader.ts";
import { ListpackWriter } from "../../../lib/types/rdb/listpack_writer.ts";
import { LzfPacker, lzfUnpack } from "../../../lib/types/rdb/lzf.ts";
import { RdbReader } from "../../../lib/types/rdb/reader.ts";
import { RdbWriter } from "../../../lib/types/rdb/writer.ts";
import { ZiplistReader } from "../../../lib/types/rdb/ziplist_reader.ts";
import { ZipmapReader } from "../../../lib/types/rdb/zipmap_reader.ts";
import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";
import { flags, Seeded } from "../../kit/flags.ts";

function hex(text: string): Buffer {
  return Buffer.from(text.replace(/\s+/g, ""), "hex");
}

function crcHex(crc: Crc64): string {
  return [crc.high, crc.low].map((half) => half.toString(16).padStart(8, "0")).join("");
}

function readAll(reader: EntryReader): string[] {
  const texts: string[] = [];
  while (reader.next()) texts.push(reader.bytes.toString("latin1", reader.start, reader.stop));
  return texts;
}

Deno.test("the checksum of the digits 1 to 9 is Jones's, whatever the pieces", () => {
  const digits = Buffer.from("123456789");
  assertEquals(crcHex(new Crc64().update(digits)), "e9c6d914c4b8d9ca");
  const long = Buffer.from("The quick brown fox jumps over the lazy dog".repeat(9));
  const whole = crcHex(new Crc64().update(long));
  for (const cut of [1, 7, 8, 9, 100]) {
    assertEquals(crcHex(new Crc64().update(long, 0, cut).update(long, cut)), whole);
  }
});

Deno.test("the checksum of a long run is that of its pieces, wherever it begins and ends", () => {
  const { seed, size } = flags(20);
  const chance = new Seeded(seed);
  const bytes = Buffer.from(Array.from({ length: 150_000 }, () => chance.below(256)));
  for (let i = 0; i < size; i++) {
    const start = chance.below(100);
    const end = bytes.length - chance.below(1 << chance.below(18));
    const piecewise = new Crc64();
    for (let at = start; at < end;) {
      const next = Math.min(at + chance.between(1, 5000), end);
      piecewise.update(bytes, at, next);
      at = next;
    }
    const whole = new Crc64().update(bytes, start, end);
    assertEquals(crcHex(whole), crcHex(piecewise));
    // It goes on from there as well.
    const more = whole.update(bytes, 0, 40_000).update(bytes, 0, 9);
    assertEquals(
      crcHex(more),
      crcHex(piecewise.update(bytes, 0, 10_001).update(bytes, 10_001, 40_000).update(bytes, 0, 9)),
    );
  }
});

Deno.test("what LZF packs, it unpacks", () => {
  const { seed, size } = flags(300);
  const chance = new Seeded(seed);
  const packer = new LzfPacker();
  let packedCount = 0;
  for (let i = 0; i < size; i++) {
    const letters = chance.between(1, 30);
    const text = Buffer.from(
      Array.from({ length: chance.below(20_000) >> chance.below(12) }, () => chance.below(letters)),
    );
    const length = packer.pack(text, 0, text.length);
    assert(length === 0 || length <= text.length - 4);
    if (length === 0) continue;
    packedCount++;
    assert(lzfUnpack(packer.bytes, 0, length, text.length).equals(text));
  }
  assert(packedCount > size / 10);
});

Deno.test("a broken LZF string is refused without taking the memory it announces", () => {
  const packed = hex("01 6161 e0 0b 00 01 6161");
  assertEquals(lzfUnpack(packed, 0, packed.length, 24).toString(), "a".repeat(24));
  for (const length of [23, 25, 2 ** 31]) {
    assertThrows(() => lzfUnpack(packed, 0, packed.length, length), RdbError);
  }
  for (const broken of ["01 61", "00 61 20 01", "00 61 e0", "00 61 20"]) {
    const bytes = hex(broken);
    assertThrows(() => lzfUnpack(bytes, 0, bytes.length, 4), RdbError, undefined, broken);
  }
});

Deno.test("lengths and strings are written as they are read", () => {
  const writer = new RdbWriter();
  const sizes = [0, 63, 64, 16383, 16384, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2n ** 64n - 1n];
  const texts = ["", "0", "-1", "127", "128", "-129", "32768", "-32769", "2147483647"].concat(
    ["2147483648", "-2147483648", "007", "+1", "a", "b".repeat(70), "c".repeat(20_000)],
  );
  for (const size of sizes) writer.size(size);
  for (const text of texts) writer.string(Buffer.from(text), 0, text.length);
  const reader = new RdbReader(writer.buf, 0, writer.length);
  for (const size of sizes) assertEquals(reader.length64(), size);
  for (const text of texts) {
    reader.string();
    assertEquals(reader.bytes.toString("latin1", reader.start, reader.stop), text);
  }
  assertEquals(reader.left, 0);
});

Deno.test("a listpack of every kind of entry is read back, and no cut or changed byte harms", () => {
  const integers = [0, 127, 128, -1, 4095, -4096, 4096, 32767, -32768, 8388607, -8388608];
  const texts = integers.concat([2147483647, -2147483648, 2 ** 40]).map(String).concat(
    ["9223372036854775807", "-9223372036854775808", "9223372036854775808", "", "x", "01"],
    [63, 64, 120, 126, 4095, 4096, 16377, 16378, 16379, 70_000].map((size) => "y".repeat(size)),
  );
  const writer = new ListpackWriter();
  for (const text of texts) writer.push(Buffer.from(text), 0, text.length);
  writer.finish();
  const good = Buffer.from(writer.bytes.subarray(0, writer.length));
  assertEquals(readAll(new ListpackReader(good, 0, good.length)), texts);

  const small = new ListpackWriter();
  for (const text of texts.slice(0, 22)) small.push(Buffer.from(text), 0, text.length);
  small.finish();
  const plain = Buffer.from(small.bytes.subarray(0, small.length));
  refusesOrReads(plain, (bytes) => new ListpackReader(bytes, 0, bytes.length));
});

/** Reads every mutation by one byte and every cut of good bytes: an RdbError, or entries. */
function refusesOrReads(good: Buffer, open: (bytes: Buffer) => EntryReader): void {
  let refused = 0;
  const attempt = (bytes: Buffer) => {
    try {
      readAll(open(bytes));
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      refused++;
    }
  };
  for (let i = 0; i < good.length; i++) {
    attempt(good.subarray(0, i));
    for (const value of [0, 0x7f, 0x80, 0xc0, 0xf0, 0xf4, 0xfe, 0xff, good[i] ^ 1]) {
      const bytes = Buffer.from(good);
      bytes[i] = value;
      attempt(bytes);
    }
  }
  assert(refused > good.length);
}

Deno.test("ziplists, zipmaps and intsets of old servers are read, and broken ones refused", () => {
  // Written by hand after the format: "a", "hello", 3, 300, -70000, 2^40 and a string of 300 bytes.
  const long = "z".repeat(300);
  const entries = [
    "00 01 61",
    "03 05 68656c6c6f",
    "07 f4",
    "02 c0 2c01",
    "04 f0 90eefe",
    "05 e0 0000000000010000",
    `0a 412c ${Buffer.from(long).toString("hex")}`,
    "fe 2f010000 01 62",
  ].map(hex);
  const body = Buffer.concat(entries);
  const ziplist = Buffer.concat([Buffer.alloc(10), body, hex("ff")]);
  ziplist.writeUInt32LE(ziplist.length, 0);
  ziplist.writeUInt32LE(10 + body.length - entries.at(-1)!.length, 4);
  ziplist.writeUInt16LE(entries.length, 8);
  assertEquals(
    readAll(new ZiplistReader(ziplist, 0, ziplist.length)),
    ["a", "hello", "3", "300", "-70000", String(2 ** 40), long, "b"],
  );
  refusesOrReads(ziplist, (bytes) => new ZiplistReader(bytes, 0, bytes.length));

  const zipmap = hex("02 03 666f6f 03 00 626172 05 68656c6c6f 05 02 776f726c64 0000 ff");
  const fields = ["foo", "bar", "hello", "world"];
  assertEquals(readAll(new ZipmapReader(zipmap, 0, zipmap.length)), fields);
  refusesOrReads(zipmap, (bytes) => new ZipmapReader(bytes, 0, bytes.length));

  for (const high of [3, 40_000, 2 ** 33, 2n ** 62n]) {
    const writer = new RdbWriter();
    writeIntset(writer, [-2, -1, 0, high], new RdbWriter());
    const reader = new RdbReader(writer.buf, 0, writer.length);
    reader.string();
    const intset = Buffer.from(reader.bytes.subarray(reader.start, reader.stop));
    const open = (bytes: Buffer) => new IntsetReader(bytes, 0, bytes.length);
    assertEquals(readAll(open(intset)), ["-2", "-1", "0", String(high)]);
    refusesOrReads(intset, open);
  }
});
