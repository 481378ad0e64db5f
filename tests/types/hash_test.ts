/** Hashes in all their forms, against a Map: values, expiry of fields, copies, chance. */

import { type Database, NONE } from "../../lib/keyspace/database.ts";
import { ExpireCycle } from "../../lib/keyspace/expire_cycle.ts";
import { OBJECT } from "../../lib/keyspace/value.ts";
import { Args } from "../../lib/resp/args.ts";
import { storeHash } from "../../lib/types/hash/build.ts";
import { Hash } from "../../lib/types/hash/hash.ts";
import { drawFields, sampleFields } from "../../lib/types/hash/sample.ts";
import { hashAt } from "../../lib/types/hash/view.ts";
import { makeRoom, put, type Room, START_MS } from "../keyspace/room.ts";
import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const { seed, size } = flags(20_000);

/** Values and expiries by field; a hash without fields is missing. */
type Model = Map<string, Map<string, { value: string; expiry?: number }>>;

const SMALL = { "hash-max-listpack-entries": 8, "hash-max-listpack-value": 20 };
const KEYS = ["a", "b", "c"];

/** A room whose observer notes what expires: `key field field`, or `key` if that is gone. */
function hashRoom(): { room: Room; db: Database; gone: string[] } {
  const room = makeRoom(seed);
  const gone: string[] = [];
  room.keyspace.observer = {
    expired() {},
    notify() {},
    fieldsExpired: (_db, key, fields) => {
      gone.push([key, ...fields].map((bytes) => new TextDecoder("latin1").decode(bytes)).join(" "));
    },
  };
  return { room, db: room.keyspace.database(0), gone };
}

/** Sets a field to a value, with an expiry if that is given. */
function set(
  db: Database,
  key: string,
  field: string,
  value: string,
  expiry?: number,
  limits = SMALL,
): boolean {
  const args = Args.of(key, field, value);
  const hash = new Hash().open(db, args, 0, db.peek(args, 0), limits);
  const isNew = hash.set(
    args.buf,
    args.start(1),
    args.end(1),
    args.buf,
    args.start(2),
    args.end(2),
  );
  if (expiry !== undefined) {
    assert(hash.find(args.buf, args.start(1), args.end(1)));
    hash.setExpiry(expiry);
  }
  assert(hash.commit());
  return isNew;
}

function text(buf: Uint8Array, start: number, end: number): string {
  return new TextDecoder("latin1").decode(buf.subarray(start, end));
}

/** A hash as the model has it; undefined: there is none. */
function contents(db: Database, key: string) {
  const ref = db.peek(Args.of(key), 0);
  if (ref === NONE) return undefined;
  const found = new Map<string, { value: string; expiry?: number }>();
  const view = hashAt(db, ref);
  view.forEach((field, fs, fe, value, vs, ve, expiry) => {
    const entry = { value: text(value, vs, ve) };
    found.set(text(field, fs, fe), expiry === undefined ? entry : { ...entry, expiry });
  });
  assertEquals(view.size, found.size);
  return found;
}

/** Removes from the model what has expired. */
function pass(model: Model, now_ms: number): void {
  for (const [key, fields] of model) {
    for (const [field, { expiry }] of fields) {
      if (expiry !== undefined && expiry <= now_ms) fields.delete(field);
    }
    if (fields.size === 0) model.delete(key);
  }
}

