import { Buffer } from "node:buffer";
import { drawHashSeed } from "../../lib/memory/hash.ts";
import { NONE, RecordTable } from "../../lib/memory/record_table.ts";
import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { TableModel } from "./model.ts";

const { seed, size } = flags(150_000);

function newTable(): RecordTable {
  return new RecordTable(drawHashSeed(new Seeded(seed)));
}

function insert(table: RecordTable, key: string, value: string | Buffer): number {
  const name = Buffer.from(key, "latin1");
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  assertEquals(table.find(name, 0, name.length), NONE);
  return table.insert(name, 0, name.length, 1, 0, bytes, 0, bytes.length);
}

function find(table: RecordTable, key: string): number {
  const name = Buffer.from(key, "latin1");
  return table.find(name, 0, name.length);
}

function value(table: RecordTable, ref: number): string {
  table.locate(ref);
  return table.bytes.toString("latin1", table.valueStart, table.valueEnd);
}

Deno.test("a table does what a Map does, whatever is done to it", () => {
  const model = new TableModel(new Seeded(seed), { keys: 3000, valueLength_max: 100_000 });
  for (let i = 1; i <= size; i++) {
    model.step();
    if (i % Math.ceil(size / 8) === 0) model.checkAll();
  }
});

Deno.test("a table of few keys does what a Map does: every slot is used again and again", () => {
  const model = new TableModel(new Seeded(seed + 1), { keys: 12, valueLength_max: 70_000 });
  for (let i = 0; i < size / 5; i++) model.step();
  model.checkAll();
});

Deno.test("a key that is asked for again and again is found wherever it went", () => {
  const model = new TableModel(new Seeded(seed + 6), { keys: 2, valueLength_max: 300 });
  for (let i = 0; i < size / 5; i++) model.step();
  model.checkAll();
  const table = newTable();
  insert(table, "hot", "x");
  const other = insert(table, "other", "y");
  for (let i = 0; i < 3; i++) assertEquals(value(table, find(table, "hot")), "x");
  table.setValue(find(table, "hot"), 1, Buffer.alloc(5000, "z"), 0, 5000);
  for (let i = 0; i < 3; i++) assertEquals(value(table, find(table, "hot")), "z".repeat(5000));
  table.remove(find(table, "hot"));
  for (let i = 0; i < 3; i++) assertEquals(find(table, "hot"), NONE);
  insert(table, "hot", "again"); // with the hash of the find before it, not of one before that
  assertEquals(find(table, "other"), other);
  assertEquals(value(table, find(table, "hot")), "again");
});

Deno.test("what is done to a record by its ref does not depend on what was looked up last", () => {
  const changes: ((table: RecordTable, ref: number) => void)[] = [
    (table, ref) => table.setValue(ref, 1, Buffer.alloc(300), 0, 300),
    (table, ref) => table.setExpiry(ref, 1000),
    (table, ref) => table.setExpiry(ref, undefined),
    (table, ref) => table.remove(ref),
  ];
  const asides: ((table: RecordTable) => void)[] = [
    (table) => find(table, "other"),
    (table) => find(table, "none"),
    (table) => table.findAside(Buffer.from("other"), 0, 5),
    (table) => void (find(table, "other"), find(table, "other"), find(table, "none")),
  ];
  for (const change of changes) {
    for (const aside of asides) {
      for (const [length, expiry] of [[5, 7], [5, undefined], [90_000, 7], [90_000, undefined]]) {
        const table = newTable();
        insert(table, "other", "y");
        table.setExpiry(insert(table, "changed", Buffer.alloc(length!)), expiry);
        const ref = find(table, "changed");
        aside(table);
        change(table, ref);
        const left = find(table, "changed");
        assertEquals(table.size, left === NONE ? 1 : 2);
        assertEquals(table.expiringSize, left !== NONE && table.expiry(left) !== undefined ? 1 : 0);
        assertEquals(value(table, find(table, "other")), "y");
        if (left !== NONE) table.remove(left);
        table.remove(find(table, "other"));
      }
    }
  }
});

Deno.test("a key is added with its own hash, whatever was looked up aside", () => {
  const table = newTable();
  insert(table, "other", "y");
  const name = Buffer.from("added");
  assertEquals(table.find(name, 0, name.length), NONE);
  table.findAside(Buffer.from("other"), 0, 5);
  table.insert(name, 0, name.length, 1, 0, name, 0, name.length);
  assertEquals(value(table, find(table, "added")), "added");
});

Deno.test("a key that is asked for again and again is found after compaction", () => {
  const table = newTable();
  const keys = Array.from({ length: 100_000 }, (_, i) => `key:${i}`);
  for (const key of keys) insert(table, key, key);
  for (const key of keys) if (!key.endsWith("00")) table.remove(find(table, key));
  const left = keys.filter((key) => key.endsWith("00"));
  for (const key of left) {
    for (let i = 0; i < 3; i++) find(table, key);
    table.compact(10);
    assertEquals(value(table, find(table, key)), key);
  }
  for (const key of left) table.remove(find(table, key));
  assertEquals(table.size, 0);
});

Deno.test("a table that grows to many records and shrinks again loses and keeps nothing", () => {
  const count = Math.max(1000, Math.floor(size / 3));
  const model = new TableModel(new Seeded(seed + 2), { keys: count, valueLength_max: 40 });
  const before = model.table.usedBytes;
  for (let n = 0; n < count; n++) model.set(`grow:${n}`, Buffer.from(`v${n}`));
  for (let n = 0; n < count; n += 3) model.setExpiry(`grow:${n}`, 1_800_000_000_000 + n);
  model.checkAll();
  const full = model.table.reservedBytes;
  for (let n = 0; n < count; n++) if (n % 10 !== 0) model.remove(`grow:${n}`);
  while (model.table.compact(100) > 0);
  model.checkAll();
  assertLess(model.table.reservedBytes, full / 2 + (3 << 20), "segments are given back");
  for (let n = 0; n < count; n += 10) model.remove(`grow:${n}`);
  model.checkAll();
  assertLess(model.table.usedBytes, before + 256 * 1024, "nothing but small indexes is left");
  assertLess(model.table.reservedBytes, 4 << 20, "spare segments, and no more");
});

