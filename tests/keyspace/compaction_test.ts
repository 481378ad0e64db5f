import { CompactionCycle } from "../../lib/keyspace/compaction.ts";
import { assertEquals, assertLess, assertLessOrEqual } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { get, makeRoom, put, remove, START_MS } from "./room.ts";

const { seed, size } = flags(60_000);

Deno.test("what deleting has left sparse is moved together, and memory is given back", () => {
  const { keyspace, clock } = makeRoom(seed, 3, 0.1);
  const chance = new Seeded(seed);
  const alive = new Map<string, string>();
  const db = keyspace.database(2);
  for (let i = 0; i < size; i++) {
    const value = `${i}:${"x".repeat(100)}`;
    put(db, `k${i}`, value, i % 3 === 0 ? START_MS * 2 : undefined);
    alive.set(`k${i}`, value);
  }
  for (const key of [...alive.keys()]) {
    if (chance.chance(0.9)) {
      remove(db, key);
      alive.delete(key);
    }
  }
  const reserved = db.table.reservedBytes;
  const used = db.measureBytes();
  const cycle = new CompactionCycle(keyspace, clock, 1);
  let slices = 0;
  for (;;) {
    const began = clock.monotonic;
    const more = cycle.run();
    assertLessOrEqual(clock.monotonic - began, 1 + 3 * 0.1);
    if (!more) break;
    assertLess(slices++, size);
  }
  assertEquals(db.measureBytes(), used, "moving neither loses nor adds");
  assertLess(db.table.reservedBytes, reserved * 0.6);
  for (const [key, value] of alive) {
    assertEquals(get(db, key), value);
  }
  assertEquals(db.size, alive.size);
  assertEquals(
    db.expiringSize,
    [...alive.keys()].filter((k) => Number(k.slice(1)) % 3 === 0).length,
  );
});

Deno.test("where nothing is sparse nothing is moved", () => {
  const { keyspace, clock } = makeRoom(seed);
  for (let i = 0; i < 5000; i++) put(keyspace.database(i % 16), `k${i}`, "x".repeat(i % 200));
  const reserved = keyspace.database(0).table.reservedBytes;
  assertEquals(new CompactionCycle(keyspace, clock).run(), false);
  assertEquals(keyspace.database(0).table.reservedBytes, reserved);
});
