/** The lines that frame a batch: their bytes, and that no changed byte of one goes unnoticed. */

import {
  crc32,
  formatHead,
  formatSeal,
  HEAD_BYTES_MAX,
  parseHead,
  parseSeal,
  type Seal,
  SEAL_BYTES_MAX,
} from "../../lib/persistence/aof/frames.ts";
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { latin1, latin1Bytes } from "./memory_disk.ts";

const SEAL: Seal = {
  offset: 106,
  length: 27,
  commands: 1,
  time_s: 1_700_000_000,
  synced: 80,
  chain: 0x0badcafe,
};
const LARGEST: Seal = {
  offset: 999_999_999_999_999,
  length: 999_999_999_999_999,
  commands: 999_999_999_999_999,
  time_s: 999_999_999_999_999,
  synced: 999_999_999_999_999,
  chain: 0xffffffff,
};

Deno.test("CRC-32 is the one of zip, whole or in parts", () => {
  const text = latin1Bytes("123456789");
  assertEquals(crc32(text, 0, 9), 0xcbf43926);
  const { seed } = flags(1);
  const random = new Seeded(seed);
  const bytes = Uint8Array.from({ length: 300 }, () => random.below(256));
  const bitwise = (end: number) => {
    let crc = ~0;
    for (const byte of bytes.subarray(0, end)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    return ~crc >>> 0;
  };
  for (let end = 0; end <= 40; end++) assertEquals(crc32(bytes, 0, end), bitwise(end));
  for (let cut = 0; cut <= bytes.length; cut += 7) {
    const first = crc32(bytes, 0, cut);
    assertEquals(crc32(bytes, cut, bytes.length, first), bitwise(bytes.length));
  }
});

Deno.test("the lines are as the format says", () => {
  assertEquals(latin1(formatHead(0)), "#B:0\r\n");
  assertEquals(latin1(formatHead(1234567890)), "#B:1234567890\r\n");
  const text = "#S:106,27,1,1700000000,80,0badcafe";
  const check = crc32(latin1Bytes(text), 0, text.length).toString(16).padStart(8, "0");
  assertEquals(latin1(formatSeal(SEAL)), `${text},${check}\r\n`);
  assertThrows(() => formatHead(-1), RangeError);
  assertThrows(() => formatHead(1e15), RangeError);
});

Deno.test("redis-check-aof reads lines of up to 127 bytes: ours are never longer", () => {
  assertEquals(formatSeal(LARGEST).length, SEAL_BYTES_MAX);
  assertEquals(formatHead(1e15 - 1).length, HEAD_BYTES_MAX);
  assert(SEAL_BYTES_MAX < 127, `${SEAL_BYTES_MAX}`);
});

Deno.test("what was formatted is parsed, wherever it stands, and only if it is whole", () => {
  for (const seal of [SEAL, LARGEST, { ...SEAL, offset: 0, synced: 0, length: 0, chain: 0 }]) {
    const line = latin1(formatSeal(seal));
    const bytes = latin1Bytes(`xx${line}#B:1`);
    assertEquals(parseSeal(bytes, 2, bytes.length), { seal, end: 2 + line.length });
    for (let end = 2; end < 2 + line.length; end++) {
      assertEquals(parseSeal(bytes, 2, end), undefined);
    }
  }
  const bytes = latin1Bytes("xx#B:27\r\n*1");
  assertEquals(parseHead(bytes, 2, bytes.length), { length: 27, end: 9 });
  for (let end = 2; end < 9; end++) assertEquals(parseHead(bytes, 2, end), undefined);
});

Deno.test("a seal with any byte changed to any other is none", () => {
  const line = formatSeal(SEAL);
  for (let at = 0; at < line.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      if (byte === line[at]) continue;
      const changed = line.slice();
      changed[at] = byte;
      assertEquals(parseSeal(changed, 0, changed.length), undefined, `${at}: ${byte}`);
    }
  }
});

Deno.test("a head is parsed only in the form that it was written in", () => {
  for (
    const text of [
      "#B:\r\n",
      "#B:07\r\n",
      "#B:-1\r\n",
      "#B:1 \r\n",
      "#B:1\n\n",
      "#S:1\r\n",
      "#b:1\r\n",
    ]
  ) {
    assertEquals(parseHead(latin1Bytes(text), 0, text.length), undefined, text);
  }
  assertEquals(parseHead(latin1Bytes(`#B:${"1".repeat(16)}\r\n`), 0, 21), undefined);
});
