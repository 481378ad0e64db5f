import { frequency, idleSeconds } from "../../lib/keyspace/access.ts";
import { NONE } from "../../lib/keyspace/database.ts";
import { keyEvent } from "../../lib/keyspace/events.ts";
import { LRU_CLOCK_MAX } from "../../lib/keyspace/keyspace.ts";
import { EMBSTR, INT, RAW, stringEncoding } from "../../lib/keyspace/value.ts";
import { Args } from "../../lib/resp/args.ts";
import { assert, assertEquals, assertNotEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { get, makeRoom, put, START_MS } from "./room.ts";

const { seed } = flags(1);

Deno.test("an expired key is gone for whoever looks, and is told of once", () => {
  for (const look of ["lookup", "lookupWrite", "peek"] as const) {
    const { keyspace, expired } = makeRoom(seed);
    const db = keyspace.database(1);
    put(db, "a", "v", START_MS + 10);
    const args = Args.of("a");
    keyspace.now_ms = START_MS + 9;
    assertNotEquals(db[look](args, 0), NONE);
    keyspace.now_ms = START_MS + 10;
    assertEquals(db[look](args, 0), NONE, "in the very millisecond its time is over");
    assertEquals(db[look](args, 0), NONE);
    assertEquals([expired, db.size, db.expiringSize], [["1 a"], 0, 0]);
  }
});

Deno.test("a random key is never an expired one", () => {
  const { keyspace, expired } = makeRoom(seed);
  const db = keyspace.database(0);
  for (let i = 0; i < 100; i++) put(db, `old${i}`, "v", START_MS + 1);
  put(db, "alive", "v");
  keyspace.now_ms = START_MS + 1;
  for (let i = 0; i < 50; i++) assertEquals(db.keyOf(db.randomRef()).toString(), "alive");
  db.remove(db.randomRef());
  assertEquals(db.randomRef(), NONE);
  assertEquals([db.size, expired.length], [0, 100]);
});

Deno.test("whoever watches a key is marked whatever way it changes", () => {
  const changes: [string, (room: ReturnType<typeof makeRoom>) => void][] = [
    ["changed", ({ keyspace }) => keyspace.database(0).changed(SET, Args.of("a"), 0)],
    ["expiry", ({ keyspace }) => {
      keyspace.now_ms = START_MS + 100;
      keyspace.database(0).peek(Args.of("a"), 0);
    }],
    ["clear", ({ keyspace }) => keyspace.database(0).clear()],
    ["swap", ({ keyspace }) => keyspace.swap(0, 1)],
    ["swap back", ({ keyspace }) => keyspace.swap(1, 0)],
  ];
  const SET = keyEvent("set", "string");
  for (const [name, change] of changes) {
    const room = makeRoom(seed);
    const db = room.keyspace.database(0);
    put(db, "a", "v", START_MS + 100);
    const watcher = { dirty: false };
    const other = { dirty: false };
    const former = { dirty: false };
    db.watch("a", watcher);
    db.watch("nokey", other);
    db.watch("a", former);
    db.unwatch("a", former);
    change(room);
    assertEquals([watcher.dirty, other.dirty, former.dirty], [true, false, false], name);
  }
});

Deno.test("swapping exchanges all that two databases hold", () => {
  const { keyspace, expired } = makeRoom(seed);
  put(keyspace.database(0), "a", "zero", START_MS + 5);
  put(keyspace.database(1), "a", "one");
  keyspace.swap(0, 1);
  assertEquals(get(keyspace.database(0), "a"), "one");
  assertEquals(get(keyspace.database(1), "a"), "zero");
  keyspace.now_ms = START_MS + 5;
  assertEquals(get(keyspace.database(1), "a"), undefined);
  assertEquals(expired, ["1 a"]);
});

Deno.test("strings are encoded as Redis encodes them", () => {
  const encodingOf = (text: string) => {
    const args = Args.of("x", text, "y");
    return stringEncoding(args.buf, args.start(1), args.end(1));
  };
  for (const text of ["0", "-1", "9223372036854775807", "-9223372036854775808"]) {
    assertEquals(encodingOf(text), INT, text);
  }
  const long = "9223372036854775808";
  for (const text of ["", "-", "01", "-0", "1.0", " 1", long, "+1", "e".repeat(44)]) {
    assertEquals(encodingOf(text), EMBSTR, text);
  }
  assertEquals(encodingOf("r".repeat(45)), RAW);
});

Deno.test("idle time is counted in seconds across the turn of the 24-bit clock", () => {
  const turn_ms = (LRU_CLOCK_MAX + 1) * 1000 * 101;
  const meta = Math.floor((turn_ms - 5000) / 1000) & LRU_CLOCK_MAX;
  assertEquals(idleSeconds(meta, turn_ms - 5000), 0);
  assertEquals(idleSeconds(meta, turn_ms + 7000), 12);
});

Deno.test("under LFU the counter grows ever more slowly and decays by the minute", () => {
  const { keyspace } = makeRoom(seed);
  keyspace.lfu = true;
  const db = keyspace.database(0);
  put(db, "a", "v");
  const args = Args.of("a");
  const counter = () => frequency(db.table.meta(db.peek(args, 0)), keyspace.now_ms);
  assertEquals(counter(), 5);
  for (let i = 0; i < 100; i++) db.lookup(args, 0);
  const after100 = counter();
  for (let i = 0; i < 10_000; i++) db.lookup(args, 0);
  const after10000 = counter();
  assert(after100 > 5 && after100 < 30, `${after100}`);
  assert(after10000 > after100 && after10000 < 100, `${after10000}`);
  keyspace.now_ms += 3 * 60_000;
  assertEquals(counter(), after10000 - 3);
  keyspace.now_ms += 1000 * 60_000;
  assertEquals(counter(), 0);
});

Deno.test("what a database uses comes back when its keys go", () => {
  const { keyspace } = makeRoom(seed);
  const chance = new Seeded(seed);
  const db = keyspace.database(0);
  const before = keyspace.measureBytes();
  for (let i = 0; i < 500; i++) {
    put(db, `k${i}`, "v".repeat(chance.below(3000)), chance.chance(0.5) ? START_MS + 1 : undefined);
  }
  put(db, "large", "x".repeat(300_000));
  assert(keyspace.measureBytes() > before + 300_000);
  db.clear();
  assertEquals(keyspace.measureBytes(), before);
});
