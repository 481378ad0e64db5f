/** Reading ahead: it finds the records it is about, and leaves no trace. */

import { Lookahead, warmKeys } from "../../lib/keyspace/lookahead.ts";
import { FIRST, KeysAhead, OFFSETS } from "../../lib/memory/keys_ahead.ts";
import { RecordTable } from "../../lib/memory/record_table.ts";
import { Args } from "../../lib/resp/args.ts";
import { Decoder } from "../../lib/resp/decoder.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { LIMITS } from "../resp/decode.ts";
import { get, makeRoom, put } from "./room.ts";

/** Keys of commands, without the commands. */
function keysAhead(names: readonly string[]): KeysAhead {
  const keys = new KeysAhead();
  for (const name of names) {
    const buf = new TextEncoder().encode(name);
    keys.bufs.push(buf);
    keys.bounds[keys.count++ * OFFSETS + FIRST + 1] = buf.length;
  }
  return keys;
}

function tableOf(count: number): RecordTable {
  const table = new RecordTable({ k0: 1, k1: 2 });
  for (let i = 0; i < count; i++) {
    const key = new TextEncoder().encode(`key:${i}`);
    table.find(key, 0, key.length);
    table.insert(key, 0, key.length, 1, 0, new Uint8Array(32), 0, 32);
  }
  return table;
}

function warm(table: RecordTable, names: readonly string[]): { refs: number[]; paid: boolean } {
  const keys = keysAhead(names);
  const paid = table.warm(keys, 0, keys.count, FIRST, keys.refs);
  return { refs: [...keys.refs.subarray(0, keys.count)], paid };
}

function refOf(table: RecordTable, name: string): number {
  const key = new TextEncoder().encode(name);
  return table.find(key, 0, key.length);
}

Deno.test("nearly all keys lead to their records, a repeated one to the same", () => {
  const table = tableOf(20_000);
  let right = 0;
  for (let i = 0; i < 20_000; i += 50) {
    const names = Array.from({ length: 50 }, (_, n) => `key:${i + n}`);
    const { refs, paid } = warm(table, names);
    assert(paid, "many keys in a large table are worth it");
    right += refs.filter((ref, n) => ref === refOf(table, names[n])).length;
  }
  assertGreater(right, 18_000); // the others share a tag in their bucket, or have overflowed
  const { refs } = warm(table, ["key:7", "key:7", "key:7"]);
  assertEquals(refs, [refs[0], refs[0], refs[0]]);
});

Deno.test("it does not pay for one hot key, nor for a small table", () => {
  const hot = Array.from({ length: 16 }, () => "key:1");
  assertEquals(warm(tableOf(20_000), hot).paid, false);
  const few = Array.from({ length: 16 }, (_, i) => `key:${i}`);
  assertEquals(warm(tableOf(100), few).paid, false);
});

Deno.test("commands with and without keys, for any database, change nothing", () => {
  const { keyspace } = makeRoom(1, 2);
  const [first, second] = [keyspace.database(0), keyspace.database(1)];
  for (let i = 0; i < 300; i++) put(first, `k${i}`, `v${i}`, i < 100 ? 1 : undefined);
  put(second, "k1", "other");
  const stream = Array.from({ length: 40 }, (_, i) => {
    const key = `k${i * 9}`;
    return `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$1\r\nx\r\n`;
  }).join("");
  const lookahead = new Lookahead();
  for (const db of [first, second, first]) {
    const decoder = new Decoder(LIMITS, { bufferBytes: 4096 });
    decoder.space().set(new TextEncoder().encode(stream));
    decoder.filled(stream.length);
    lookahead.add(decoder, db);
    assertEquals(lookahead.hasRoom, true);
    assert(decoder.next() && decoder.args.text(1) === "k0");
  }
  lookahead.run();
  warmKeys(first, Args.of("MGET", ...Array.from({ length: 200 }, (_, i) => `k${i}`)), 1, 1);
  assertEquals(
    [first.size, second.size],
    [300, 1],
    "even lapsed keys stay until they are looked up",
  );
  for (let i = 100; i < 300; i++) assertEquals(get(first, `k${i}`), `v${i}`);
  assertEquals(get(second, "k1"), "other");
});

/** A decoder with a pipeline to look at, which counts how often that is done. */
class WatchedDecoder extends Decoder {
  looks = 0;

  constructor(keys: readonly string[]) {
    super(LIMITS, { bufferBytes: 4096 });
    const stream = keys.map((key) => `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`).join("");
    this.space().set(new TextEncoder().encode(stream));
    this.filled(stream.length);
  }

  override lookAhead(keys: KeysAhead, count_max: number): number {
    this.looks++;
    return super.lookAhead(keys, count_max);
  }
}

Deno.test("where it does not pay it rests longer and longer, until it pays again", () => {
  const { keyspace } = makeRoom(1);
  const db = keyspace.database(0);
  for (let i = 0; i < 20_000; i++) put(db, `k${i}`, "x".repeat(32));
  const hot = new WatchedDecoder(new Array(16).fill("k1"));
  const many = new WatchedDecoder(Array.from({ length: 16 }, (_, i) => `k${i * 999}`));
  const lookahead = new Lookahead();
  const looksIn = (decoder: WatchedDecoder, decoders: number) => {
    decoder.looks = 0;
    for (let i = 0; i < decoders; i++) {
      lookahead.add(decoder, db);
      lookahead.run();
    }
    return decoder.looks;
  };
  assertEquals(looksIn(hot, 33), 1); // and 32 that are left out
  assertEquals(looksIn(hot, 65), 1); // 64
  assertEquals(looksIn(hot, 129), 1); // 128
  assertLess(looksIn(hot, 10_000), 15);
  assertGreater(looksIn(many, 2000), 900, "it is found out within 1024 decoders");
  assertEquals(looksIn(hot, 33), 1);
});
