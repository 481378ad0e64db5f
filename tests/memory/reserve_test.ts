/** A table that was told how many records are to come is like any other. */

import { Buffer } from "node:buffer";
import { NONE, RecordTable } from "../../lib/memory/record_table.ts";
import { assert, assertEquals } from "../kit/assert.ts";

const SEED = { k0: 1, k1: 2 };

function fill(table: RecordTable, count: number): void {
  for (let i = 0; i < count; i++) {
    const key = Buffer.from(`key:${i}`);
    assertEquals(table.find(key, 0, key.length), NONE);
    table.insert(key, 0, key.length, 1, 0, key, 0, key.length, i % 2 === 0 ? i + 1 : undefined);
  }
}

Deno.test("room made beforehand is used, and given back if it was too much", () => {
  for (const [announced, count] of [[1000, 1000], [50_000, 100], [10, 3000], [0, 50]]) {
    const table = new RecordTable(SEED);
    table.reserve(announced, announced / 2);
    const buckets = table.bucketCount;
    fill(table, count);
    if (announced >= count) assertEquals(table.bucketCount, buckets);
    assertEquals([table.size, table.expiringSize], [count, Math.ceil(count / 2)]);
    const seen = new Set<number>();
    for (let cursor = 0;;) {
      cursor = table.scan(cursor, (ref) => void seen.add(ref));
      if (cursor === 0) break;
    }
    assertEquals(seen.size, count);
    for (let i = 0; i < count; i++) {
      const key = Buffer.from(`key:${i}`);
      const ref = table.find(key, 0, key.length);
      assertEquals(table.expiry(ref), i % 2 === 0 ? i + 1 : undefined);
      table.remove(ref);
    }
    assertEquals([table.size, table.expiringSize], [0, 0]);
    assert(table.indexBytes <= 2 << 17, `${table.indexBytes} bytes`);
  }
});

Deno.test("room is made in an empty table only", () => {
  const table = new RecordTable(SEED);
  fill(table, 10);
  const buckets = table.bucketCount;
  table.reserve(1_000_000, 1_000_000);
  assertEquals(table.bucketCount, buckets);
});

Deno.test("a large record with an expiry is added as one that gets it later", () => {
  const table = new RecordTable(SEED);
  const key = Buffer.from("key");
  const value = Buffer.alloc(100_000, "v");
  table.find(key, 0, 3);
  const ref = table.insert(key, 0, 3, 1, 7, value, 0, value.length, 12345);
  assertEquals([table.expiry(ref), table.meta(ref), table.encoding(ref)], [12345, 7, 1]);
  table.locate(ref);
  assertEquals(table.valueEnd - table.valueStart, value.length);
  const moved = table.setExpiry(ref, undefined);
  assertEquals([table.expiry(moved), table.expiringSize], [undefined, 0]);
});
