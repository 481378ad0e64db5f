/** Batches are verified through a window that is smaller than they may be. */

import { BatchVerifier } from "../../lib/persistence/aof/batch_verifier.ts";
import { FileWindow, WINDOW_BYTES } from "../../lib/persistence/aof/file_window.ts";
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { frame, set } from "../tools_cli/kit.ts";
import { MemoryDisk } from "./memory_disk.ts";

const PATH = "/data/file";

function batchesOf(text: string) {
  const disk = new MemoryDisk();
  disk.put(PATH, text);
  const file = disk.open(PATH, "read");
  const window = new FileWindow(file);
  return { window, batches: new BatchVerifier(file, window) };
}

/** Batches around the length of the window, so that their ends fall on both sides of its edge. */
function longFile() {
  const lengths = [10, WINDOW_BYTES - 60, WINDOW_BYTES, 3 * WINDOW_BYTES, 20, WINDOW_BYTES - 90, 1];
  return frame(lengths.map((length, i) => ({
    commands: [set(`k${i}`, "v".repeat(length))],
    time_s: 1_800_000_000 + i,
  })));
}

Deno.test("batches longer than the window are verified, and it does not grow", () => {
  const { text, offsets } = longFile();
  const { window, batches } = batchesOf(text);
  let chain = 0;
  for (const offset of offsets) {
    assert(batches.next());
    assertEquals([batches.seal!.offset, batches.chain_before], [offset, chain]);
    chain = batches.seal!.chain;
    assertEquals(window.bytes.length, WINDOW_BYTES);
  }
  assertThrows(() => batches.end, Error, "have not come to their end");
  assert(!batches.next());
  assertEquals([batches.end, batches.offset], [{ kind: "whole" }, text.length]);
});

Deno.test("a byte changed anywhere in a long batch is found, and where the batches before it end", () => {
  const { text, offsets } = longFile();
  const begin = offsets[3];
  for (const at of [begin + 40, begin + WINDOW_BYTES + 1, offsets[4] - 90]) {
    const { batches } = batchesOf(`${text.slice(0, at)}x${text.slice(at + 1)}`);
    while (batches.next());
    const { end } = batches;
    assert(end.kind === "damaged" && end.flaw === "the checksum does not fit the bytes", end.kind);
    assertEquals(batches.offset, begin);
    assertEquals([end.later.batches, end.later.commands], [4, 4]);
  }
});

Deno.test("a look back does not move the window", () => {
  const { text } = longFile();
  const { window, batches } = batchesOf(text);
  for (let i = 0; i < 5; i++) batches.next();
  const { start } = window;
  assert(start > 100);
  assertEquals(new TextDecoder().decode(window.peek(0, 20)), text.slice(0, 20));
  const near = new TextDecoder().decode(window.peek(start + 5, start + 25));
  assertEquals(near, text.slice(start + 5, start + 25));
  assertEquals(window.peek(text.length - 3, text.length + 10).length, 3);
  assertEquals(window.start, start);
});
