import { HashIndex } from "../../lib/memory/hash_index.ts";
import { assert, assertEquals, assertLess, assertLessOrEqual } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const { seed, size } = flags(100_000);

/** Records that are numbers: address and key are the same, so that nothing else can be wrong. */
function numberIndex(hashOf: (n: number) => number): HashIndex {
  return new HashIndex({
    keyEquals: (address, buf) => address === new DataView(buf.buffer).getInt32(0),
    keyHash: hashOf,
    touch() {},
  });
}

function keyBytes(n: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setInt32(0, n);
  return key;
}

function scramble(n: number): number {
  n = Math.imul(n ^ (n >>> 16), 0x21f0aaad);
  n = Math.imul(n ^ (n >>> 15), 0x735a2d97);
  return n ^ (n >>> 15);
}

function assertHolds(index: HashIndex, expected: ReadonlySet<number>, hashOf = scramble): void {
  assertEquals(index.size, expected.size);
  for (const n of expected) assertEquals(index.find(hashOf(n), keyBytes(n), 0, 4), n);
  const seen: number[] = [];
  index.forEach((n) => seen.push(n));
  assertEquals(seen.length, expected.size);
  assert(seen.every((n) => expected.has(n)));
}

Deno.test("what was inserted is found until it is removed, while the index grows and shrinks", () => {
  const index = numberIndex(scramble);
  const expected = new Set<number>();
  const chance = new Seeded(seed);
  for (let i = 0; i < size; i++) {
    // Waves: mostly insertions, then mostly removals.
    const growing = Math.floor(i * 6 / size) % 2 === 0;
    const n = chance.between(1, size) * (chance.chance(0.5) ? 1 : -1);
    if (!expected.has(n) && chance.chance(growing ? 0.95 : 0.05)) {
      index.insert(scramble(n), n);
      expected.add(n);
    } else if (expected.has(n)) {
      assert(index.remove(scramble(n), n));
      expected.delete(n);
    } else {
      assertEquals(index.find(scramble(n), keyBytes(n), 0, 4), 0);
      assert(!index.remove(scramble(n), n));
    }
    if (!growing && chance.chance(0.9)) {
      const some = index.random(chance);
      assert(expected.has(some) || (some === 0 && expected.size === 0));
      if (some !== 0) {
        assert(index.remove(scramble(some), some));
        expected.delete(some);
      }
    }
    if (i % Math.ceil(size / 12) === 0) assertHolds(index, expected);
  }
  assertHolds(index, expected);
});

Deno.test("records are seldom read for a key that is not there, nor when buckets are split or joined", () => {
  let compared = 0;
  let hashed = 0;
  const index = new HashIndex({
    keyEquals: () => (compared++, false),
    keyHash: (n) => (hashed++, scramble(n)),
    touch() {},
  });
  const count = 300_000;
  for (let n = 1; n <= count; n++) {
    index.insert(scramble(n), n);
    if (n % 10 === 0) assertEquals(index.find(scramble(-n), keyBytes(-n), 0, 4), 0);
  }
  assertLess(compared / (count / 10), 0.1, "compared per lookup");
  assertLess(hashed / count, 1, "hashed per insertion");
  hashed = 0;
  for (let n = 1; n <= count; n++) index.remove(scramble(n), n);
  assertLess(hashed / count, 0.5, "hashed per removal");
});

Deno.test("a record that moves is found at its new address only", () => {
  const names = new Map<number, number>(); // address -> key
  const index = new HashIndex({
    keyEquals: (address, buf) => names.get(address) === new DataView(buf.buffer).getInt32(0),
    keyHash: (address) => scramble(names.get(address)!),
    touch() {},
  });
  for (let n = 1; n <= 500; n++) {
    names.set(n, n);
    index.insert(scramble(n), n);
  }
  for (let n = 1; n <= 500; n++) {
    names.set(n + 1000, n);
    assert(index.replace(scramble(n), n, n + 1000));
    assert(!index.replace(scramble(n), n, n + 2000));
    names.delete(n);
  }
  for (let n = 1; n <= 500; n++) {
    assertEquals(index.find(scramble(n), keyBytes(n), 0, 4), n + 1000);
  }
});

for (const [change, factor] of [["grows", 8], ["shrinks", 0.05], ["stays", 1]] as const) {
  Deno.test(`a scan returns all that stayed while the index ${change}`, () => {
    for (let round = 0; round < 10; round++) {
      scanWhileChanging(new Seeded(seed + round), factor);
    }
  });
}

