import { Chunk } from "../../lib/types/list/chunk.ts";
import { ChunkRow } from "../../lib/types/list/chunk_row.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";

const { seed, size } = flags(20_000);

Deno.test("a row of chunks does what an array does", () => {
  const chance = new Seeded(seed);
  const chunks = Array.from({ length: 50 }, () => new Chunk(8));
  const row = new ChunkRow();
  const expected: Chunk[] = [];
  for (let i = 0; i < size; i++) {
    const growing = Math.floor(i / 500) % 2 === 0;
    const chunk = chance.pick(chunks);
    const { length } = expected;
    if (chance.chance(growing ? 0.7 : 0.3) || length === 0) {
      const at = chance.pick([0, 0, length, chance.below(length + 1)]);
      row.insert(at, chunk);
      expected.splice(at, 0, chunk);
    } else if (chance.chance(0.1)) {
      const at = chance.below(length);
      row.set(at, chunk);
      expected[at] = chunk;
    } else if (chance.chance(0.002)) {
      row.clear();
      expected.length = 0;
    } else {
      const at = chance.pick([0, 0, length - 1, chance.below(length)]);
      row.remove(at);
      expected.splice(at, 1);
    }
    assertEquals(row.length, expected.length);
    assert(row.edge(true) === expected[0] && row.edge(false) === expected.at(-1));
    if (i % 50 === 0) {
      assert(row.slice().every((each, at) => each === expected[at] && row.at(at) === each));
      assertEquals([...row].length, expected.length);
    }
  }
  for (const chunk of chunks) chunk.release();
});
