/**
 * Moments of large hashes, sets and sorted sets: each element comes once, as it was, whatever changes
 * in between.
 */

import { Buffer } from "node:buffer";
import { KeptBytes } from "../../lib/memory/kept_bytes.ts";
import type { ValueObject } from "../../lib/keyspace/value.ts";
import { NONE } from "../../lib/memory/record_table.ts";
import { Args } from "../../lib/resp/args.ts";
import { HashTable } from "../../lib/types/hash/hash_table.ts";
import { ListDeque } from "../../lib/types/list/deque.ts";
import type { ElementWalk } from "../../lib/types/moment/element_walk.ts";
import type { TableMoment } from "../../lib/types/moment/table_moment.ts";
import { SetTable } from "../../lib/types/set/set_table.ts";
import { Stream } from "../../lib/types/stream/stream.ts";
import { LargeZset } from "../../lib/types/zset/large_zset.ts";
import { readScore } from "../../lib/types/zset/score.ts";
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const { seed, size } = flags(6);
const SEED = { k0: 1, k1: 2 };
const COUNT = 4000;
/** Long enough to stand in a buffer of its own. */
const LONG = "long ".repeat(20_000);

/** A value with a model of it beside: what it holds, in words. */
interface Subject {
  readonly value: HashTable | SetTable | LargeZset;
  /** Element by key. */
  readonly model: Map<string, string>;
  change(chance: Seeded): void;
  /** The element at hand, as the model has it. */
  read(walk: ElementWalk): [key: string, value: string];
}

const keyOf = ({ bytes, keyStart, valueStart }: ElementWalk) =>
  bytes.toString("latin1", keyStart, valueStart);
const valueOf = ({ bytes, valueStart, valueEnd }: ElementWalk) =>
  bytes.toString("latin1", valueStart, valueEnd);
const named = (i: number) => Buffer.from(`element:${i}`, "latin1");
const drawn = (chance: Seeded) => named(chance.below(2 * COUNT));

function hashSubject(): Subject {
  const value = new HashTable(SEED);
  const model = new Map<string, string>();
  const set = (field: Buffer, text: string) => {
    const bytes = Buffer.from(text, "latin1");
    const ref = value.find(field, 0, field.length);
    if (ref === NONE) value.insert(field, 0, field.length, bytes, 0, bytes.length);
    else value.setValue(ref, bytes, 0, bytes.length, false);
    model.set(field.toString("latin1"), `${text} undefined`);
  };
  for (let i = 0; i < COUNT; i++) set(named(i), i % 500 === 0 ? LONG : `value ${i}`.repeat(9));
  return {
    value,
    model,
    change(chance) {
      const field = drawn(chance);
      const ref = value.find(field, 0, field.length);
      const name = field.toString("latin1");
      const kind = chance.below(10);
      if (kind < 5 || ref === NONE) {
        set(field, chance.chance(0.02) ? LONG : `${chance.below(100)}`);
      } else if (kind < 8) {
        value.remove(ref);
        model.delete(name);
      } else {
        const at_ms = chance.chance(0.3) ? undefined : 1e12 + chance.below(1000);
        value.setExpiry(ref, at_ms);
        model.set(name, model.get(name)!.replace(/ \w+$/, ` ${at_ms}`));
      }
    },
    read: (walk) => [keyOf(walk), `${valueOf(walk)} ${walk.expiry_ms}`],
  };
}

function setSubject(): Subject {
  const value = new SetTable(SEED);
  const model = new Map<string, string>();
  const add = (member: Buffer) => {
    value.add(member, 0, member.length);
    model.set(member.toString("latin1"), "");
  };
  for (let i = 0; i < 4 * COUNT; i++) add(named(i));
  add(Buffer.from(LONG, "latin1"));
  return {
    value,
    model,
    change(chance) {
      const member = chance.chance(0.01)
        ? Buffer.from(LONG, "latin1")
        : named(chance.below(8 * COUNT));
      if (chance.chance(0.3)) return add(member);
      value.remove(member, 0, member.length);
      model.delete(member.toString("latin1"));
    },
    read: (walk) => [keyOf(walk), ""],
  };
}

