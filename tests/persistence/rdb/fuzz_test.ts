/**
 * Hostile payloads: whatever is changed in a value's bytes, it is either refused with an RdbError or
 * becomes a value that can be read, digested, dumped and read back. REDENO_SIZE mutations a payload.
 */

import { Buffer } from "node:buffer";
import { NONE } from "../../../lib/keyspace/database.ts";
import { datasetDigest } from "../../../lib/keyspace/digest.ts";
import type { Keyspace } from "../../../lib/keyspace/keyspace.ts";
import { CommandSnapshotEncoder } from "../../../lib/persistence/aof/snapshot.ts";
import { decodeValue } from "../../../lib/types/rdb/decode.ts";
import { encodeValue } from "../../../lib/types/rdb/encode.ts";
import { RdbError } from "../../../lib/types/rdb/error.ts";
import type { EncodingLimits } from "../../../lib/types/rdb/limits.ts";
import { RdbReader } from "../../../lib/types/rdb/reader.ts";
import { storeValue } from "../../../lib/types/rdb/store.ts";
import { RdbWriter } from "../../../lib/types/rdb/writer.ts";
import { Args } from "../../../lib/resp/args.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { flags, Seeded } from "../../kit/flags.ts";
import { startRedeno } from "../../kit/oracle.ts";
import { connect } from "../../kit/resp_client.ts";
import { makeRoom } from "../../keyspace/room.ts";
import { join, listpack, sealed } from "./dump_kit.ts";
import { VALUES } from "./values.ts";

const LIMITS: EncodingLimits = {
  listNodeSize: -2,
  setIntegers_max: 4,
  hash: { "hash-max-listpack-entries": 4, "hash-max-listpack-value": 16 },
  zset: { entries_max: 4, member_bytes_max: 16 },
};
const KEY = Args.of("key");
const OPTIONS = ["--enable-debug-command", "yes", "--appendonly", "yes"];

function decode(keyspace: Keyspace, body: Uint8Array) {
  const bytes = Buffer.from(body);
  const reader = new RdbReader(bytes, 0, bytes.length);
  return decodeValue(reader, reader.byte(), keyspace.seed);
}

/** Stores what a body holds in an empty database; false: it was refused. */
function restore(keyspace: Keyspace, body: Uint8Array): boolean {
  const db = keyspace.database(0);
  try {
    const value = decode(keyspace, body);
    const old = db.peek(KEY, 0);
    if (old !== NONE) db.remove(old);
    storeValue(db, db.peek(KEY, 0), KEY, 0, value, LIMITS);
    return true;
  } catch (error) {
    if (error instanceof RdbError) return false;
    throw error;
  }
}

/** Reads all of what was restored; it survives being dumped and read back. */
function checkSound(keyspace: Keyspace, body: string): void {
  const db = keyspace.database(0);
  if (db.peek(KEY, 0) === NONE) return; // all fields of the hash have expired
  const before = datasetDigest(keyspace);
  const encoder = new CommandSnapshotEncoder();
  encoder.begin();
  encoder.record(db, 0, db.peek(KEY, 0));
  encoder.end();
  assert(encoder.take().length > 0);
  const writer = new RdbWriter();
  encodeValue(writer, db, db.peek(KEY, 0), LIMITS);
  assert(
    restore(keyspace, writer.buf.subarray(0, writer.length)),
    `our own dump of ${body} is refused`,
  );
  assertEquals(datasetDigest(keyspace), before, body);
}

/** Changes a few bytes: flips, edges, cuts, repetitions, and pieces of another payload. */
function mutate(chance: Seeded, body: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes = Buffer.from(body);
  for (let count = chance.between(1, 3); count > 0 && bytes.length > 1; count--) {
    const at = chance.below(bytes.length);
    switch (chance.below(7)) {
      case 0:
        bytes[at] ^= 1 << chance.below(8);
        break;
      case 1:
        bytes[at] = chance.pick([0, 1, 0x3f, 0x7f, 0x80, 0x81, 0xc0, 0xc3, 0xf0, 0xf4, 0xfe, 0xff]);
        break;
      case 2:
        bytes[at] += chance.pick([1, 255]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + chance.between(1, 4))]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(at - 3, 0))]);
        break;
      case 5:
        bytes.fill(0xff, at, Math.min(at + chance.between(1, 8), bytes.length));
        break;
      default: {
        const from = chance.below(other.length);
        const piece = other.subarray(from, from + chance.between(1, 16));
        bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
      }
    }
  }
  return bytes;
}

