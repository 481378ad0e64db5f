import { Arena, SEGMENT_BYTES_MAX, SLOT_BYTES_MAX } from "../../lib/memory/arena.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
  assertThrows,
} from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const { seed, size } = flags(30_000);

const OFFSET_MASK = 0x1ffff;

/** Writes `mark` (not 0) into the first and the last word of a slot. */
function write(arena: Arena, address: number, bytes: number, mark: number): void {
  const words = arena.words[address >>> 17];
  const at = (address & OFFSET_MASK) * 2;
  words[at] = mark;
  if (bytes >= 8) words[at + (bytes >>> 2) - 1] = mark;
}

function holds(arena: Arena, address: number, bytes: number, mark: number): boolean {
  const words = arena.words[address >>> 17];
  const at = (address & OFFSET_MASK) * 2;
  return words[at] === mark && (bytes < 8 || words[at + (bytes >>> 2) - 1] === mark);
}

Deno.test("a slot is at least as large as asked for, and at most a sixteenth larger", () => {
  const arena = new Arena();
  for (let bytes = 1; bytes <= SLOT_BYTES_MAX; bytes += bytes < 3000 ? 1 : 97) {
    const address = arena.allocate(bytes);
    const slot = arena.slotBytes(address);
    assertGreaterOrEqual(slot, bytes);
    assertLess(slot - bytes, Math.max(8, bytes / 16 + 1), `${bytes}`);
    assert(arena.fits(address, bytes) && arena.fits(address, slot));
    assert(!arena.fits(address, slot + 1));
    assertEquals(arena.usedBytes, slot);
    write(arena, address, slot, 1);
    arena.free(address);
    assertEquals(arena.usedBytes, 0);
  }
  assert(!arena.fits(arena.allocate(SLOT_BYTES_MAX), SLOT_BYTES_MAX + 1));
});

Deno.test("slots never overlap and keep their contents, whatever is taken and given back", () => {
  const arena = new Arena();
  const chance = new Seeded(seed);
  const live: { address: number; bytes: number; mark: number }[] = [];
  let used = 0;
  for (let i = 1; i <= size; i++) {
    const shrinking = Math.floor(i * 4 / size) % 2 === 1;
    if (live.length === 0 || chance.chance(shrinking ? 0.35 : 0.65)) {
      const bytes = chance.between(1, chance.chance(0.98) ? 200 : SLOT_BYTES_MAX);
      const address = arena.allocate(bytes);
      const slot = arena.slotBytes(address);
      write(arena, address, slot, i);
      live.push({ address, bytes: slot, mark: i });
      used += slot;
    } else {
      const k = chance.below(live.length);
      const { address, bytes, mark } = live[k];
      assert(holds(arena, address, bytes, mark));
      arena.free(address);
      used -= bytes;
      live[k] = live[live.length - 1];
      live.pop();
    }
    assertEquals(arena.usedBytes, used);
  }
  for (const { address, bytes, mark } of live) assert(holds(arena, address, bytes, mark));
  for (const { address } of live) arena.free(address);
  assertEquals(arena.usedBytes, 0);
  assertLessOrEqual(arena.reservedBytes, 2 * SEGMENT_BYTES_MAX, "only the spare segments are kept");
});

/** Slots of one or several sizes, each filled with a number of its own. */
class Slots {
  readonly arena = new Arena();
  readonly marks = new Map<number, { readonly mark: number; readonly bytes: number }>();
  #mark = 0;

  add(bytes: number): number {
    const address = this.arena.allocate(bytes);
    assert(!this.marks.has(address));
    const mark = ++this.#mark;
    this.#words(address, bytes).fill(mark);
    this.marks.set(address, { mark, bytes });
    return address;
  }

  drop(address: number): void {
    assert(this.marks.delete(address));
    this.arena.free(address);
  }

  /** One step of evacuation. */
  evacuate(segment: number, count_max: number): void {
    const moved = this.arena.evacuate(segment, count_max, (from, to) => {
      const slot = this.marks.get(from);
      assert(slot !== undefined && !this.marks.has(to));
      this.marks.delete(from);
      this.marks.set(to, slot);
    });
    assert(moved > 0 && moved <= count_max);
  }

  /** Evacuates until there is nothing more to gain. Returns the segment that was emptied last. */
  compact(count_max: number): number {
    for (let steps = 0, last = 0;; steps++) {
      assertLess(steps, 10_000, "evacuation comes to an end");
      const segment = this.arena.sparseSegment();
      if (segment === 0) return last;
      this.evacuate(last = segment, count_max);
    }
  }

