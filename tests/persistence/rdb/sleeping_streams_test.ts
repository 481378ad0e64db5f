/** Small streams sleep in their records after loading: whatever is done with them, nobody can tell. */

import { Buffer } from "node:buffer";
import { NONE } from "../../../lib/keyspace/database.ts";
import { datasetDigest } from "../../../lib/keyspace/digest.ts";
import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { HANDLE_BYTES, OBJECT } from "../../../lib/keyspace/value.ts";
import { Args } from "../../../lib/resp/args.ts";
import { decodeValue } from "../../../lib/types/rdb/decode.ts";
import { encodeValue } from "../../../lib/types/rdb/encode.ts";
import { RdbReader } from "../../../lib/types/rdb/reader.ts";
import { storeValue } from "../../../lib/types/rdb/store.ts";
import { RdbWriter } from "../../../lib/types/rdb/writer.ts";
import { PackedStream, unpackStream } from "../../../lib/types/stream/packed_stream.ts";
import { Stream } from "../../../lib/types/stream/stream.ts";
import { UINT64_MAX } from "../../../lib/types/stream/uint64.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { startRedeno } from "../../kit/oracle.ts";
import { connect, type RespClient } from "../../kit/resp_client.ts";
import { makeRoom } from "../../keyspace/room.ts";
import { LIMITS } from "../rdb_files/kit.ts";
import { dumpOf } from "./dump_kit.ts";

const CHUNK_LIMITS = { bytes_max: 4096, entries_max: 100 };
const KEY = "stream";

/** A stream of `count` entries with a value of `size` bytes each. */
function makeStream(count: number, size: number): Stream {
  const stream = new Stream();
  const fields = Args.of("field", "v".repeat(size));
  for (let seq = 1; seq <= count; seq++) stream.append({ ms: 5, seq }, fields, 0, 1, CHUNK_LIMITS);
  return stream;
}

function put(keyspace: Keyspace, key: string, stream: Stream): void {
  const db = keyspace.database(0);
  db.storeObject(db.peek(Args.of(key), 0), Args.of(key), 0, stream);
}

function encoded(keyspace: Keyspace, key: string): Buffer {
  const db = keyspace.database(0);
  const writer = new RdbWriter();
  encodeValue(writer, db, db.peek(Args.of(key), 0), LIMITS);
  return Buffer.from(writer.buf.subarray(0, writer.length));
}

function restore(keyspace: Keyspace, key: string, body: Buffer): void {
  const db = keyspace.database(0);
  const args = Args.of(key);
  const reader = new RdbReader(body, 0, body.length);
  const value = decodeValue(reader, reader.byte(), keyspace.seed);
  storeValue(db, db.peek(args, 0), args, 0, value, LIMITS);
}

/** Whether the value in a record is an object that has not been made yet. */
function isAsleep(keyspace: Keyspace, key: string): boolean {
  const db = keyspace.database(0);
  const ref = db.peek(Args.of(key), 0);
  assert(ref !== NONE && db.encoding(ref) === OBJECT);
  const { valueStart, valueEnd } = db.locate(ref);
  return valueEnd - valueStart > HANDLE_BYTES;
}

Deno.test("a small stream without groups sleeps, another does not", () => {
  const { keyspace } = makeRoom(1);
  const withGroup = makeStream(1, 9);
  const group = {
    name: "g",
    lastId: { ms: 5, seq: 1 },
    entriesRead: 1,
    pending: [],
    consumers: [],
  };
  const cases: readonly (readonly [string, Stream, boolean])[] = [
    [KEY, makeStream(3, 9), true],
    ["two chunks", makeStream(101, 1), false],
    ["a large chunk", makeStream(3, 1000), false],
    ["k".repeat(2000), makeStream(3, 9), false],
  ];
  for (const [key, stream, sleeps] of cases) {
    put(keyspace, key, stream);
    restore(keyspace, key, encoded(keyspace, key));
    assertEquals(isAsleep(keyspace, key), sleeps, key.slice(0, 20));
  }
  put(keyspace, "group", withGroup);
  const plain = encoded(keyspace, "group");
  // No group's count is the last byte: one group "g" in its place.
  const grouped = Buffer.concat([
    plain.subarray(0, -1),
    Buffer.of(1, 1, group.name.charCodeAt(0), 5, 1, group.entriesRead, 0, 0),
  ]);
  restore(keyspace, "group", grouped);
  assert(!isAsleep(keyspace, "group"));
  assertEquals(encoded(keyspace, "group"), grouped);
});

Deno.test("digests and snapshots do not wake a stream, its commands do, in the same record", () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  put(keyspace, KEY, makeStream(3, 9));
  const [body, digest] = [encoded(keyspace, KEY), datasetDigest(keyspace)];
  restore(keyspace, KEY, body);
  assertEquals(encoded(keyspace, KEY), body);
  assertEquals(datasetDigest(keyspace), digest);
  const ref = db.peek(Args.of(KEY), 0);
  assertEquals(db.type(ref), "stream");
  assert(isAsleep(keyspace, KEY));

  const used_bytes = db.measureBytes();
  const stream = db.object(ref) as Stream;
  assert(!isAsleep(keyspace, KEY));
  assertEquals(db.peek(Args.of(KEY), 0), ref);
  assertEquals(db.object(ref), stream);
  assert(db.measureBytes() > used_bytes);
  assertEquals(encoded(keyspace, KEY), body);
  db.remove(ref);
  assertEquals(db.size, 0);
});

