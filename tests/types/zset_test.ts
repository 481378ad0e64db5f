/** Sorted sets beside a naive one: the same members, ranks and ranges after any run of changes. */

import { Keyspace } from "../../lib/keyspace/keyspace.ts";
import { NONE } from "../../lib/keyspace/database.ts";
import { OBJECT, ZSET_PACKED } from "../../lib/keyspace/value.ts";
import { SeededRandom } from "../../lib/platform/random.ts";
import { Args } from "../../lib/resp/args.ts";
import { storeZset } from "../../lib/types/zset/build.ts";
import { LargeZset } from "../../lib/types/zset/large_zset.ts";
import { MemberList } from "../../lib/types/zset/member_list.ts";
import type { LexBound } from "../../lib/types/zset/range.ts";
import {
  baseAfter,
  readScoreFrom,
  scoreLength,
  writeScoreFrom,
} from "../../lib/types/zset/score.ts";
import { zsetAt } from "../../lib/types/zset/view.ts";
import { Zset } from "../../lib/types/zset/zset.ts";
import { PackedRun } from "../../lib/types/zset/packed_run.ts";
import {
  AddResult,
  AddRule,
  type PackedLimits,
  ZsetWriter,
} from "../../lib/types/zset/zset_writer.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

type Pair = readonly [member: string, score: number];

const ARGS = Args.of("ZADD", "key");

function database() {
  return new Keyspace(1, { k0: 1, k1: 2 }, new SeededRandom(1), 0).database(0);
}