  assertHold(): void {
    for (const [address, { mark, bytes }] of this.marks) {
      assert(this.#words(address, bytes).every((word) => word === mark));
    }
  }

  #words(address: number, bytes: number): Int32Array {
    const at = (address & OFFSET_MASK) * 2;
    return this.arena.words[address >>> 17].subarray(at, at + (bytes >>> 2));
  }
}

function segmentOf(address: number): number {
  return address >>> 17;
}

Deno.test("evacuation moves everything out of sparse segments and gives them back", () => {
  const slots = new Slots();
  const { arena, marks } = slots;
  const chance = new Seeded(seed);
  for (let i = 0; i < 80_000; i++) slots.add(104);
  for (const address of [...marks.keys()]) if (chance.chance(0.85)) slots.drop(address);
  const before = arena.reservedBytes;
  const used = arena.usedBytes;
  slots.compact(50);
  assertEquals(arena.usedBytes, used);
  assertLessOrEqual(arena.reservedBytes, before / 2 + 2 * SEGMENT_BYTES_MAX);
  slots.assertHold();
  for (const address of [...marks.keys()]) slots.drop(address);
  assertEquals(arena.usedBytes, 0);
});

Deno.test("evacuation in steps misses nothing that came or went between them", () => {
  const slots = new Slots();
  const { arena, marks } = slots;
  const chance = new Seeded(seed);
  for (let wave = 0; wave < 4; wave++) {
    while (marks.size < 60_000) slots.add(chance.pick([40, 96]));
    for (const address of [...marks.keys()]) if (chance.chance(0.9)) slots.drop(address);
    let segment;
    while ((segment = arena.sparseSegment()) !== 0 && marks.size < 30_000) {
      slots.evacuate(segment, chance.between(1, 60));
      for (let i = 0; i < 20; i++) slots.add(chance.pick([40, 96]));
    }
    slots.assertHold();
  }
});

Deno.test("what comes to slots that evacuation has passed is moved as well", () => {
  const slots = new Slots();
  const { arena, marks } = slots;
  for (let i = 0; i < 60_000; i++) slots.add(40);
  const segment = segmentOf([...marks.keys()][30_000]);
  const others = () => [...marks.keys()].filter((at) => segmentOf(at) !== segment);
  others().slice(0, 5_000).forEach((at) => slots.drop(at));
  for (let steps = 0; steps < 20; steps++) slots.evacuate(segment, 200);
  const passed = arena.usedBytes;
  while (arena.usedBytes < passed + 1_100 * 40) slots.add(40); // there is no other room at the end
  const left = () => [...marks.keys()].filter((at) => segmentOf(at) === segment).length;
  const landed = left();
  others().slice(0, 40_000).forEach((at) => slots.drop(at));
  let moved = 0;
  while (left() > 0) {
    const before = left();
    slots.evacuate(segment, 1_000);
    moved += before - left();
  }
  assertEquals(moved, landed);
  slots.assertHold();
});

Deno.test("a segment that serves another size is evacuated from its beginning", () => {
  const slots = new Slots();
  const { arena, marks } = slots;
  const holdsAny = (segment: number) => [...marks.keys()].some((at) => segmentOf(at) === segment);
  const dropMost = () => [...marks.keys()].forEach((at, i) => i % 10 !== 0 && slots.drop(at));
  for (let i = 0; i < 60_000; i++) slots.add(40);
  dropMost();
  const segment = arena.sparseSegment();
  while (holdsAny(segment)) slots.evacuate(segment, 64);
  for (let i = 0; i < 60_000; i++) slots.add(96);
  assert(holdsAny(segment), "it is in use again");
  dropMost();
  while (holdsAny(segment)) slots.evacuate(segment, 64);
  slots.assertHold();
});

Deno.test("an empty segment serves another size", () => {
  const arena = new Arena();
  for (const bytes of [65_536, 8, 500, 64, 3000]) {
    const address = arena.allocate(bytes);
    write(arena, address, arena.slotBytes(address), 1);
    arena.free(address);
  }
  assertEquals(arena.reservedBytes, 65_536);
});

Deno.test("clear() gives every segment back", () => {
  const arena = new Arena();
  for (let i = 0; i < 100; i++) write(arena, arena.allocate(60_000), 60_000, 1);
  assertGreaterOrEqual(arena.reservedBytes, 100 * 60_000);
  arena.clear();
  assertEquals([arena.usedBytes, arena.reservedBytes], [0, 0]);
  write(arena, arena.allocate(10), 16, 1);
  assertEquals([arena.usedBytes, arena.reservedBytes], [16, 4096]);
});

Deno.test("a slot given back twice is noticed", () => {
  const arena = new Arena();
  const first = arena.allocate(10);
  write(arena, first, 16, 1);
  const second = arena.allocate(10);
  write(arena, second, 16, 1);
  arena.free(first);
  assertThrows(() => arena.free(first), Error, "freed twice");
});