Deno.test("a changed payload is refused, or is a value like any other", () => {
  const { seed, size } = flags(150);
  const chance = new Seeded(seed);
  const { keyspace } = makeRoom(seed);
  const bodies = Object.values(VALUES);
  let taken = 0;
  let refused = 0;
  for (const [name, body] of Object.entries(VALUES)) {
    assert(restore(keyspace, body), name);
    checkSound(keyspace, name);
    for (let i = 0; i < size; i++) {
      const changed = mutate(chance, body, chance.pick(bodies));
      if (!restore(keyspace, changed)) {
        refused++;
        continue;
      }
      taken++;
      checkSound(keyspace, Buffer.from(changed).toString("hex"));
    }
  }
  assert(taken > refused / 20 && refused > taken / 20, `${taken} taken, ${refused} refused`);
});

Deno.test("every cut of a payload is refused", () => {
  const { keyspace } = makeRoom(1);
  for (const [name, body] of Object.entries(VALUES)) {
    for (let length = 0; length < body.length; length++) {
      assert(!restore(keyspace, body.subarray(0, length)), `${name}, ${length} bytes of it`);
    }
  }
});

Deno.test("what a payload only announces takes no memory", () => {
  const { keyspace } = makeRoom(1);
  const huge = ["80 7fffffff", "80 ffffffff", "81 0000000fffffffff", "81 ffffffffffffffff"];
  const before = Deno.memoryUsage().rss;
  for (const size of huge) {
    for (let type = 0; type <= 25; type++) {
      const kind = type.toString(16).padStart(2, "0");
      assert(!restore(keyspace, join(kind, size)), `${kind} ${size}`);
      // A string of one byte may be anything.
      assert(type === 0 || !restore(keyspace, join(kind, "01", size)), `${kind} 01 ${size}`);
      assert(!restore(keyspace, join(kind, "c3 05", size, "0061626364")), `${kind} LZF ${size}`);
      assert(!restore(keyspace, join(kind, size, '"a', '"b', '"c')), `${kind} ${size} a b c`);
    }
  }
  const listpackOf = Buffer.from(listpack("a", "b"));
  listpackOf.writeUInt32LE(0xffffffff, 0);
  assert(!restore(keyspace, join("10 0f", listpackOf)));
  assert(Deno.memoryUsage().rss - before < 64 * 2 ** 20);
});

Deno.test({
  name: "a server that is sent changed payloads serves on, and its log is good",
  sanitizeOps: true,
  sanitizeResources: true,
  fn: async () => {
    const { seed, size } = flags(20);
    const chance = new Seeded(seed);
    await using redeno = await startRedeno(OPTIONS);
    await using client = await connect(redeno.port);
    const bodies = Object.values(VALUES);
    for (const [n, body] of bodies.entries()) {
      const commands = Array.from({ length: size }, (_, i) => {
        const payload = sealed(mutate(chance, body, chance.pick(bodies)));
        return ["RESTORE", `${n}:${i % 10}`, "0", payload, "REPLACE"];
      });
      for (const reply of await client.pipelineRaw(commands)) {
        assert(reply === "+OK\r\n" || reply === "-ERR Bad data format\r\n", reply);
      }
    }
    const digest = await client.callRaw("DEBUG", "DIGEST");
    assertEquals(await client.callRaw("DEBUG", "RELOAD"), "+OK\r\n", redeno.log());
    assertEquals(await client.callRaw("DEBUG", "DIGEST"), digest);
    // Begun anew, the log is made of commands: they must be good ones, whatever was restored.
    await client.call("CONFIG", "SET", "appendonly", "no");
    assertEquals(await client.callRaw("CONFIG", "SET", "appendonly", "yes"), "+OK\r\n");
    assertEquals(await client.callRaw("DEBUG", "RELOAD"), "+OK\r\n");
    assertEquals(await client.callRaw("DEBUG", "DIGEST"), digest);
  },
});