function byScoreThenMember(a: Pair, b: Pair): number {
  return a[1] - b[1] || (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
}

/** A naive sorted set. */
class Model {
  readonly scores = new Map<string, number>();

  get sorted(): Pair[] {
    return [...this.scores].sort(byScoreThenMember);
  }
}

function bound(text: string, exclusive: boolean): LexBound {
  const buf = new TextEncoder().encode(text);
  return { kind: "member", buf, start: 0, end: buf.length, exclusive };
}

const LOWEST: LexBound = { ...bound("", false), kind: "lowest" };
const HIGHEST: LexBound = { ...bound("", false), kind: "highest" };

function lexTest(bound: LexBound, text: string, asMin: boolean): boolean {
  if (bound.kind !== "member") return asMin === (bound.kind === "lowest");
  const other = new TextDecoder().decode(bound.buf);
  if (text === other) return !bound.exclusive;
  return asMin ? text > other : text < other;
}

type AnyScore = (chance: Seeded) => number;

const SAME: AnyScore = () => 0;

/** About so many whole scores, and fractions among them. */
function scores(count: number): AnyScore {
  return (chance) =>
    chance.chance(0.2) ? chance.below(1e6) / 7 : Math.round(chance.below(count) - count / 3);
}

/** Scores of all sizes, so that those side by side are near and far from each other. */
const WIDE: AnyScore = (chance) => {
  const whole = Math.round((chance.below(2 ** 53) - 2 ** 52) / 2 ** chance.below(53)) + 0;
  const edge = chance.pick([2 ** 53, -(2 ** 53), 2 ** 53 - 1, 1 - 2 ** 53, 2097151, 2097152]);
  return chance.pick([whole, whole, whole, edge, whole + 0.5, Infinity, -Infinity, 1e300]);
};

/** A run of random changes to one key, checked against the model now and then. */
function run(
  seed: number,
  steps: number,
  limits: PackedLimits,
  members: number,
  aScore: AnyScore,
) {
  const chance = new Seeded(seed);
  const db = database();
  const model = new Model();
  const writer = new ZsetWriter();
  const name = () =>
    // some end as others do, some take two bytes for their length
    `${chance.pick(["", "", "z"])}m${chance.below(members)}`
      .padEnd(chance.chance(0.02) ? chance.pick([90, 200]) : 1, "x");
  for (let step = 0, left = 0; step < steps; step++) {
    if (left === 0) {
      left = chance.pick([1, 1, 2, 10]);
      writer.open(db, ARGS, 1, db.lookupWrite(ARGS, 1), limits, left);
    }
    const member = name();
    const buf = new TextEncoder().encode(member);
    const old = model.scores.get(member);
    const growing = Math.floor(step / (steps / 6)) % 2 === 0;
    if (chance.chance(growing ? 0.85 : 0.25)) {
      const score = aScore(chance);
      const rules = chance.pick([0, 0, 0, AddRule.increment, AddRule.onlyNew, AddRule.onlyGreater]);
      const result = writer.add(buf, 0, buf.length, score, rules);
      if (old === undefined) {
        assertEquals(result, AddResult.added);
        model.scores.set(member, score);
      } else if (result === AddResult.changed) {
        model.scores.set(member, rules === AddRule.increment ? old + score : score);
        assertEquals(writer.score, model.scores.get(member));
      } else if (result === AddResult.same) {
        assertEquals(writer.score, old);
      } else if (result === AddResult.notANumber) {
        assert(Number.isNaN(old + score));
      } else {
        assert(rules !== 0 && rules !== AddRule.increment);
      }
    } else if (!writer.isEmpty && chance.chance(0.15)) {
      const first = chance.below(model.scores.size);
      const count = Math.min(model.scores.size - first, chance.below(5) + 1);
      for (const [gone] of model.sorted.slice(first, first + count)) model.scores.delete(gone);
      writer.removeRanks(first, count);
    } else {
      assertEquals(writer.remove(buf, 0, buf.length), model.scores.delete(member));
    }
    assertEquals(writer.isEmpty, model.scores.size === 0);
    if (--left > 0 && step < steps - 1) continue;
    const isEmpty = writer.isEmpty;
    writer.close();
    if (isEmpty && writer.ref !== NONE) db.remove(writer.ref);
    if (!isEmpty && (step % 23 === 0 || step === steps - 1)) check(db, model, chance);
  }
  return db;
}

/** Compares everything that can be asked. */
function check(db: ReturnType<typeof database>, model: Model, chance: Seeded): void {
  const { sorted } = model;
  const ref = db.peek(ARGS, 1);
  const view = zsetAt(db, ref);
  const texts = (backwards: boolean) => {
    const found: Pair[] = [];
    view.forEach((buf, start, end, score) => {
      found.push([new TextDecoder().decode(buf.subarray(start, end)), score]);
    }, backwards);
    return found;
  };
  assertEquals(view.size, sorted.length);
  assertEquals(texts(false), sorted);
  assertEquals(texts(true), sorted.toReversed());
  const zset = new Zset().open(db, ref);
  for (let i = 0; i < 20; i++) {
    const at = chance.below(sorted.length);
    const buf = new TextEncoder().encode(sorted[at][0]);
    assertEquals(zset.rank(buf, 0, buf.length), at);
    assertEquals(zset.score, sorted[at][1]);
    const limits = [chance.pick(sorted)[1], chance.pick(sorted)[1] + chance.pick([0, 0.5])];
    const range = {
      min: Math.min(...limits),
      max: Math.max(...limits),
      minExclusive: chance.chance(0.5),
      maxExclusive: chance.chance(0.5),
    };
    zset.byScore(range);
    const inRange = sorted.filter(([, score]) =>
      (range.minExclusive ? score > range.min : score >= range.min) &&
      (range.maxExclusive ? score < range.max : score <= range.max)
    );
    assertEquals(zset.count, inRange.length);
    if (inRange.length > 0) assertEquals(zset.first, sorted.indexOf(inRange[0]));
    checkWalk(zset, sorted.filter(([, score]) => score >= range.min), chance);
  }
  if (sorted.some(([, score]) => score !== sorted[0][1])) return;
  for (let i = 0; i < 20; i++) {
    const range = {
      min: chance.pick([LOWEST, HIGHEST, bound(chance.pick(sorted)[0], chance.chance(0.5))]),
      max: chance.pick([LOWEST, HIGHEST, bound(chance.pick(sorted)[0], chance.chance(0.5))]),
    };
    zset.byMember(range);
    const inRange = sorted.filter(([member]) =>
      lexTest(range.min, member, true) && lexTest(range.max, member, false)
    );
    assertEquals(zset.count, inRange.length);
    if (inRange.length > 0) assertEquals(zset.first, sorted.indexOf(inRange[0]));
  }
}

/** Walks from the score of the first of `rest` on, passing over some elements. */
function checkWalk(zset: Zset, rest: Pair[], chance: Seeded): void {
  zset.seekScore(rest[0][1]);
  for (const [member, score] of rest) {
    if (chance.chance(0.5)) {
      assertEquals(zset.nextScore, score);
      if (chance.chance(0.5)) {
        zset.skip(); // only then
        continue;
      }
    }
    assert(zset.step());
    assertEquals(zset.score, score);
    const text = new TextDecoder().decode(zset.bytes.subarray(zset.start, zset.end));
    assertEquals(text, member);
  }
  assertEquals(zset.nextScore, NaN);
  assert(!zset.step());
}

Deno.test("a packed sorted set is what a naive one is", () => {
  const { seed, size } = flags(4000);
  const limits = { entries_max: 256, member_bytes_max: 1000 };
  const db = run(seed, size, limits, 40, scores(20));
  run(seed + 1, Math.ceil(size / 4), limits, 40, SAME);
  run(seed + 2, size, limits, 40, WIDE);
  const ref = db.peek(ARGS, 1); // some seeds end with an empty one
  assert(ref === NONE || db.encoding(ref) === ZSET_PACKED);
});

Deno.test("a large sorted set is what a naive one is", () => {
  const { seed, size } = flags(20_000);
  const limits = { entries_max: 8, member_bytes_max: 64 };
  const db = run(seed, size, limits, 5000, scores(1000));
  assertEquals(db.encoding(db.peek(ARGS, 1)), OBJECT);
  run(seed + 1, Math.ceil(size / 4), limits, 3000, SAME); // all scores are equal
});

Deno.test("members in any order of arrival are in order, and the tree shrinks to nothing", () => {
  const { seed } = flags(0);
  const chance = new Seeded(seed);
  const orders: ((i: number) => number)[] = [
    (i) => i,
    (i) => -i,
    () => chance.below(1000),
    () => 7,
  ];
  for (const scoreOf of orders) {
    const large = new LargeZset({ k0: 1, k1: 2 });
    const pairs: Pair[] = [];
    for (let i = 0; i < 9000; i++) {
      const buf = new TextEncoder().encode(`member:${(i * 7919) % 9000}`);
      const score = scoreOf(i);
      assertEquals(large.find(buf, 0, buf.length), NONE);
      large.insert(buf, 0, buf.length, score);
      pairs.push([`member:${(i * 7919) % 9000}`, score]);
    }
    const copy = large.clone();
    for (const zset of [large, copy]) {
      const rest = pairs.toSorted(byScoreThenMember);
      while (rest.length > 0) {
        const rank = chance.pick([0, rest.length - 1, chance.below(rest.length)]);
        zset.tree.seekRank(rank);
        assertEquals(zset.tree.score, rest[rank][1]);
        assertEquals(zset.tree.rank, rank);
        const [[member, score]] = rest.splice(rank, 1);
        const buf = new TextEncoder().encode(member);
        assertEquals(zset.scoreOf(zset.find(buf, 0, buf.length)), score);
        zset.removeRank(rank);
        assertEquals(zset.size, rest.length);
      }
      zset.free();
    }
  }
});

Deno.test("scores counted from the one before read back as they were written", () => {
  const buf = new Uint8Array(16);
  const chance = new Seeded(1);
  const all = [0, 127, 128, 16383, 16384, 2097151, 2097152, -1, -255, -256, 0.1, -0.5, 5e-324];
  all.push(2 ** 53, 2 ** 53 - 1, -(2 ** 53), 1 - 2 ** 53, 3479447370796909, 1e300);
  for (let i = 0; i < 500; i++) {
    all.push(Math.round((chance.below(2 ** 53) - 2 ** 52) / 2 ** chance.below(53)) + 0);
  }
  const ordered = [-Infinity, ...all.sort((a, b) => a - b), Infinity];
  for (const [i, score] of ordered.entries()) {
    for (let other = 0; other <= i; other++) {
      const base = baseAfter(ordered[other]);
      const end = writeScoreFrom(buf, 3, score, base);
      assertEquals(scoreLength(buf[3]), end - 3);
      assertEquals(readScoreFrom(buf, 3, base), score);
    }
  }
});

Deno.test("times in ms that are a second apart take two bytes each", () => {
  const db = database();
  const writer = new ZsetWriter();
  const limits = { entries_max: 128, member_bytes_max: 64 };
  for (let i = 0; i < 100; i++) {
    writer.open(db, ARGS, 1, db.lookupWrite(ARGS, 1), limits);
    writer.add(new TextEncoder().encode(`m${i + 100}`), 0, 4, 1.7e12 + 997 * i, 0);
    writer.close();
  }
  const { valueStart, valueEnd } = db.locate(db.peek(ARGS, 1));
  assertEquals(valueEnd - valueStart, 100 * (1 + 4 + 2) + 5);
});

Deno.test("every member of a packed sorted set is gone to by its rank", () => {
  const db = database();
  const writer = new ZsetWriter();
  const limits = { entries_max: 128, member_bytes_max: 1000 };
  writer.open(db, ARGS, 1, db.lookupWrite(ARGS, 1), limits, 30);
  const names = Array.from({ length: 30 }, (_, i) => `m${i}`.padEnd(i % 7 === 0 ? 200 : 3, "x"));
  for (const [i, name] of names.entries()) {
    writer.add(new TextEncoder().encode(name), 0, name.length, i, 0);
  }
  writer.close();
  const { bytes, valueStart, valueEnd } = db.locate(db.peek(ARGS, 1));
  const packed = new PackedRun();
  packed.open(bytes, valueStart, valueEnd);
  assertEquals(packed.count(), names.length);
  for (const [rank, name] of names.entries()) {
    packed.goToMember(rank);
    assertEquals(bytes.toString("latin1", packed.start, packed.end), name);
  }
});

Deno.test("a list of members is stored in order and knows what comes twice", () => {
  const db = database();
  for (const count of [3, 300]) {
    const list = new MemberList(db.keyspace.seed);
    for (let i = 0; i < count; i++) {
      const buf = new TextEncoder().encode(`m${i}`);
      list.add(buf, 0, buf.length, (i * 7) % 5);
    }
    assert(list.isUnique);
    list.sort();
    const ref = db.lookupWrite(ARGS, 1);
    storeZset(db, ref, ARGS, 1, list, { entries_max: 128, member_bytes_max: 64 });
    const scores: number[] = [];
    zsetAt(db, db.peek(ARGS, 1)).forEach((_buf, _start, _end, score) => scores.push(score));
    assertEquals(scores.length, count);
    assertEquals(scores, scores.toSorted((a, b) => a - b));
    list.add(new TextEncoder().encode("m1"), 0, 2, 9);
    assert(!list.isUnique);
  }
});

Deno.test("members popped from both ends come in order, whatever is read ahead or added between", () => {
  const random = new Seeded(flags(1).seed + 9);
  const large = new LargeZset({ k0: 1, k1: 2 });
  const model = new Model();
  let added = 0;
  const add = () => {
    const [member, score] = [`member:${added++}`, random.below(1000)];
    model.scores.set(member, score);
    const bytes = new TextEncoder().encode(member);
    assertEquals(large.find(bytes, 0, bytes.length), NONE);
    large.insert(bytes, 0, bytes.length, score);
  };
  for (let i = 0; i < 20_000; i++) add(); // more than the processor's caches are taken to hold
  let left = model.sorted;
  for (let i = 0; left.length > 0; i++) {
    if (i % 4000 === 100) {
      for (let k = 0; k < 50; k++) add();
      left = model.sorted;
    }
    const last = i % 100 < 40;
    large.goToEdge(last);
    const { bytes, keyStart, valueStart } = large.table;
    const popped = bytes.toString("latin1", keyStart, valueStart);
    const expected = (last ? left.pop() : left.shift())!;
    assertEquals([popped, large.tree.score], [...expected]);
    model.scores.delete(popped);
    large.removeHere();
  }
  assertEquals(large.size, 0);
});