/** One random change to both. */
function change(chance: Seeded, db: Database, model: Model, now_ms: number): void {
  const key = chance.pick(KEYS);
  const field = `f${chance.between(0, chance.chance(0.2) ? 40 : 7)}`;
  const value = "v".repeat(chance.chance(0.02) ? 30 : chance.between(0, 12)) + chance.below(100);
  const args = Args.of(key, field, value);
  const [fs, fe, vs, ve] = [args.start(1), args.end(1), args.start(2), args.end(2)];
  const ref = db.peek(args, 0);
  const fields = model.get(key) ?? new Map<string, { value: string; expiry?: number }>();
  assertEquals(ref !== NONE, model.has(key), key);
  const hash = new Hash().open(db, args, 0, ref, SMALL);
  const old = fields.get(field);
  const action = chance.below(10);
  if (action < 5) {
    const keep = chance.chance(0.3);
    assertEquals(hash.set(args.buf, fs, fe, args.buf, vs, ve, keep), old === undefined);
    const expiry = keep ? old?.expiry : undefined;
    fields.set(field, expiry === undefined ? { value } : { value, expiry });
  } else if (action < 8) {
    assertEquals(hash.remove(args.buf, fs, fe), old !== undefined);
    fields.delete(field);
  } else if (hash.find(args.buf, fs, fe)) {
    assertEquals(text(hash.bytes, hash.valueStart, hash.valueEnd), old?.value);
    assertEquals(hash.expiry, old?.expiry);
    const expiry = chance.chance(0.25) ? undefined : now_ms + chance.between(1, 60);
    hash.setExpiry(expiry);
    fields.set(field, expiry === undefined ? { value: old!.value } : { value: old!.value, expiry });
  } else {
    assertEquals(old, undefined);
  }
  assertEquals(hash.commit(), fields.size > 0);
  if (fields.size > 0) model.set(key, fields);
  else model.delete(key);
}

Deno.test("a hash behaves as a Map, packed or large, with fields that expire and without", () => {
  const { room: { keyspace, clock }, db } = hashRoom();
  const cycle = new ExpireCycle(keyspace, clock);
  const chance = new Seeded(seed);
  const model: Model = new Map();
  const seen = new Set<number>();
  for (let step = 0; step < size; step++) {
    if (chance.chance(0.1)) clock.time_ms = keyspace.now_ms += chance.between(1, 10);
    if (chance.chance(0.02)) cycle.run();
    if (chance.chance(0.005)) {
      const key = chance.pick(KEYS);
      const ref = db.peek(Args.of(key), 0);
      if (ref !== NONE) db.remove(ref);
      model.delete(key);
    }
    pass(model, keyspace.now_ms);
    change(chance, db, model, keyspace.now_ms);
    const key = chance.pick(KEYS);
    assertEquals(contents(db, key), model.get(key), `step ${step}`);
    const ref = db.peek(Args.of(key), 0);
    if (ref !== NONE) seen.add(db.encoding(ref));
  }
  assertEquals(seen.size, 3, "packed, packed with expiries, large");
});

Deno.test("a copy of a large hash has its fields and their expiries, and shares nothing", () => {
  const { room: { keyspace }, db } = hashRoom();
  for (let i = 0; i < 500; i++) {
    set(db, "a", `f${i}`, `v${i}`, i % 2 === 0 ? START_MS + i + 1 : undefined);
  }
  const before = contents(db, "a");
  const args = Args.of("a", "b");
  const copy = db.object(db.peek(args, 0)).clone();
  db.storeObject(db.peek(args, 1), args, 1, copy);
  assertEquals(contents(db, "b"), before);
  set(db, "a", "f0", "other");
  assertEquals(contents(db, "b"), before);
  keyspace.now_ms = START_MS + 250;
  assertEquals(contents(db, "b")!.size, 375);
  assertEquals(contents(db, "a")!.size, 376);
});

Deno.test("fields of a copy expire, whatever has become of those of the original", () => {
  const { room: { keyspace, clock }, db } = hashRoom();
  for (let i = 0; i < 400; i++) set(db, "a", `f${i}`, "v", START_MS + 1 + i);
  const args = Args.of("a", "b");
  const copy = db.object(db.peek(args, 0)).clone();
  db.storeObject(db.peek(args, 1), args, 1, copy);
  for (let i = 0; i < 400; i += 2) set(db, "a", `f${i}`, "stays"); // and expires no more
  db.remove(db.lookupWrite(args, 0));
  const cycle = new ExpireCycle(keyspace, clock);
  for (let passed = 1; passed <= 400; passed++) {
    clock.time_ms = keyspace.now_ms = START_MS + passed;
    cycle.run();
    assertEquals(contents(db, "b")?.size ?? 0, 400 - passed);
  }
});

