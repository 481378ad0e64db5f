import type { Database, Ref } from "../../lib/keyspace/database.ts";
import { keyEvent } from "../../lib/keyspace/events.ts";
import type { Keyspace } from "../../lib/keyspace/keyspace.ts";
import { KeyspaceSnapshot, type RecordSink } from "../../lib/keyspace/snapshot.ts";
import { Args } from "../../lib/resp/args.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { makeRoom, put, START_MS } from "./room.ts";

const { seed, size } = flags(20);
const SET = keyEvent("set", "string");

/** Notes what it is given, and takes three steps for a large value. */
class Notes implements RecordSink {
  readonly lines: string[] = [];
  /** Whether a large value is under way. */
  isOpen = false;

  record(db: Database, index: number, ref: Ref): void {
    this.lines.push(lineOf(db, index, ref));
  }

  *pieces(db: Database, index: number, ref: Ref): Generator<void, void, void> {
    const line = lineOf(db, index, ref);
    this.isOpen = true;
    yield;
    yield;
    this.isOpen = false;
    this.lines.push(line);
  }
}

function lineOf(db: Database, index: number, ref: Ref): string {
  const { bytes, valueStart, valueEnd } = db.locate(ref);
  const value = bytes.toString("latin1", valueStart, valueEnd);
  return `${index} ${db.keyOf(ref)} ${value.length > 99 ? value.length : value} ${db.expiry(ref)}`;
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
  if (kind < 60) {
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

Deno.test("a large value that is about to change while it is written in pieces is finished first", () => {
  const { keyspace } = makeRoom(seed);
  const db = keyspace.database(0);
  put(db, "large", "L".repeat(200_000));
  const notes = new Notes();
  const snapshot = new KeyspaceSnapshot(keyspace, notes);
  for (let i = 0; i < 10_000 && !notes.isOpen; i++) snapshot.step();
  assert(notes.isOpen);
  db.preserveKey(Args.of("large"), 0);
  assertStrictEquals(notes.lines.length, 1);
  assert(!notes.isOpen);
});
