/** Large values, written piece by piece: the same bytes, little memory, whatever happens meanwhile. */

import type { Database } from "../../../lib/keyspace/database.ts";
import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { stringEncoding } from "../../../lib/keyspace/value.ts";
import { CommandSnapshotEncoder } from "../../../lib/persistence/aof/snapshot.ts";
import type { SnapshotEncoder } from "../../../lib/persistence/snapshot_encoder.ts";
import { Args } from "../../../lib/resp/args.ts";
import { SetTable } from "../../../lib/types/set/set_table.ts";
import { HashTable } from "../../../lib/types/hash/hash_table.ts";
import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";
import { Seeded } from "../../kit/flags.ts";
import type { Command } from "../../kit/resp_client.ts";
import { get, makeRoom, put, remove } from "../../keyspace/room.ts";
import { digestOf, fill, loadFile, piecesOf, rdbEncoder, refOf, Taken, withServer } from "./kit.ts";

/** A step works on 64 KiB; an element may be as long as that, and takes a few bytes besides. */
const PIECE_BYTES_MAX = 192 * 1024;

const ENCODERS: Readonly<Record<string, (keyspace: Keyspace) => SnapshotEncoder>> = {
  RDB: (keyspace) => rdbEncoder(keyspace, { hasFieldExpiry: true }),
  "RDB, not compressed": (keyspace) =>
    rdbEncoder(keyspace, { hasFieldExpiry: true, compress: false }),
  commands: () => new CommandSnapshotEncoder(),
};

const numbered = (count: number, text: string) =>
  Array.from({ length: count }, (_, i) => `${text}${i}`);

/** A key of each type that is an object of many pieces, and small ones. */
function largeValues(): Command[] {
  const long = "a long element ".repeat(10_000);
  return [
    ["RPUSH", "list", ...numbered(30_000, "element:"), long, "x"],
    ["SADD", "set", ...numbered(30_000, "member:"), long],
    ["HSET", "hash", ...numbered(30_000, "field:"), long, long],
    ["HSET", "timed", ...numbered(30_000, "field:"), "f", long],
    ["HPEXPIREAT", "timed", "4000000000000", "FIELDS", "3", "f", "field:2", "field:4"],
    ["HPEXPIREAT", "timed", "3999999999999", "FIELDS", "1", "field:6"],
    ["ZADD", "zset", ...numbered(30_000, "").flatMap((n) => [`${n}.5`, `member:${n}`]), "3", long],
    ...numbered(9000, "").map((n) => ["XADD", "stream", `${Number(n) + 1}-1`, "number", n]),
    ["XGROUP", "CREATE", "stream", "g", "0"],
    ["XREADGROUP", "GROUP", "g", "c", "COUNT", "5000", "STREAMS", "stream", ">"],
    ["XDEL", "stream", "7-1", "8-1"],
    ...numbered(20, "small:").map((key) => ["SET", key, key]),
    ...["list", "set", "zset"].map((key) => ["PEXPIREAT", key, "4000000000000"]),
  ];
}
const LARGE = ["list", "set", "hash", "timed", "zset", "stream"];

for (const [name, make] of Object.entries(ENCODERS)) {
  Deno.test(`as ${name}: pieces are what the whole is, and what comes meanwhile follows`, async () => {
    await withServer({}, async (client, keyspace) => {
      await fill(client, largeValues());
      const db = keyspace.database(0);
      const small = numbered(20, "small:");
      for (const key of LARGE) {
        const ref = refOf(db, key, true);
        const whole = make(keyspace);
        const wholeTaken = new Taken(whole);
        for (const each of [ref, ...small.map((other) => refOf(db, other))]) {
          whole.record(db, 0, each);
        }

        const pieced = make(keyspace);
        const taken = new Taken(pieced);
        const pieces = piecesOf(pieced, db, ref);
        const left = [...small];
        let steps = 0;
        for (; !pieces.next().done; steps++) {
          if (steps % 2 === 0 && left.length > 1) pieced.record(db, 0, refOf(db, left.shift()!));
          taken.take();
        }
        assert(steps > 3, `${key}: ${steps} steps`);
        for (const other of left) pieced.record(db, 0, refOf(db, other));
        assertEquals(taken.end(), wholeTaken.end(), key);
        assert(taken.largest_bytes < PIECE_BYTES_MAX, `${key}: ${taken.largest_bytes} in a step`);
      }
    });
  });
}

