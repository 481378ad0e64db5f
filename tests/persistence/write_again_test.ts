/** Batches whose fsync has failed are written again, and only what was verified is. */

import { writeAgain } from "../../lib/persistence/aof/write_again.ts";
import { assertEquals, assertThrows } from "../kit/assert.ts";
import { framedLog, resp, type TestBatch } from "./kit.ts";
import { MemoryDisk } from "./memory_disk.ts";

const PATH = "/data/incr";
const BATCHES: readonly TestBatch[] = Array.from(
  { length: 5 },
  (_, i) => ({ text: resp("SET", `k${i}`, "v".repeat(10 * i)) }),
);

/** Writes again, and says whether all was, in how many steps, and how often it wrote. */
function again(disk: MemoryDisk, from_bytes: number, to_bytes: number) {
  const file = disk.open(PATH, "update");
  const before = disk.calls.length;
  const steps = writeAgain(file, PATH, from_bytes, to_bytes);
  let count = 1;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) count++;
  file.close();
  const writes = disk.calls.slice(before).filter(({ operation }) => operation === "write").length;
  return { isDone: step.value, steps: count, writes };
}

function diskWith(content: string): MemoryDisk {
  const disk = new MemoryDisk();
  disk.put(PATH, content);
  return disk;
}

Deno.test("batches are written where they stand, with the bytes they have", () => {
  const { text, ends } = framedLog(BATCHES);
  for (const from of ends.slice(0, -1)) {
    for (const to of ends.filter((end) => end > from)) {
      const disk = diskWith(text);
      assertEquals(again(disk, from, to), { isDone: true, steps: 1, writes: 1 });
      assertEquals(disk.content(PATH), text);
    }
  }
  assertEquals(again(diskWith(text), text.length, text.length).isDone, true);
});

Deno.test("what is not framed, or has changed, is not written", () => {
  const { text, ends } = framedLog(BATCHES);
  const plain = BATCHES.map(({ text }) => text).join("");
  assertEquals(again(diskWith(plain), 0, plain.length), { isDone: false, steps: 1, writes: 0 });
  assertEquals(again(diskWith(text), 7, text.length).isDone, false, "no batch ends there");
  for (let at = ends[1]; at < ends[2]; at++) {
    const holed = text.slice(0, at) + "\0" + text.slice(at + 1);
    const disk = diskWith(holed);
    assertEquals(again(disk, ends[1], text.length), { isDone: false, steps: 1, writes: 0 });
    assertEquals(disk.content(PATH), holed);
  }
});

Deno.test("many batches are written in steps, and a long one in one", () => {
  const large = resp("SET", "k", "v".repeat(3_000_000));
  const { text } = framedLog([...BATCHES, { text: large }, ...BATCHES]);
  const disk = diskWith(text);
  assertEquals(again(disk, 0, text.length), { isDone: true, steps: 2, writes: 2 });
  assertEquals(disk.content(PATH), text);
});

Deno.test("a disk that does not take it is told of", () => {
  const { text } = framedLog(BATCHES);
  const disk = diskWith(text);
  disk.fault = ({ operation }) => operation === "write" ? { code: "EIO" } : undefined;
  assertThrows(() => again(disk, 0, text.length), Error, "Input/output error");
  assertEquals(disk.content(PATH), text);
});