Deno.test("a sleeping stream can be taken out, removed and overwritten", () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  put(keyspace, KEY, makeStream(3, 9));
  const body = encoded(keyspace, KEY);
  restore(keyspace, KEY, body);
  const taken = db.takeObject(db.peek(Args.of(KEY), 0));
  db.remove(db.peek(Args.of(KEY), 0));
  assertEquals((taken as Stream).length, 3);
  restore(keyspace, KEY, body);
  db.remove(db.peek(Args.of(KEY), 0));
  restore(keyspace, KEY, body);
  put(keyspace, KEY, makeStream(1, 1));
  assertEquals((db.object(db.peek(Args.of(KEY), 0)) as Stream).length, 1);
  assertEquals(db.size, 1);
});

Deno.test("numbers of any size come back from a packed stream", () => {
  const numbers = [
    0,
    127,
    128,
    2 ** 31,
    2 ** 32,
    2 ** 49 - 1,
    2 ** 49,
    2 ** 53 - 1,
    2n ** 53n,
    2n ** 63n,
    UINT64_MAX,
  ];
  const { buf, length } = makeStream(1, 1).chunks[0];
  const packed = new PackedStream();
  for (const ms of numbers) {
    for (const seq of numbers) {
      assert(packed.begin(1, 2, buf, 0, length));
      packed.finish(ms, seq, seq, ms, -1);
      const bytes = Buffer.concat([Buffer.alloc(5), packed.bytes.subarray(0, packed.length)]);
      const stream = unpackStream(bytes, 5, bytes.length);
      assertEquals([stream.lastId, stream.maxDeletedId], [{ ms, seq }, { ms: seq, seq: ms }]);
      assertEquals([stream.length, stream.entriesAdded, stream.firstId], [1, -1, {
        ms: 1,
        seq: 2,
      }]);
    }
  }
  for (const added of [0, 1, 2 ** 53 - 1, 2n ** 63n - 1n, -(2n ** 63n), -(2 ** 40)]) {
    assert(packed.begin(1, 2, buf, 0, length));
    packed.finish(5, 1, 0, 0, added);
    assertEquals(unpackStream(packed.bytes, 0, packed.length).entriesAdded, added);
  }
});

/** Two keys, one of which sleeps: every command answers the same for both. */
async function compare(client: RespClient, commands: readonly (readonly string[])[]) {
  for (const command of commands) {
    await client.call("DEL", "awake", "asleep", "other");
    await client.call("XADD", "awake", "5-1", "name", "one");
    await client.call("XADD", "awake", "5-2", "name", "two", "city", "there");
    await client.call("XDEL", "awake", "5-1");
    await client.call("RESTORE", "asleep", "0", await dumpOf(client, "awake"));
    const named = (key: string) => command.map((part) => part === "KEY" ? key : part);
    const replies = [
      await client.call(...named("awake")),
      (await client.call("DEL", "other"), await client.call(...named("asleep"))),
    ];
    const what = command.join(" ");
    assertEquals(
      JSON.stringify(replies[1]).replaceAll("asleep", "awake"),
      JSON.stringify(replies[0]),
      what,
    );
    for (const read of [["XRANGE", "KEY", "-", "+"], ["XINFO", "STREAM", "KEY"], ["DUMP", "KEY"]]) {
      const [awake, asleep] = ["awake", "asleep"].map((key) =>
        read.map((p) => p === "KEY" ? key : p)
      );
      assertEquals(await client.call(...asleep), await client.call(...awake), what);
    }
  }
}

Deno.test("commands answer the same for a stream that sleeps and one that does not", async () => {
  await using server = await startRedeno(["--enable-debug-command", "yes"]);
  await using client = await connect(server.port);
  await compare(client, [
    ["XLEN", "KEY"],
    ["XADD", "KEY", "5-2", "too", "small"],
    ["XADD", "KEY", "6-1", "name", "three"],
    ["XADD", "KEY", "MAXLEN", "1", "6-1", "name", "three"],
    ["XDEL", "KEY", "5-2"],
    ["XTRIM", "KEY", "MAXLEN", "0"],
    ["XREAD", "STREAMS", "KEY", "0"],
    ["XREVRANGE", "KEY", "+", "-"],
    ["XGROUP", "CREATE", "KEY", "g", "0"],
    ["XSETID", "KEY", "9-9"],
    ["XINFO", "STREAM", "KEY", "FULL"],
    ["TYPE", "KEY"],
    ["GET", "KEY"],
    ["APPEND", "KEY", "x"],
    ["OBJECT", "ENCODING", "KEY"],
    ["DEBUG", "DIGEST-VALUE", "KEY"],
    ["COPY", "KEY", "other"],
    ["EXPIRE", "KEY", "1000"],
    ["PERSIST", "KEY"],
    ["SCAN", "0", "TYPE", "string"],
  ]);
  for (const command of [["RENAME", "asleep", "moved"], ["COPY", "asleep", "moved"]]) {
    await client.call("FLUSHALL");
    await client.call("XADD", "awake", "5-1", "name", "one");
    await client.call("RESTORE", "asleep", "0", await dumpOf(client, "awake"));
    await client.call(...command);
    assertEquals(await dumpOf(client, "moved"), await dumpOf(client, "awake"));
  }
  await client.call("RESTORE", "last", "0", await dumpOf(client, "awake"));
  assertEquals(await client.call("MOVE", "last", "1"), { type: "int", value: 1 });
  await client.call("SWAPDB", "0", "1");
  assertEquals(await client.call("XLEN", "last"), { type: "int", value: 1 });
  await client.call("FLUSHALL");
  assertEquals(await client.call("DBSIZE"), { type: "int", value: 0 });
});
