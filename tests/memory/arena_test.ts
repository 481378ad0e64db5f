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

Deno.test("evacuation moves everything out of sparse segments and gives them back", () => {
  const arena = new Arena();
  const chance = new Seeded(seed);
  const marks = new Map<number, number>(); // address -> mark
  for (let mark = 1; mark <= 80_000; mark++) {
    const address = arena.allocate(100);
    write(arena, address, 104, mark);
    marks.set(address, mark);
  }
  for (const address of [...marks.keys()]) {
    if (chance.chance(0.85)) {
      arena.free(address);
      marks.delete(address);
    }
  }
  const before = arena.reservedBytes;
  const used = arena.usedBytes;
  for (let calls = 0;; calls++) {
    assertLess(calls, 10_000, "evacuation comes to an end");
    const segment = arena.sparseSegment();
    if (segment === 0) break;
    const moved = arena.evacuate(segment, 50, (from, to) => {
      const mark = marks.get(from)!;
      assert(!marks.has(to) && marks.delete(from));
      marks.set(to, mark);
    });
    assert(moved > 0 && moved <= 50);
  }
  assertEquals(arena.usedBytes, used);
  assertLessOrEqual(arena.reservedBytes, before / 2 + 2 * SEGMENT_BYTES_MAX);
  for (const [address, mark] of marks) assert(holds(arena, address, 104, mark));
  for (const address of marks.keys()) arena.free(address);
  assertEquals(arena.usedBytes, 0);
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
