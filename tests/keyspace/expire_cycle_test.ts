import { ExpireCycle } from "../../lib/keyspace/expire_cycle.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
} from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { get, makeRoom, put, START_MS } from "./room.ts";

const { seed, size } = flags(20_000);

Deno.test("keys whose time is over go although nobody asks; the others stay", () => {
  const { keyspace, clock, expired } = makeRoom(seed);
  const chance = new Seeded(seed);
  const cycle = new ExpireCycle(keyspace, clock);
  const alive = new Map<string, number | undefined>();
  const due = new Set<string>();
  for (let i = 0; i < size; i++) {
    const at_ms = chance.chance(0.5) ? START_MS + chance.between(1, 2000) : undefined;
    put(keyspace.database(i % 5), `k${i}`, "v", at_ms);
    if (at_ms !== undefined && at_ms <= START_MS + 1000) due.add(`${i % 5} k${i}`);
    else alive.set(`k${i}`, at_ms);
  }
  cycle.run();
  assertEquals(expired, [], "nothing goes before its time");
  clock.time_ms = START_MS + 1000;
  for (let slices = 0; cycle.run() || expired.length < due.size; slices++) {
    assertLess(slices, 10_000);
  }
  assertEquals(new Set(expired), due);
  assertEquals(expired.length, due.size, "each is told of once");
  assertEquals(keyspace.stats.expired, due.size);
  for (const key of alive.keys()) {
    assertEquals(get(keyspace.database(Number(key.slice(1)) % 5), key), "v");
  }
});

Deno.test("a slice ends when its time is over, and asks for another while much is found", () => {
  const { keyspace, clock, expired } = makeRoom(seed, 4, 0.1);
  for (let i = 0; i < size; i++) put(keyspace.database(i % 4), `k${i}`, "v", START_MS + 1);
  const cycle = new ExpireCycle(keyspace, clock, 1);
  clock.time_ms = START_MS + 1;
  let slices = 0;
  for (; expired.length < size; slices++) {
    const before = expired.length;
    const began = clock.monotonic;
    const more = cycle.run();
    assertLessOrEqual(clock.monotonic - began, 1 + 3 * 0.1);
    const gone = expired.length - before;
    assertLess(gone, 10 * 130, "ten steps of a bounded size fit into the time");
    assertEquals(more || expired.length === size, true);
  }
  assertGreater(slices, 1);
  const { expireSlicesCut, expiredShare, expireCycle_ms } = keyspace.stats;
  assertLessOrEqual(slices - 1, expireSlicesCut);
  assertGreater(expiredShare, (1 - 0.95 ** (slices - 1)) / 2, "nearly all had expired");
  assertGreater(expireCycle_ms, slices - 1);
  assertEquals(cycle.run(), false, "nothing is left");
  assertLess(keyspace.stats.expiredShare, expiredShare);
});

Deno.test("no database waits for another: each loses as many in the same time", () => {
  const { keyspace, clock, expired } = makeRoom(seed, 16, 0.1);
  const count = 4000;
  for (const index of [0, 3, 15]) {
    // One is much larger, and only a part of it has expired.
    const others = index === 3 ? count * 3 : 0;
    for (let i = 0; i < count; i++) put(keyspace.database(index), `k${i}`, "v", START_MS + 1);
    for (let i = 0; i < others; i++) put(keyspace.database(index), `o${i}`, "v", START_MS * 2);
  }
  clock.time_ms = START_MS + 1;
  const cycle = new ExpireCycle(keyspace, clock, 0.35);
  for (let i = 0; i < 30; i++) cycle.run();
  const gone = [0, 3, 15].map((index) =>
    expired.filter((entry) => entry.startsWith(`${index} `)).length
  );
  assert(gone.every((lost) => lost > 1000 && lost < count), `all are under way: ${gone}`);
  assertLess(Math.abs(gone[0] - gone[2]), 200);
});

Deno.test("few expired keys among many are found within a walk, and a slice then is short", () => {
  const { keyspace, clock, expired } = makeRoom(seed, 2);
  const db = keyspace.database(1);
  for (let i = 0; i < size; i++) put(db, `k${i}`, "v", i === 77 ? START_MS + 1 : START_MS * 2);
  clock.time_ms = START_MS + 1;
  const cycle = new ExpireCycle(keyspace, clock);
  let slices = 0;
  while (expired.length === 0) {
    const before = clock.readings;
    assertEquals(cycle.run(), false);
    assertLess(clock.readings - before, 6);
    assertLess(slices++, db.table.bucketCount);
  }
  assertEquals(expired, ["1 k77"]);
});

Deno.test("while the log is replayed nothing expires", () => {
  const { keyspace, clock, expired } = makeRoom(seed);
  put(keyspace.database(0), "a", "v", START_MS - 1);
  keyspace.loading = true;
  const cycle = new ExpireCycle(keyspace, clock);
  assertEquals(cycle.run(), false);
  assertEquals([expired.length, keyspace.database(0).size], [0, 1]);
  keyspace.loading = false;
  cycle.run();
  assertEquals(expired, ["0 a"]);
});

Deno.test("a key that is set again before its slice is not removed", () => {
  const { keyspace, clock, expired } = makeRoom(seed);
  const db = keyspace.database(0);
  put(db, "a", "old", START_MS + 1);
  put(db, "a", "new");
  clock.time_ms = START_MS + 100;
  new ExpireCycle(keyspace, clock).run();
  assertEquals([get(db, "a"), expired.length, db.expiringSize], ["new", 0, 0]);
});