/** Scans an index whose size goes from `kept` * 4 to `factor` times that meanwhile. */
function scanWhileChanging(chance: Seeded, factor: number): void {
  const index = numberIndex(scramble);
  const kept = chance.between(1, 600);
  const passing: number[] = [];
  for (let n = 1; n <= kept; n++) index.insert(scramble(n), n);
  let next = kept + 1;
  const start = kept * 4;
  const add = () => {
    index.insert(scramble(next), next);
    passing.push(next++);
  };
  while (index.size < start) add();
  const seen = new Set<number>();
  const target = Math.max(kept, start * factor);
  const step = Math.ceil(Math.abs(target - start) / Math.max(1, index.bucketCount / 2));
  let cursor = 0;
  let calls = 0;
  do {
    cursor = index.scan(cursor, (n) => seen.add(n));
    for (let i = 0; i < step && index.size < target; i++) add();
    for (let i = 0; i < step && index.size > target && passing.length > 0; i++) {
      const n = passing.splice(chance.below(passing.length), 1)[0];
      assert(index.remove(scramble(n), n));
    }
    assertLess(calls++, 100_000, "a scan ends");
  } while (cursor !== 0);
  for (let n = 1; n <= kept; n++) assert(seen.has(n), `${n} was there all the time`);
}

Deno.test("a scan of an index that does not change returns everything once", () => {
  for (const count of [0, 1, 5, 12, 33, 100, 1000, 4097]) {
    const index = numberIndex(scramble);
    for (let n = 1; n <= count; n++) index.insert(scramble(n), n);
    const seen: number[] = [];
    let cursor = 0;
    let calls = 0;
    do {
      cursor = index.scan(cursor, (n) => seen.push(n));
      calls++;
    } while (cursor !== 0);
    assertEquals(seen.length, count);
    assertEquals(new Set(seen).size, count);
    assertEquals(calls, index.bucketCount, "each bucket takes one step");
  }
});

Deno.test("any number is a cursor: the scan goes on to its end", () => {
  const index = numberIndex(scramble);
  for (let n = 1; n <= 1000; n++) index.insert(scramble(n), n);
  const chance = new Seeded(seed);
  for (let i = 0; i < 200; i++) {
    let cursor = chance.uint32();
    let calls = 0;
    do {
      cursor = index.scan(cursor, () => {});
      assert(Number.isInteger(cursor) && cursor >= 0 && cursor < 2 ** 32);
      assertLessOrEqual(++calls, index.bucketCount);
    } while (cursor !== 0);
  }
});

Deno.test("keys of one and the same hash are slow, not lost", () => {
  const flooded = () => 0x12345678;
  const index = numberIndex(flooded);
  const expected = new Set<number>();
  for (let n = 1; n <= 3000; n++) {
    index.insert(0x12345678, n);
    expected.add(n);
  }
  assertHolds(index, expected, flooded);
  for (let n = 2; n <= 3000; n += 2) {
    assert(index.remove(0x12345678, n));
    expected.delete(n);
  }
  assertHolds(index, expected, flooded);
});

const CROWDS: readonly ((n: number) => number)[] = [
  () => 0x12345678,
  (n) => scramble(n % 7),
  (n) => n % 2 === 0 ? scramble(n) : 0x5a5a5a00,
];
/** Of counts of {@linkcode CROWD_LEFT} records; fair choices exceed it once in 100,000 runs. */
const CHI_SQUARE_MAX = 88;
const CROWD_LEFT = 40;

Deno.test("crowded buckets lose nothing and are chosen from fairly, as overflow buckets move", () => {
  const chance = new Seeded(seed);
  for (const hashOf of CROWDS) {
    const index = numberIndex(hashOf);
    const living: number[] = [];
    const removeOne = () => {
      const n = living.splice(chance.below(living.length), 1)[0];
      assert(index.remove(hashOf(n), n));
    };
    for (let n = 1; n <= 5000; n++) {
      const isGrowing = n % 1000 < 500;
      if (living.length === 0 || chance.chance(isGrowing ? 0.9 : 0.15)) {
        index.insert(hashOf(n), n);
        living.push(n);
      } else {
        removeOne();
      }
      if (n % 500 === 0) assertHolds(index, new Set(living), hashOf);
    }
    while (living.length > CROWD_LEFT) removeOne();
    assertHolds(index, new Set(living), hashOf);
    const counts = new Map(living.map((n) => [n, 0]));
    for (let i = 0; i < CROWD_LEFT * 100; i++) {
      const n = index.random(chance);
      counts.set(n, counts.get(n)! + 1);
    }
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 100) ** 2, 0) /
      100;
    assertLess(chiSquare, CHI_SQUARE_MAX);
  }
});

Deno.test("a choice is fair whatever came and went since places were drawn ahead for it", () => {
  const chance = new Seeded(seed);
  const trials = 20_000;
  const count = 60;
  const counts = new Array<number>(count + 1).fill(0);
  for (let trial = 0; trial < trials; trial++) {
    const index = numberIndex(scramble);
    const others = chance.pick([5, 100, 200]); // fewer than there will be, or more
    for (let n = 1; n <= others; n++) index.insert(scramble(-n), -n);
    index.random(chance);
    index.random(chance); // places are drawn ahead
    for (let n = 1; n <= count; n++) index.insert(scramble(n), n);
    for (let n = 1; n <= others; n++) index.remove(scramble(-n), -n);
    for (let pops = 0; pops < 3; pops++) {
      const n = index.random(chance);
      counts[n]++;
      index.remove(scramble(n), n);
    }
  }
  assertEquals(counts[0], 0);
  const expected = (3 * trials) / count;
  const chiSquare = counts.slice(1).reduce((sum, n) => sum + (n - expected) ** 2, 0) / expected;
  assertLess(chiSquare, 59 + 4 * Math.sqrt(2 * 59)); // 59 degrees of freedom, four deviations
});

