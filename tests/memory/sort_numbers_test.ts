/** Sorting numbers of elements, and lists of members that are used again. */

import { assert, assertEquals } from "../kit/assert.ts";
import { drawHashSeed } from "../../lib/memory/hash.ts";
import { compareRuns, newBytes } from "../../lib/memory/bytes.ts";
import { MemberList } from "../../lib/types/zset/member_list.ts";
import { sortNumbers } from "../../lib/memory/sort_numbers.ts";

/** Numbers below `limit`, the same ones each time. */
function draw(seed: number, limit: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % limit;
  };
}

Deno.test("numbers are sorted as Array.sort does it, equal ones in the order in which they stood", () => {
  for (const count of [0, 1, 2, 7, 8, 9, 16, 17, 31, 64, 65, 100, 1000, 70_000]) {
    for (const limit of [1, 3, 1 << 20]) {
      const next = draw(count + limit, limit);
      const keys = Array.from({ length: count }, next);
      const order = Int32Array.from(keys, (_, i) => i);
      const by = { compare: (a: number, b: number) => keys[a] - keys[b] };
      const expected = [...order].sort(by.compare);
      sortNumbers(order, count, by);
      assertEquals([...order], expected, `${count} keys below ${limit}`);
    }
  }
});

Deno.test("two runs in order, one behind the other, take one merge", () => {
  const count = 4096;
  let comparisons = 0;
  const key = (i: number) => (2 * i) % (count + 1); // ascends twice
  const order = Int32Array.from({ length: count }, (_, i) => i);
  const compare = (a: number, b: number) => {
    comparisons++;
    return key(a) - key(b);
  };
  sortNumbers(order, count, { compare });
  for (let i = 1; i < count; i++) assert(key(order[i - 1]) < key(order[i]));
  assert(comparisons < 3 * count, `${comparisons} comparisons`);
});

Deno.test("an emptied list finds and sorts what came since, few members or many", () => {
  const draws = draw(7, 0x7fffffff);
  const random = { uint32: draws } as Parameters<typeof drawHashSeed>[0];
  const list = new MemberList(drawHashSeed(random));
  for (const count of [3, 100, 8, 9, 5000, 1, 20, 33, 8]) {
    list.clear(drawHashSeed(random));
    assertEquals(list.count, 0);
    const bytes = (i: number) => new TextEncoder().encode(`member:${i}`);
    for (let i = 0; i < count; i++) {
      const member = bytes(i);
      assertEquals(list.find(member, 0, member.length), -1, `${i} of ${count} before it came`);
      list.add(member, 0, member.length, i % 5);
    }
    for (let i = 0; i < count; i++) {
      const member = bytes(i);
      assertEquals(list.find(member, 0, member.length), i, `${i} of ${count}`);
    }
    assert(list.isUnique);
    list.sort();
    const sorted = Array.from({ length: count }, (_, i) => `member:${i}`).sort((a, b) => {
      const [x, y] = [Number(a.slice(7)) % 5, Number(b.slice(7)) % 5];
      return x - y || (a < b ? -1 : 1);
    });
    const found = sorted.map((_, rank) =>
      list.bytes.toString("latin1", list.startAt(rank), list.endAt(rank))
    );
    assertEquals(found, sorted);
  }
});

Deno.test("runs of bytes are ordered as memcmp does it, with a view and without", () => {
  const next = draw(3, 256);
  for (let round = 0; round < 2000; round++) {
    const length = next() % 12;
    const other = next() % 12;
    const a = Uint8Array.from({ length }, (_, i) => i < 8 ? 0xf0 : next());
    const b = Uint8Array.from({ length: other }, (_, i) => i < 8 ? 0xf0 : next());
    if (length > 0 && round % 3 === 0) a[next() % length] = next();
    const viewed = newBytes(64);
    viewed.set(a, 3);
    viewed.set(b, 40);
    const text = (bytes: Uint8Array) => String.fromCharCode(...bytes);
    const expected = text(a) === text(b) ? 0 : text(a) < text(b) ? -1 : 1;
    assertEquals(Math.sign(compareRuns(a, 0, length, b, 0, other)), expected);
    const sign = Math.sign(compareRuns(viewed, 3, 3 + length, viewed, 40, 40 + other));
    assertEquals(sign, expected);
  }
});
