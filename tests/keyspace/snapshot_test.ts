import { Buffer } from "node:buffer";
import type { Database, Ref } from "../../lib/keyspace/database.ts";
import { keyEvent } from "../../lib/keyspace/events.ts";
import type { Keyspace } from "../../lib/keyspace/keyspace.ts";
import type { KeptRecord } from "../../lib/keyspace/kept_record.ts";
import { KeyspaceSnapshot, type RecordSink } from "../../lib/keyspace/snapshot.ts";
import { BLOCK_BYTES, HeldValue } from "../../lib/memory/held_value.ts";
import { RAW } from "../../lib/keyspace/value.ts";
import { Args } from "../../lib/resp/args.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { makeRoom, put, START_MS } from "./room.ts";

const { seed, size } = flags(20);
const SET = keyEvent("set", "string");

/** Notes what it is given, and takes some steps for a large value. */
class Notes implements RecordSink {
  readonly lines: string[] = [];
  /** Whether a large value is under way. */
  isOpen = false;

  record(db: Database, index: number, ref: Ref): void {
    this.lines.push(lineOf(db, index, ref));
  }

  *pieces({ index, key, expiry_ms, value }: KeptRecord): Generator<void, void, void> {
    assert(value instanceof HeldValue);
    this.isOpen = true;
    yield;
    let text = "";
    for (let at = value.valueStart; at < value.valueEnd; at += BLOCK_BYTES) {
      const block = value.block(at, Math.min(at + BLOCK_BYTES, value.valueEnd));
      text += Buffer.from(block.bytes.subarray(block.start, block.end)).toString("latin1");
      yield;
    }
    this.isOpen = false;
    this.lines.push(`${index} ${key} ${shorten(text)} ${expiry_ms}`);
  }
}

function lineOf(db: Database, index: number, ref: Ref): string {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  const value = bytes.toString("latin1", valueStart, valueEnd);
  return `${index} ${db.keyOf(ref)} ${shorten(value)} ${db.expiry(ref)}`;
}

/** Long values differ by their lengths and by where something else stands in them. */
function shorten(value: string): string {
  const { length } = value;
  return length > 99 ? `${length} ${[...value.matchAll(/[^L]/g)].map((m) => m.index)}` : value;
}

function contents(keyspace: Keyspace): string[] {
  const lines: string[] = [];
  for (const db of keyspace.databases()) {
    db.table.forEach((ref) => lines.push(lineOf(db, db.index, ref)));
  }
  return lines.sort();
}

/** A change as a command makes it: what it is about to touch is preserved first. */
function change(keyspace: Keyspace, chance: Seeded, i: number): void {
  const db = keyspace.database(chance.below(2));
  const key = `key${chance.below(150)}`;
  const args = Args.of(key);
  db.preserveKey(args, 0);
  const ref = db.peek(args, 0);
  const kind = chance.below(100);
  if (kind < 10 && ref !== 0) { // in place
    const { valueStart, valueEnd } = db.locate(ref);
    const at = chance.below(valueEnd - valueStart);
    db.overwriting(ref, at, at + 1);
    db.locate(ref).bytes[db.table.valueStart + at] = 33 + chance.below(60);
    db.changed(SET, args, 0);
  } else if (kind < 15 && ref !== 0) {
    const { valueStart, valueEnd } = db.locate(ref);
    db.resizeValue(ref, RAW, valueEnd - valueStart + 10);
    db.changed(SET, args, 0);
  } else if (kind < 60) {
    put(db, key, chance.chance(0.05) ? "L".repeat(100_000 + i) : `value ${i}`);
    db.changed(SET, args, 0);
  } else if (kind < 80 && ref !== 0) {
    db.remove(ref);
  } else if (kind < 90 && ref !== 0) {
    db.setExpiry(ref, START_MS + 1 + chance.below(400));
  } else if (kind === 97) {
    db.clear();
  } else if (kind === 98) {
    keyspace.swap(0, 1);
  } else {
    keyspace.now_ms += 2; // keys expire on access
    db.table.compact(16);
  }
}

Deno.test("a snapshot holds each record of its moment once, as it was, whatever happens", () => {
  for (let round = 0; round < size; round++) {
    const chance = new Seeded(seed + round);
    const { keyspace } = makeRoom(seed);
    for (let i = 0; i < 400; i++) change(keyspace, chance, i);
    const expected = contents(keyspace);
    const notes = new Notes();
    const snapshot = new KeyspaceSnapshot(keyspace, notes);
    assertStrictEquals(snapshot.total, expected.length);
    for (let i = 0; !snapshot.step(); i++) {
      for (let n = chance.below(4); n > 0; n--) change(keyspace, chance, 1000 + i);
      assert(i < 100_000, "the walk does not end");
    }
    assertEquals(notes.lines.sort(), expected, `seed ${seed + round}`);
    assertStrictEquals(snapshot.records, expected.length);
    assertStrictEquals(snapshot.missedKey, undefined);
    assertStrictEquals(keyspace.preserver, undefined);
  }
});