function zsetSubject(): Subject {
  const value = new LargeZset(SEED);
  const model = new Map<string, string>();
  const add = (member: Buffer, score: number) => {
    const ref = value.find(member, 0, member.length);
    if (ref === NONE) value.insert(member, 0, member.length, score);
    else value.rescore(ref, score, member, 0, member.length);
    model.set(member.toString("latin1"), String(score));
  };
  for (let i = 0; i < 4 * COUNT; i++) add(named(i), (i * 7919) % 3000);
  return {
    value,
    model,
    change(chance) {
      const member = named(chance.below(5 * COUNT));
      if (chance.chance(0.4)) return add(member, chance.below(6000) / 2);
      if (value.size === 0) return;
      // A whole stretch goes, so that nodes of the tree are joined and dropped.
      for (let left = chance.below(200), rank = chance.below(value.size); left > 0; left--) {
        if (rank >= value.size) return;
        value.tree.seekRank(rank);
        value.table.locate(value.tree.ref);
        const { bytes, keyStart, valueStart } = value.table;
        model.delete(bytes.toString("latin1", keyStart, valueStart));
        value.removeHere();
      }
    },
    read: (walk) => [keyOf(walk), String(readScore(walk.bytes, walk.valueStart))],
  };
}

const SUBJECTS = { hash: hashSubject, set: setSubject, zset: zsetSubject };

/** Reads all of a moment, with changes in the rests; `rests_max` stops it before. */
function readAll(
  { change, read }: Subject,
  moment: TableMoment,
  chance: Seeded,
  rests_max = Infinity,
): [string, string][] {
  const found: [string, string][] = [];
  let rests = 0;
  while (moment.next()) {
    if (!moment.isResting) {
      found.push(read(moment));
      continue;
    }
    if (++rests > rests_max) break;
    for (let i = chance.below(100); i > 0; i--) change(chance);
  }
  return found;
}

for (const [kind, make] of Object.entries(SUBJECTS)) {
  Deno.test(`a ${kind} is read as it was while it changes, time and again`, () => {
    for (let round = 0; round < size; round++) {
      const chance = new Seeded(seed + round);
      const subject = make();
      for (let i = 0; i < 3; i++) {
        const kept = new KeptBytes();
        const expected = [...subject.model].sort();
        const moment = subject.value.keep(-Infinity, kept);
        assertThrows(() => subject.value.keep(-Infinity, kept), Error, "one moment");
        if ("isBackwards" in moment) moment.isBackwards = i % 2 === 0;
        if (chance.chance(0.5)) subject.change(chance);
        if (chance.chance(0.3)) {
          readAll(subject, moment, chance, chance.below(5));
          while (!moment.drain()) subject.change(chance);
        } else {
          assertEquals(readAll(subject, moment, chance).sort(), expected, `seed ${seed + round}`);
          moment.end();
        }
        assertEquals(kept.bytes, 0);
      }
    }
  });

  Deno.test(`a ${kind} that is freed meanwhile gives its memory back when it was read`, () => {
    const subject = make();
    const { value } = subject;
    const expected = [...subject.model].sort();
    const moment = value.keep(-Infinity, new KeptBytes());
    value.free();
    const found: [string, string][] = [];
    while (moment.next()) if (!moment.isResting) found.push(subject.read(moment));
    assertEquals(found.sort(), expected);
    assert(value.usedBytes > 50_000);
    moment.end();
    assert(value.usedBytes < 50_000, `${value.usedBytes} bytes are left`);
  });
}

Deno.test("a sorted set comes in order, but for what has changed", () => {
  const chance = new Seeded(seed);
  for (const isBackwards of [true, false]) {
    const subject = zsetSubject();
    const moment = (subject.value as LargeZset).keep(0, new KeptBytes());
    moment.isBackwards = isBackwards;
    const scores = readAll(subject, moment, chance).map(([, score]) => Number(score));
    let descents = 0;
    for (let i = 1; i < scores.length; i++) {
      if (isBackwards ? scores[i] > scores[i - 1] : scores[i] < scores[i - 1]) descents++;
    }
    assert(descents < scores.length / 2, `${descents} of ${scores.length} are out of order`);
    moment.end();
  }
});

Deno.test("fields that had expired at the moment are not part of it, unless they are very many", () => {
  const cases = [{ expired: 100, count: 1000, first_ms: 2100 }, {
    expired: 5000,
    count: 6000,
    first_ms: 10,
  }];
  for (const { expired, count, first_ms } of cases) {
    const hash = new HashTable(SEED);
    for (let i = 0; i < expired + 1000; i++) {
      const field = named(i);
      hash.find(field, 0, field.length);
      const ref = hash.insert(field, 0, field.length, field, 0, field.length);
      if (i < expired) hash.setExpiry(ref, 10 + i / expired);
      else if (i % 2 === 0) hash.setExpiry(ref, 2000 + i);
    }
    const moment = hash.keep(20, new KeptBytes());
    assertEquals(moment.count, count);
    assertEquals(moment.first_ms, first_ms);
    let found = 0;
    while (moment.next()) if (!moment.isResting) found++;
    assertEquals(found, count);
    moment.end();
  }
});

