/** What is taken over from RDB as it stands, without its elements being made: intsets, chunks. */

import { Buffer } from "node:buffer";
import { NONE } from "../../../lib/keyspace/database.ts";
import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { Args } from "../../../lib/resp/args.ts";
import { decodeValue } from "../../../lib/types/rdb/decode.ts";
import { RdbError } from "../../../lib/types/rdb/error.ts";
import { checkIntset, IntsetReader } from "../../../lib/types/rdb/intset.ts";
import { RdbReader } from "../../../lib/types/rdb/reader.ts";
import { storeValue } from "../../../lib/types/rdb/store.ts";
import { setAt } from "../../../lib/types/set/view.ts";
import { SetEditor } from "../../../lib/types/set/editor.ts";
import type { Stream } from "../../../lib/types/stream/stream.ts";
import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";
import { flags, Seeded } from "../../kit/flags.ts";
import { makeRoom } from "../../keyspace/room.ts";
import { LIMITS } from "../rdb_files/kit.ts";
import { join, listpack, text } from "./dump_kit.ts";

const CHUNK_LIMITS = { bytes_max: 4096, entries_max: 100 };

function intset(width: number, values: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(8 + width * values.length);
  bytes.writeUInt32LE(width, 0);
  bytes.writeUInt32LE(values.length, 4);
  values.forEach((value, i) => {
    const integer = Buffer.alloc(8);
    integer.writeBigInt64LE(value);
    integer.copy(bytes, 8 + i * width, 0, width);
  });
  return bytes;
}

function restore(keyspace: Keyspace, key: string, body: Uint8Array): void {
  const db = keyspace.database(0);
  const args = Args.of(key);
  const bytes = Buffer.from(body);
  const reader = new RdbReader(bytes, 0, bytes.length);
  const value = decodeValue(reader, reader.byte(), keyspace.seed);
  storeValue(db, db.peek(args, 0), args, 0, value, LIMITS);
}

function members(keyspace: Keyspace, key: string): string[] {
  const db = keyspace.database(0);
  const found: string[] = [];
  setAt(db, db.peek(Args.of(key), 0)).forEach((bytes, start, end) => {
    found.push(Buffer.from(bytes.subarray(start, end)).toString("latin1"));
  });
  return found;
}

Deno.test("an intset of any width, needed or not, is the set of its integers and can be changed", () => {
  const cases: readonly (readonly [number, readonly bigint[]])[] = [
    [2, [-32768n, -1n, 0n, 32767n]],
    [4, [1n, 2n, 3n]],
    [4, [-(2n ** 31n), -32769n, 5n, 2n ** 31n - 1n]],
    [8, [7n]],
    [8, [-(2n ** 63n), -(2n ** 53n), 2n ** 31n, 2n ** 32n + 1n, 2n ** 53n + 1n, 2n ** 63n - 1n]],
  ];
  for (const [width, values] of cases) {
    const { keyspace } = makeRoom(1);
    restore(keyspace, "ints", join("0b", text(intset(width, values))));
    assertEquals(members(keyspace, "ints"), values.map(String));
    const db = keyspace.database(0);
    const args = Args.of("ints", "100", "5000000000");
    const editor = new SetEditor();
    const ref = db.peek(args, 0);
    editor.open(db, ref, LIMITS.setIntegers_max);
    for (const i of [1, 2]) assert(editor.add(args.buf, args.start(i), args.end(i)));
    editor.save(db, ref, args, 0);
    const all = [...values, 100n, 5_000_000_000n].sort((a, b) => a < b ? -1 : 1);
    assertEquals(members(keyspace, "ints"), all.map(String));
  }
});

Deno.test("an intset with more integers than are kept as such is a set all the same", () => {
  const { keyspace } = makeRoom(1);
  const values = Array.from({ length: LIMITS.setIntegers_max + 1 }, (_, i) => BigInt(i * 1000));
  restore(keyspace, "ints", join("0b", text(intset(4, values))));
  assertEquals(members(keyspace, "ints").sort(), values.map(String).sort());
});