Deno.test("expired fields are reported once each, and the key when nothing is left of it", () => {
  for (const count of [4, 300]) {
    const { room: { keyspace, clock }, db, gone } = hashRoom();
    for (let i = 0; i < count; i++) set(db, "a", `f${i}`, "v", START_MS + 1 + i % 2);
    clock.time_ms = keyspace.now_ms = START_MS + 1;
    const cycle = new ExpireCycle(keyspace, clock);
    cycle.run();
    const reported = gone.flatMap((line) => line.split(" ").slice(1));
    assertEquals(new Set(reported).size, count / 2);
    assertEquals(reported.length, count / 2);
    assertEquals(contents(db, "a")!.size, count / 2);
    gone.length = 0;
    clock.time_ms = keyspace.now_ms = START_MS + 2;
    cycle.run();
    assertEquals(gone, ["a"]);
    assertEquals(db.size, 0);
  }
});

Deno.test("a hash all of whose fields have expired is expired itself, before anybody asks", () => {
  for (const count of [4, 300]) {
    const { room: { keyspace }, db } = hashRoom();
    for (let i = 0; i < count; i++) set(db, "a", `f${i}`, "v", START_MS + 1 + i);
    const ref = db.table.find(Args.of("a").buf, 0, 1);
    keyspace.now_ms = START_MS + count - 1;
    assert(!db.isExpired(ref));
    keyspace.now_ms = START_MS + count;
    assert(db.isExpired(ref));
    keyspace.loading = true;
    assert(!db.isExpired(ref));
    keyspace.loading = false;
    assertEquals(db.peek(Args.of("a"), 0), NONE);
  }
});

Deno.test("times of fields follow their hash to another database, and are forgotten with it", () => {
  const { room: { keyspace, clock }, db, gone } = hashRoom();
  const cycle = new ExpireCycle(keyspace, clock);
  set(db, "a", "f", "v", START_MS + 1);
  set(db, "a", "g", "v");
  set(db, "b", "f", "v", START_MS + 1);
  set(db, "c", "f", "v", START_MS + 1);
  put(db, "b", "a string now");
  db.remove(db.peek(Args.of("c"), 0));
  keyspace.swap(0, 5);
  clock.time_ms = keyspace.now_ms = START_MS + 1;
  cycle.run();
  assertEquals(gone, ["a f"]);
  assertEquals([...contents(keyspace.database(5), "a")!.keys()], ["g"]);
  keyspace.database(5).clear();
  assertEquals(keyspace.database(5).expireFields(), 0);
});

Deno.test("many fields that expire at once are removed in small steps and not seen meanwhile", () => {
  const { room: { keyspace }, db } = hashRoom();
  for (let i = 0; i < 5000; i++) set(db, "a", `f${i}`, "v", START_MS + 1);
  set(db, "a", "stays", "v");
  keyspace.now_ms = START_MS + 1;
  const ref = db.peek(Args.of("a"), 0);
  assertGreater(db.object(ref).usedBytes, 100_000, "only some have been removed");
  assertEquals([...contents(db, "a")!.keys()], ["stays"]);
  const args = Args.of("a", "f4999");
  const hash = new Hash().open(db, args, 0, ref);
  assert(!hash.find(args.buf, args.start(1), args.end(1)));
  const drawn: string[] = [];
  drawFields(hash, 3, keyspace.random, (field, start, end) => drawn.push(text(field, start, end)));
  assertEquals(drawn, ["stays", "stays", "stays"]);
});