Deno.test("what the encoders write of large values, fields that expire too, is read back", async () => {
  await withServer({}, async (client, keyspace) => {
    await fill(client, [...largeValues(), ["SET", "long", "0123456789".repeat(50_000)]]);
    const db = keyspace.database(0);
    const encoder = rdbEncoder(keyspace, { hasFieldExpiry: true });
    const taken = new Taken(encoder);
    for (const key of [...LARGE, "long"]) {
      const pieces = piecesOf(encoder, db, refOf(db, key));
      while (!pieces.next().done) taken.take();
    }
    for (const key of numbered(20, "small:")) encoder.record(db, 0, refOf(db, key));
    const bytes = taken.end();
    const { keyspace: loaded } = makeRoom(1);
    await loadFile(bytes, loaded);
    assertEquals(digestOf(loaded), digestOf(keyspace));
  });
});

/** Noise, text, and what compresses at one end only: each some 300 KB. */
function longStrings(): Uint8Array[] {
  const chance = new Seeded(7);
  const noise = Uint8Array.from({ length: 300_001 }, () => chance.below(256));
  const text = new TextEncoder().encode("some text, and again ".repeat(15_000));
  const half = noise.slice();
  half.fill(65, 150_000);
  return [noise, text, half, new Uint8Array(300_000)];
}

Deno.test("a long string takes little memory, and is the same when it is read", async () => {
  for (const compress of [true, false]) {
    for (const value of longStrings()) {
      const { keyspace } = makeRoom(1);
      const db = keyspace.database(0);
      store(db, "k", value);
      const encoder = rdbEncoder(keyspace, { compress });
      const taken = new Taken(encoder);
      const pieces = piecesOf(encoder, db, refOf(db, "k"));
      while (!pieces.next().done) taken.take();
      const bytes = taken.end();
      assert(taken.largest_bytes < PIECE_BYTES_MAX);
      assert(bytes.length < value.length + 200);
      if (compress && value[0] === value[299_999]) assert(bytes.length < 10_000);
      const { keyspace: loaded } = makeRoom(2);
      await loadFile(bytes, loaded);
      assertEquals(digestOf(loaded), digestOf(keyspace));
    }
  }
});

function store(db: Database, key: string, value: Uint8Array): void {
  const args = Args.of(key);
  const encoding = stringEncoding(value, 0, value.length);
  db.store(db.peek(args, 0), args, 0, encoding, value, 0, value.length);
}

Deno.test("a record may move, and others may change, while its value is being written", () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  const text = longStrings()[1];
  store(db, "long", text);
  const members = numbered(20_000, "member:");
  storeSet(db, "set", members);
  for (const key of ["long", "set"]) {
    for (let i = 0; i < 5000; i++) put(db, `other:${i}`, "x".repeat(200));
    const expected = bytesOf(keyspace, (encoder) => encoder.record(db, 0, refOf(db, key)));
    const actual = bytesOf(keyspace, (encoder, taken) => {
      const pieces = piecesOf(encoder, db, refOf(db, key));
      for (let step = 0; !pieces.next().done; step++) {
        taken.take();
        for (let i = step % 5; i < 5000; i += 5) remove(db, `other:${i}`);
        db.table.compact(1000);
        for (let i = 0; i < 100; i++) put(db, `new:${step}:${i}`, "y".repeat(500));
      }
    });
    assertEquals(actual, expected, key);
  }
  assertEquals(get(db, "long"), new TextDecoder().decode(text));
});

