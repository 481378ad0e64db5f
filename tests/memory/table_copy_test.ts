/** Copies of whole tables: they hold the same, and from then on share nothing. */

import { Buffer } from "node:buffer";
import { Arena } from "../../lib/memory/arena.ts";
import { OFFSET_BITS, OFFSET_MASK } from "../../lib/memory/record_layout.ts";
import { drawHashSeed } from "../../lib/memory/hash.ts";
import { RecordTable } from "../../lib/memory/record_table.ts";
import { LargeZset } from "../../lib/types/zset/large_zset.ts";
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { TableModel } from "./model.ts";

const { seed, size } = flags(8000);

function newTable(chance: Seeded): RecordTable {
  return new RecordTable(drawHashSeed(chance));
}

/** A copy of a model, whose table is a copy too; undefined: it is mostly free room. */
function copyOf(model: TableModel, chance: Seeded): TableModel | undefined {
  const table = newTable(chance);
  if (!table.copyFrom(model.table)) {
    assertEquals(table.size, 0);
    return undefined;
  }
  const copy = new TableModel(chance, model.options, table);
  for (const [key, known] of model.expected) copy.expected.set(key, { ...known });
  return copy;
}

Deno.test("a copy of a table holds the same, and both go on without the other", () => {
  const chance = new Seeded(seed);
  for (
    const options of [{ keys: 12, valueLength_max: 70_000 }, { keys: 3000, valueLength_max: 300 }]
  ) {
    let copies = 0;
    for (let round = 0; round < 12; round++) {
      const model = new TableModel(chance, options);
      for (let i = chance.below(size); i > 0; i--) model.step();
      const copy = copyOf(model, chance);
      if (copy === undefined) continue;
      copies++;
      assertEquals(copy.table.usedBytes, model.table.usedBytes);
      copy.checkAll();
      for (let i = 0; i < size / 4; i++) (chance.chance(0.5) ? copy : model).step();
      copy.checkAll();
      model.checkAll();
      model.table.clear();
      copy.checkAll();
      copyOf(copy, chance)?.checkAll();
    }
    assert(copies > 0);
  }
});

Deno.test("a copy needs an empty table, and leaves one alone that is mostly free room", () => {
  const chance = new Seeded(seed + 1);
  const model = new TableModel(chance, { keys: 1, valueLength_max: 100 });
  for (let i = 0; i < 20_000; i++) model.set(`key:${i}`, Buffer.alloc(50));
  const used = newTable(chance);
  assert(used.copyFrom(model.table));
  assertThrows(() => used.copyFrom(model.table), Error, "needs an empty one");
  for (let i = 0; i < 20_000; i++) if (i % 100 !== 0) model.remove(`key:${i}`);
  assertEquals(newTable(chance).copyFrom(model.table), false);
});

/** Members and scores in order. */
function elementsOf({ tree, table }: LargeZset): string[] {
  const elements: string[] = [];
  for (tree.seekRank(0); tree.settle(); tree.slot++) {
    table.locate(tree.ref);
    elements.push(
      `${table.bytes.toString("latin1", table.keyStart, table.valueStart)}=${tree.score}`,
    );
  }
  return elements;
}

/** How many there are from the last one back to the first. */
function countBack({ tree }: LargeZset): number {
  let count = 0;
  for (tree.seekRank(tree.size - 1); count < tree.size && tree.slot >= 0; count++) {
    tree.slot--;
    if (!tree.settleBack()) return count + 1;
  }
  return count;
}

function put(zset: LargeZset, member: string, score: number): void {
  const buf = Buffer.from(member);
  const ref = zset.find(buf, 0, buf.length);
  if (ref === 0) zset.insert(buf, 0, buf.length, score);
  else zset.rescore(ref, score, buf, 0, buf.length);
}

Deno.test("a copy of a large sorted set has its order, whatever nodes have come and gone", () => {
  const chance = new Seeded(seed + 2);
  for (const count of [1, 64, 65, 700, size]) {
    const zset = new LargeZset({ k0: 1, k1: 2 });
    for (let i = 0; i < count; i++) put(zset, `m${chance.below(count)}`, chance.below(50));
    for (let i = zset.size >> 2; i > 0; i--) zset.removeRank(chance.below(zset.size));
    const copy = zset.clone();
    const before = elementsOf(zset);
    assertEquals(elementsOf(copy), before);
    for (let i = 0; i < count; i++) {
      put(copy, `m${chance.below(2 * count)}`, chance.below(50));
      if (chance.chance(0.4) && copy.size > 0) copy.removeRank(chance.below(copy.size));
    }
    assertEquals(elementsOf(zset), before);
    const order = elementsOf(copy);
    assertEquals(order.length, copy.size);
    for (const each of [zset, copy]) assertEquals(countBack(each), each.size);
    zset.free();
    assertEquals(elementsOf(copy), order);
    while (copy.size > 0) copy.removeRank(chance.below(copy.size));
    put(copy, "last", 1);
    assertEquals(elementsOf(copy), ["last=1"]);
  }
});

Deno.test("a copy of an arena is compacted as the arena itself would be", () => {
  const arena = new Arena();
  const addresses = Array.from({ length: 80_000 }, (_, i) => {
    const address = arena.allocate(64);
    arena.words[address >>> OFFSET_BITS][(address & OFFSET_MASK) << 1] = i + 1;
    return address;
  });
  const copy = new Arena();
  copy.copyFrom(arena);
  assertEquals(copy.usedBytes, arena.usedBytes);
  const free = (goes: (i: number) => boolean) => {
    for (const [i, address] of addresses.entries()) {
      if (!goes(i)) continue;
      arena.free(address);
      copy.free(address);
    }
  };
  free((i) => i % 10 < 4); // too few to be worth moving the others
  assertEquals([arena.sparseSegment(), copy.sparseSegment()], [0, 0]);
  free((i) => i % 10 >= 5);
  assert(arena.sparseSegment() > 0);
  assertEquals(copy.sparseSegment(), arena.sparseSegment());
  const again = new Arena();
  again.copyFrom(copy);
  assertEquals(again.reservedBytes, copy.reservedBytes);
});