Deno.test("an intset that is taken over is one that is read integer by integer, and no other", () => {
  const { seed, size } = flags(3000);
  const chance = new Seeded(seed);
  let refused = 0;
  for (let i = 0; i < size; i++) {
    const width = chance.pick([2, 4, 8]);
    const edge = 1n << BigInt(8 * width - 1);
    const values = Array.from(
      { length: chance.below(5) },
      () => chance.pick([-edge, edge - 1n, 0n, 1n, BigInt(chance.below(3) - 1), edge >> 1n]),
    );
    if (chance.below(2) === 0) values.sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
    const bytes = intset(width, values);
    if (chance.below(4) === 0 && bytes.length > 0) bytes[chance.below(bytes.length)] ^= 1;
    const readsWell = () => {
      const reader = new IntsetReader(bytes, 0, bytes.length);
      while (reader.next());
    };
    if (isRefused(readsWell)) {
      refused++;
      assertThrows(() => checkIntset(bytes, 0, bytes.length), RdbError);
    } else {
      checkIntset(bytes, 0, bytes.length);
    }
  }
  assert(refused > size / 10 && refused < size * 0.9, `${refused} of ${size}`);
});

function isRefused(read: () => void): boolean {
  try {
    read();
    return false;
  } catch (error) {
    if (error instanceof RdbError) return true;
    throw error;
  }
}

Deno.test("small chunks share blocks of memory, and none writes into another's piece", () => {
  const { keyspace } = makeRoom(1);
  const id = (ms: number) => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32BE(ms, 4);
    return bytes;
  };
  const body = (ms: number) =>
    join(
      "13 01",
      text(id(ms)),
      text(listpack("1", "0", "1", "f", "0", "2", "0", "0", `v${ms}`, "4")),
      Buffer.of(1, ms, 0, ms, 0, 0, 0, 1, 0),
    );
  for (let ms = 1; ms <= 40; ms++) restore(keyspace, `s${ms}`, body(ms));
  const db = keyspace.database(0);
  const streamOf = (ms: number) => {
    const ref = db.peek(Args.of(`s${ms}`), 0);
    assert(ref !== NONE);
    return db.object(ref) as Stream;
  };
  const fields = Args.of("f", "x".repeat(50));
  for (let ms = 2; ms <= 40; ms += 2) {
    for (let seq = 1; seq <= 9; seq++) {
      streamOf(ms).append({ ms: 100, seq }, fields, 0, 1, CHUNK_LIMITS);
    }
  }
  for (let ms = 1; ms <= 40; ms++) {
    const stream = streamOf(ms);
    assertEquals(stream.firstId, { ms, seq: 0 });
    const reader = stream.read();
    const values: string[] = [];
    while (reader.next()) {
      assert(reader.entry.nextPair());
      const { bytes, start, end } = reader.entry.value;
      values.push(bytes.toString("latin1", start, end));
    }
    const added = ms % 2 === 0 ? Array.from({ length: 9 }, () => "x".repeat(50)) : [];
    assertEquals(values, [`v${ms}`, ...added]);
  }
});

Deno.test("integers of 64 bits are read exactly, at all edges", () => {
  const edges = [0n, 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n];
  for (const value of edges) {
    const fixed = Buffer.alloc(9);
    fixed.writeBigUInt64LE(value);
    const reader = () => new RdbReader(fixed, 0, 8);
    assertEquals(BigInt(reader().uint64()), value);
    assertEquals(BigInt(reader().int64()), BigInt.asIntN(64, value));
    assertEquals(typeof reader().uint64() === "number", value < 2n ** 53n);
    assertEquals(
      typeof reader().int64() === "number",
      Number.isSafeInteger(Number(BigInt.asIntN(64, value))),
    );
    fixed[0] = 0x81;
    fixed.writeBigUInt64BE(value, 1);
    assertEquals(BigInt(new RdbReader(fixed, 0, 9).length64()), value);
  }
});