Deno.test("a member too long to be copied keeps its score, though that is changed in place", () => {
  const zset = new LargeZset(SEED);
  const member = Buffer.from(LONG, "latin1");
  for (const [name, score] of [[named(1), 1], [member, 2], [named(3), 3]] as const) {
    zset.find(name, 0, name.length);
    zset.insert(name, 0, name.length, score);
  }
  const kept = new KeptBytes();
  for (const isWalkedFirst of [false, true]) {
    const moment = zset.keep(0, kept);
    const before = zset.scoreOf(zset.find(member, 0, member.length));
    const scores: number[] = [];
    if (isWalkedFirst) {
      while (scores.length < 2) if (moment.next()) scores.push(scoreAt(moment));
    }
    zset.rescore(zset.find(member, 0, member.length), before + 0.5, member, 0, member.length);
    if (isWalkedFirst) assertEquals(scoreAt(moment), before, "the element at hand stays as it was");
    while (moment.next()) if (!moment.isResting) scores.push(scoreAt(moment));
    assertEquals(scores.sort(), [1, before, 3]);
    moment.end();
    assertEquals(zset.scoreOf(zset.find(member, 0, member.length)), before + 0.5);
    assertEquals(kept.bytes, 0);
  }
});

const scoreAt = (walk: ElementWalk) => readScore(walk.bytes, walk.valueStart);

Deno.test("a moment given up within a very long element touches nothing that has gone since", () => {
  for (let number = 1; number <= 10; number++) giveUpWithin(number);
});

/** Gives up within one of the very long members of a set. */
function giveUpWithin(number: number): void {
  const set = new SetTable(SEED);
  const add = (member: Buffer) => set.add(member, 0, member.length);
  const others = Array.from({ length: 200 }, (_, i) => named(i));
  for (let i = 0; i < 30; i++) add(Buffer.from(`${i}${LONG}`, "latin1")); // first in their buckets
  for (const member of others) add(member);
  const moment = set.keep(0, new KeptBytes());
  while (number > 0) {
    assert(moment.next());
    if (moment.valueStart - moment.keyStart > LONG.length) number--;
  }
  // The encoder rests within the element. What stood beside it goes, and other members, of another
  // size, come to where it was; then the snapshot is given up.
  for (const member of others) set.remove(member, 0, member.length);
  const added = Array.from({ length: 400 }, (_, i) => Buffer.from(`${i}`.padEnd(900, "\x01")));
  for (const member of added) add(member);
  while (!moment.drain());
  for (const member of added) assert(set.has(member, 0, member.length), `${member}`);
  set.table.forEach((ref) => assert(!set.table.isOld(ref)));
  for (const member of [...others, ...added]) add(member);
  for (const member of [...others, ...added]) assert(set.remove(member, 0, member.length));
  assertEquals(set.size, 30);
}

Deno.test("what is in memory for the sake of a moment only is counted, and no more when it ends", () => {
  const values = { hash: hashSubject(), set: setSubject(), zset: zsetSubject() };
  const stream = new Stream();
  const list = new ListDeque(-2);
  const args = Args.of("field", "v".repeat(1000));
  for (let i = 1; i <= COUNT; i++) {
    stream.append({ ms: i, seq: 0 }, args, 0, 1, { bytes_max: 4096, entries_max: 100 });
    list.push(false, args.buf, args.start(1), args.end(1));
  }
  const all: [ValueObject, () => void][] = [
    ...Object.values(values).map(({ value }): [ValueObject, () => void] => [value, () => {}]),
    [stream, () => void stream.trimToLength(COUNT / 2, true, 0)],
    [list, () => list.drop(true, COUNT / 2)],
  ];
  for (const [value, lose] of all) {
    const kept = new KeptBytes();
    const { usedBytes } = value;
    const moment = value.keep(-Infinity, kept);
    assertEquals(kept.bytes, 0);
    lose();
    if (value === stream || value === list) assert(kept.bytes > usedBytes / 3, value.type);
    value.free();
    assert(kept.bytes > usedBytes / 2, `${value.type}: ${kept.bytes} of ${usedBytes}`);
    while (!moment.drain());
    assertEquals(kept.bytes, 0, value.type);
  }
});