Deno.test("fields drawn by chance are equally likely, those sampled are different", () => {
  for (const count of [6, 60]) {
    const { room: { keyspace }, db } = hashRoom();
    for (let i = 0; i < count; i++) set(db, "a", `f${i}`, "v");
    const args = Args.of("a");
    const hash = new Hash().open(db, args, 0, db.peek(args, 0));
    assertEquals(hash.table !== undefined, count > 8);
    const draws = count * 400;
    const counts = new Map<string, number>();
    const tally = (field: Uint8Array, start: number, end: number) => {
      const name = text(field, start, end);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    };
    drawFields(hash, draws / 2, keyspace.random, tally);
    for (let i = 0; i < draws / 2; i++) drawFields(hash, 1, keyspace.random, tally);
    assertEquals(counts.size, count);
    for (const each of counts.values()) {
      assertGreater(each, 280);
      assertLess(each, 520);
    }
    for (let wanted = 1; wanted < count; wanted++) {
      const sample: string[] = [];
      const visit = (f: Uint8Array, s: number, e: number) => sample.push(text(f, s, e));
      sampleFields(hash, wanted, keyspace.random, visit);
      assertEquals(sample.length, wanted);
      assertEquals(new Set(sample).size, wanted);
    }
    counts.clear();
    for (let i = 0; i < draws / 3; i++) sampleFields(hash, 3, keyspace.random, tally);
    for (const each of counts.values()) {
      assertGreater(each, 280);
      assertLess(each, 520);
    }
  }
});

Deno.test("fields are drawn from a packed hash of any length", () => {
  const { room: { keyspace }, db } = hashRoom();
  const limits = { "hash-max-listpack-entries": 3000, "hash-max-listpack-value": 64 };
  for (let i = 0; i < 1700; i++) set(db, "a", `f${i}`, `${i}`, undefined, limits);
  const args = Args.of("a");
  const hash = new Hash().open(db, args, 0, db.peek(args, 0));
  assertEquals(hash.table, undefined);
  drawFields(hash, 5000, keyspace.random, (field, start, end, value, from, to) => {
    assertEquals(text(field, start, end), `f${text(value, from, to)}`);
  });
});

Deno.test("a whole hash is made at once, in the form that fits it", () => {
  const { db } = hashRoom();
  const bytes = (word: string) => new TextEncoder().encode(word);
  for (const count of [0, 3, 8, 9, 100]) {
    const args = Args.of("a");
    const entries = Array.from({ length: count }, (_, i) => ({
      field: bytes(`f${i}`),
      value: bytes(`v${i}`),
      ...(i === 1 ? { expiry_ms: START_MS + 5 } : {}),
    }));
    put(db, "a", "something else", START_MS + 100);
    assertEquals(storeHash(db, db.peek(args, 0), args, 0, SMALL, entries), count > 0);
    const ref = db.peek(args, 0);
    assertEquals(ref === NONE, count === 0);
    if (ref === NONE) continue;
    assertEquals(db.encoding(ref) === OBJECT, count > 8);
    assertEquals(db.expiry(ref), undefined);
    assertEquals(contents(db, "a")!.size, count);
    assertEquals(contents(db, "a")!.get("f1"), { value: "v1", expiry: START_MS + 5 });
  }
  const twice = [{ field: bytes("f"), value: bytes("1") }, {
    field: bytes("f"),
    value: bytes("2"),
  }];
  const args = Args.of("z");
  assertThrows(() => storeHash(db, db.peek(args, 0), args, 0, SMALL, twice), RangeError);
  assertEquals(db.peek(args, 0), NONE);
});

Deno.test("deleting most of a large hash gives memory back", () => {
  const { db } = hashRoom();
  const count = 60_000;
  for (let i = 0; i < count; i++) set(db, "a", `field:${i}`, "x".repeat(40));
  const args = Args.of("a");
  const { table } = new Hash().open(db, args, 0, db.peek(args, 0));
  const full = table!.table.reservedBytes;
  for (let i = 0; i < count * 0.9; i++) {
    const named = Args.of("a", `field:${(i * 7) % count}`);
    const hash = new Hash().open(db, named, 0, db.peek(named, 0), SMALL);
    assert(hash.remove(named.buf, named.start(1), named.end(1)));
    hash.commit();
  }
  assertLess(table!.table.reservedBytes, full * 0.6);
  assertEquals(contents(db, "a")!.size, count / 10);
});