Deno.test("no step adds or takes away more than eight buckets, whatever room was made before", () => {
  for (const reserved of [0, 1_000_000]) {
    const index = numberIndex(scramble);
    index.reserve(reserved);
    let before = index.bucketCount;
    const assertStep = () => {
      assertLessOrEqual(Math.abs(index.bucketCount - before), 8);
      before = index.bucketCount;
    };
    for (let n = 1; n <= 50_000; n++) {
      index.insert(scramble(n), n);
      assertStep();
    }
    for (let n = 1; n < 50_000; n++) {
      index.remove(scramble(n), n);
      assertStep();
    }
    assertEquals(index.bucketCount, 4);
  }
});

Deno.test("an index that was cleared grows like a new one", () => {
  const [cleared, fresh] = [numberIndex(scramble), numberIndex(scramble)];
  for (let n = 1; n <= 20_000; n++) cleared.insert(scramble(n), n);
  cleared.clear();
  for (let n = 1; n <= 20_000; n++) {
    cleared.insert(scramble(n), n);
    fresh.insert(scramble(n), n);
    assertEquals(cleared.bucketCount, fresh.bucketCount);
  }
});

Deno.test("a chain that is filled again loses nothing when the store of overflow buckets grows", () => {
  const hashOf = (n: number) => n >= 39 && n <= 50 ? 15 : 7;
  const index = numberIndex(hashOf);
  index.reserve(128);
  const expected = new Set<number>();
  for (let n = 1; n <= 50; n++) {
    index.insert(hashOf(n), n);
    expected.add(n);
  }
  for (const n of [1, 40, 2, 38]) {
    assert(index.remove(hashOf(n), n));
    expected.delete(n);
    assertHolds(index, expected, hashOf);
  }
});

Deno.test("an emptied index is as small as a new one, however large it was", () => {
  const index = numberIndex(scramble);
  const fresh = index.bytes;
  for (const count of [3000, 50_000]) {
    for (let n = 1; n <= count; n++) index.insert(scramble(n), n);
    for (let n = 1; n <= count; n++) index.remove(scramble(n), n);
    assertEquals(index.size, 0);
    assertLessOrEqual(index.bytes, Math.max(fresh, 128 * 1024));
  }
});

Deno.test("an index takes at most 14 bytes per record once it is large", () => {
  const index = numberIndex(scramble);
  let worst = 0;
  for (let n = 1; n <= 100_000; n++) {
    index.insert(scramble(n), n);
    if (n > 20_000 && n % 1000 === 0) worst = Math.max(worst, index.bytes / n);
  }
  assertLess(worst, 14);
});

Deno.test("an index that shrinks gives its overflow buckets back", () => {
  const index = numberIndex(scramble);
  const count = 400_000;
  for (let n = 1; n <= count; n++) index.insert(scramble(n), n);
  const full = index.bytes;
  const expected = new Set(Array.from({ length: count }, (_, i) => i + 1));
  for (let n = 1; n <= count - 1000; n++) {
    assert(index.remove(scramble(n), n));
    expected.delete(n);
  }
  assertHolds(index, expected);
  assertLess(index.bytes, full / 5); // two parts of 128 KiB stay in hand for each of the two stores
});

Deno.test("a random choice draws few times, in an index that grows or has shrunk", () => {
  const index = numberIndex(scramble);
  const chance = new CountingRandom(seed);
  const drawsEach = () => {
    chance.draws = 0;
    for (let i = 0; i < 1000; i++) index.random(chance);
    return chance.draws / 1000;
  };
  for (let n = 1; n <= 100_000; n++) {
    index.insert(scramble(n), n);
    if (n % 10_000 === 0) assertLess(drawsEach(), 2.5);
  }
  for (let n = 1; n <= 90_000; n++) {
    index.remove(scramble(n), n);
    if (n % 10_000 === 0) assertLess(drawsEach(), 4);
  }
});

Deno.test("a random choice does not take longer for having been large once", () => {
  const index = numberIndex(scramble);
  for (let n = 1; n <= 50_000; n++) index.insert(scramble(n), n);
  for (let n = 1; n < 50_000; n++) index.remove(scramble(n), n);
  const chance = new CountingRandom(seed);
  for (let i = 0; i < 100; i++) assertEquals(index.random(chance), 50_000);
  assertLess(chance.draws / 100, 1000);
});

class CountingRandom extends Seeded {
  draws = 0;
  override below(bound: number): number {
    this.draws++;
    return super.below(bound);
  }
}