Deno.test("after a snapshot that was given up the next one is whole", () => {
  for (let round = 0; round < size; round++) {
    const chance = new Seeded(seed + round);
    const { keyspace } = makeRoom(seed);
    for (let i = 0; i < 400; i++) change(keyspace, chance, i);
    const first = new KeyspaceSnapshot(keyspace, new Notes());
    for (let steps = chance.below(5); steps > 0; steps--) {
      assert(!first.step());
      change(keyspace, chance, steps);
    }
    assertThrows(() => new KeyspaceSnapshot(keyspace, new Notes()), Error, "under way");
    first.abandon();
    while (!first.step()) change(keyspace, chance, 1);
    const expected = contents(keyspace);
    const notes = new Notes();
    const second = new KeyspaceSnapshot(keyspace, notes);
    while (!second.step());
    assertEquals(notes.lines.sort(), expected, `seed ${seed + round}`);
  }
});

Deno.test("a change behind the snapshot's back is noticed", () => {
  const { keyspace } = makeRoom(seed);
  const db = keyspace.database(0);
  put(db, "a", "1");
  const snapshot = new KeyspaceSnapshot(keyspace, new Notes());
  put(db, "new", "1"); // made after the moment: not the snapshot's affair
  db.changed(SET, Args.of("new"), 0);
  assertStrictEquals(snapshot.missedKey, undefined);
  put(db, "a", "2");
  db.changed(SET, Args.of("a"), 0);
  assertStrictEquals(snapshot.missedKey, "a");
});

Deno.test("a large value that is about to change or to go is not written then, but later as it was", () => {
  const { keyspace } = makeRoom(seed);
  const db = keyspace.database(0);
  const text = "L".repeat(200_000);
  put(db, "large", text);
  const expected = contents(keyspace);
  for (const removes of [false, true]) {
    const notes = new Notes();
    const snapshot = new KeyspaceSnapshot(keyspace, notes);
    for (let i = 0; i < 10_000 && !notes.isOpen; i++) snapshot.step();
    assert(notes.isOpen);
    const args = Args.of("large");
    db.preserveKey(args, 0);
    if (removes) db.remove(db.peek(args, 0));
    else put(db, "large", text);
    assertStrictEquals(notes.lines.length, 0);
    while (!snapshot.step());
    assertEquals(notes.lines, expected);
  }
});

Deno.test("what gathers behind a large value makes the snapshot hurry, and has an end", () => {
  const { keyspace } = makeRoom(seed);
  const db = keyspace.database(0);
  put(db, "large", "L".repeat(200_000));
  const keys = Array.from({ length: 1300 }, (_, i) => `key${i}`);
  for (const key of keys) put(db, key, "L".repeat(60_000));
  const notes = new Notes();
  const snapshot = new KeyspaceSnapshot(keyspace, notes);
  db.preserveKey(Args.of("large"), 0);
  while (!notes.isOpen) snapshot.step();
  let gathered_bytes = 0;
  for (const key of keys) {
    db.preserveKey(Args.of(key), 0);
    gathered_bytes += 60_000;
    if (gathered_bytes < 7e6) assert(!snapshot.isPressed);
    else if (gathered_bytes > 9e6 && gathered_bytes < 60e6) assert(snapshot.isPressed);
    if (gathered_bytes < 60e6) assert(notes.isOpen);
  }
  assert(!notes.isOpen, "the large value was written to its end");
  assert(!snapshot.isPressed);
  while (!snapshot.step());
  assertStrictEquals(notes.lines.length, keys.length + 1);
});

Deno.test("long strings that have gone make the snapshot hurry until they are written", () => {
  const { keyspace } = makeRoom(seed);
  const db = keyspace.database(0);
  const keys = Array.from({ length: 10 }, (_, i) => `large${i}`);
  for (const key of keys) put(db, key, "L".repeat(1_000_000));
  const notes = new Notes();
  const snapshot = new KeyspaceSnapshot(keyspace, notes);
  for (const key of keys) db.preserveKey(Args.of(key), 0);
  assert(!snapshot.isPressed, "all of them are still there");
  for (const key of keys.slice(0, 5)) db.remove(db.peek(Args.of(key), 0));
  for (const key of keys.slice(5)) {
    const ref = db.peek(Args.of(key), 0);
    db.overwriting(ref, 0, 1_000_000);
    assert(db.locate(ref).bytes.length >= 1_000_000);
  }
  assert(snapshot.isPressed);
  while (notes.lines.length < 5) snapshot.step();
  assert(!snapshot.isPressed);
  while (!snapshot.step());
  assertStrictEquals(notes.lines.length, keys.length);
});