Deno.test("used bytes come back exactly when records go in any order", () => {
  const table = newTable();
  for (let n = 0; n < 50; n++) insert(table, `warm${n}`, "x");
  const indexBytes = table.indexBytes;
  const before = table.usedBytes;
  for (let n = 0; n < 20; n++) insert(table, `k${n}`, Buffer.alloc(n * 9000, n));
  assertGreater(table.usedBytes, before + 9000 * 190);
  for (let n = 19; n >= 0; n--) table.remove(table.setExpiry(find(table, `k${n}`), 1e12));
  assertEquals(table.usedBytes - table.indexBytes, before - indexBytes);
});

Deno.test("clear() forgets everything, and the table goes on", () => {
  const model = new TableModel(new Seeded(seed + 3), { keys: 2000, valueLength_max: 100_000 });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5000; i++) model.step();
    model.table.clear();
    model.expected.clear();
    model.checkAll();
    assertEquals(model.table.usedBytes - model.table.indexBytes, 0);
    assertEquals(model.table.reservedBytes - model.table.indexBytes, 0);
    assertLess(model.table.indexBytes, 4096);
  }
});

Deno.test("a value may be copied from one record of the table to another, or onto itself", () => {
  const table = newTable();
  const long = "0123456789".repeat(9000);
  for (const text of ["", "small", "x".repeat(300), long]) {
    table.clear();
    insert(table, "from", text);
    insert(table, "to", "");
    table.locate(find(table, "from"));
    const { bytes, valueStart, valueEnd } = table;
    table.setValue(find(table, "to"), 2, bytes, valueStart, valueEnd);
    assertEquals(value(table, find(table, "to")), text);
    // A part of itself: GETRANGE stored back.
    table.locate(find(table, "from"));
    const middle = Math.floor(text.length / 2);
    table.setValue(find(table, "from"), 2, table.bytes, table.valueStart + middle, table.valueEnd);
    assertEquals(value(table, find(table, "from")), text.slice(middle));
  }
});

Deno.test("appending byte by byte keeps what was there, across the border to external values", () => {
  const table = newTable();
  let ref = insert(table, "k", "x".repeat(65_000));
  ref = table.setExpiry(ref, 1_700_000_000_123);
  let moves = 0;
  for (let length = 65_001; length < 67_000; length++) {
    const before = table.recordBytes(ref);
    ref = table.resizeValue(ref, length);
    table.locate(ref);
    table.bytes[table.valueEnd - 1] = 65 + length % 26;
    if (table.recordBytes(ref) !== before) moves++;
  }
  const text = value(table, ref);
  assert(text.startsWith("x".repeat(65_000)));
  for (let i = 65_000; i < 66_999; i++) assertEquals(text.charCodeAt(i), 65 + (i + 1) % 26);
  assertEquals(table.expiry(ref), 1_700_000_000_123);
  assertLess(moves, 5, "spare room makes appending cheap");
  ref = table.resizeValue(ref, 3);
  assertEquals(value(table, ref), "xxx");
  ref = table.resizeValue(ref, 6);
  assertEquals(value(table, ref), "xxx\0\0\0", "what is added is zero, not what stood there");
});

Deno.test("an expiry does not move a large value", () => {
  const table = newTable();
  let ref = insert(table, "k", Buffer.alloc(1 << 20, 7));
  table.locate(ref);
  const { bytes } = table;
  ref = table.setExpiry(ref, 1_700_000_000_000);
  table.locate(ref);
  assert(table.bytes === bytes, "the same buffer");
  ref = table.setExpiry(ref, undefined);
  table.locate(ref);
  assert(table.bytes === bytes);
  assertEquals(table.expiry(ref), undefined);
  assertEquals(find(table, "k"), ref);
});

Deno.test("every random record, and every random expiring one, is as likely as the others", () => {
  const table = newTable();
  const count = 1000;
  for (let n = 0; n < count; n++) {
    const ref = insert(table, `k${n}`, "v");
    if (n % 4 === 0) table.setExpiry(ref, 1e13);
  }
  const chance = new Seeded(seed + 4);
  assertUniform(count, 100_000, () => table.random(chance));
  assertUniform(count / 4, 100_000, () => {
    const ref = table.randomExpiring(chance);
    assert(table.expiry(ref) !== undefined);
    return ref;
  });
  table.clear();
  assertEquals(table.random(chance), NONE);
  assertEquals(table.randomExpiring(chance), NONE);
});

/** Chi-squared over `count` equally likely outcomes; its deviation is sqrt(2 * count). */
function assertUniform(count: number, draws: number, draw: () => number): void {
  const drawn = new Map<number, number>();
  for (let i = 0; i < draws; i++) {
    const ref = draw();
    drawn.set(ref, (drawn.get(ref) ?? 0) + 1);
  }
  assertEquals(drawn.size, count);
  const mean = draws / count;
  let sum = 0;
  for (const times of drawn.values()) sum += (times - mean) ** 2 / mean;
  assertLess(Math.abs(sum - count), 6 * Math.sqrt(2 * count));
}

Deno.test("a ref that is no record is noticed rather than removed", () => {
  const table = newTable();
  const ref = insert(table, "k", "v");
  insert(table, "other", "v");
  table.remove(ref);
  assertThrows(() => table.remove(ref));
  assertEquals(table.size, 1);
});