function bytesOf(
  keyspace: Keyspace,
  write: (encoder: SnapshotEncoder, taken: Taken) => void,
): Uint8Array {
  const encoder = new CommandSnapshotEncoder();
  const taken = new Taken(encoder);
  write(encoder, taken);
  assert(keyspace.preserver === undefined);
  return taken.end();
}

function storeSet(db: Database, key: string, members: readonly string[]): SetTable {
  const set = new SetTable(db.keyspace.seed);
  for (const member of members) {
    const bytes = new TextEncoder().encode(member);
    set.add(bytes, 0, bytes.length);
  }
  const args = Args.of(key);
  db.storeObject(db.peek(args, 0), args, 0, set);
  return set;
}

Deno.test("a set of a million members is written with less than 1 MiB waiting", () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  const set = storeSet(db, "set", numbered(1_000_000, "member:"));
  for (const encoder of [rdbEncoder(keyspace), new CommandSnapshotEncoder()]) {
    encoder.begin();
    const pieces = piecesOf(encoder, db, refOf(db, "set"));
    let total_bytes = 0;
    let largest_bytes = 0;
    while (!pieces.next().done) {
      const { length } = encoder.take();
      total_bytes += length;
      largest_bytes = Math.max(largest_bytes, length);
    }
    assert(largest_bytes < 1 << 20, `${largest_bytes} bytes waited`);
    assert(total_bytes > 12 * set.size, `${total_bytes} bytes in all`);
  }
});

Deno.test("one large value at a time, and none is under way at the end", () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  storeSet(db, "set", numbered(20_000, ""));
  for (const encoder of [rdbEncoder(keyspace), new CommandSnapshotEncoder()]) {
    storeSet(db, "other", numbered(20_000, ""));
    encoder.begin();
    const pieces = piecesOf(encoder, db, refOf(db, "set"));
    pieces.next();
    assertThrows(() => piecesOf(encoder, db, refOf(db, "other")), Error, "one large value");
    assertThrows(() => encoder.end(), Error, "under way");
    while (!pieces.next().done);
    encoder.end();
  }
});

Deno.test("a field that expires is not written into a file that did not say so", () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  const hash = new HashTable(keyspace.seed);
  const field = new TextEncoder().encode("field");
  hash.find(field, 0, 5);
  hash.setExpiry(hash.insert(field, 0, 5, field, 0, 5), 4e12);
  const args = Args.of("h");
  db.storeObject(db.peek(args, 0), args, 0, hash);
  const encoder = rdbEncoder(keyspace);
  assertThrows(() => encoder.record(db, 0, refOf(db, "h")), Error, "version 12");
});

Deno.test("a hash whose fields have all expired is not written", () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  const hash = new HashTable(keyspace.seed);
  const field = new TextEncoder().encode("field");
  hash.find(field, 0, 5);
  hash.setExpiry(hash.insert(field, 0, 5, field, 0, 5), keyspace.now_ms + 5);
  const args = Args.of("h");
  db.setExpiry(db.storeObject(db.peek(args, 0), args, 0, hash), 4e12);
  const ref = refOf(db, "h");
  keyspace.now_ms += 10;
  const encoder = new CommandSnapshotEncoder();
  encoder.record(db, 0, ref);
  while (!piecesOf(encoder, db, ref).next().done);
  assertEquals(new TextDecoder().decode(encoder.take()), "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n");
  const rdb = rdbEncoder(keyspace, { hasFieldExpiry: true });
  const before = rdbLength(rdb, () => {});
  const after = rdbLength(rdbEncoder(keyspace, { hasFieldExpiry: true }), (other) => {
    other.record(db, 0, ref);
    while (!piecesOf(other, db, ref).next().done);
  });
  assertEquals(after - before, "\xfe\x00\xfb\x01\x01".length);
});

function rdbLength(encoder: SnapshotEncoder, write: (encoder: SnapshotEncoder) => void): number {
  const taken = new Taken(encoder);
  write(encoder);
  return taken.end().length;
}
