/** Loading framed files: cut at every byte, flipped at every byte, with holes, and with foreign tails. */

import { loadAof, type LoadOptions, type LoadResult } from "../../lib/persistence/aof/loader.ts";
import { StorageError } from "../../lib/persistence/errors.ts";
import type { AofFile } from "../../lib/persistence/files.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { framedLog, memoryLog, resp, restlessClock, type TestBatch, ToyTarget } from "./kit.ts";

const INCR: AofFile = { path: "/data/incr", name: "incr", type: "incr", framed: true };
const NEXT: AofFile = { path: "/data/next", name: "next", type: "incr" };

const BATCHES: readonly TestBatch[] = [
  { text: resp("SET", "a", "1"), time_s: 100 },
  { text: resp("SET", "a", "2") + resp("SELECT", "4") + resp("SET", "a", "x"), commands: 3 },
  {
    text: "#TS:102\r\n" + resp("MULTI") + resp("SET", "b", "2") +
      resp("SET", "c", "l\r\n#S:1\r\n") +
      resp("EXEC"),
    commands: 4,
  },
  { text: resp("SET", "a", "3"), time_s: 103 },
];
const SEALING: TestBatch = { text: "", commands: 1, time_s: 104 };

interface Loaded {
  readonly result: LoadResult;
  readonly data: Map<string, string>;
  readonly lines: string[];
}

async function load(
  disk: MemoryDisk,
  files: AofFile[] = [INCR],
  extra: Partial<LoadOptions> = {},
): Promise<Loaded> {
  const target = new ToyTarget();
  const { log, lines } = memoryLog();
  const options = { disk, files, target, loadTruncated: true, clock: restlessClock, log };
  const result = await loadAof({ ...options, ...extra });
  return { result, data: target.data, lines };
}

function diskWith(incr: string, next?: string): MemoryDisk {
  const disk = new MemoryDisk();
  disk.put(INCR.path, incr);
  if (next !== undefined) disk.put(NEXT.path, next);
  return disk;
}

/** The data after so many of {@linkcode BATCHES}: what an unframed file with them gives. */
async function dataAfter(count: number): Promise<Map<string, string>> {
  return (await load(diskWith(BATCHES.slice(0, count).map(({ text }) => text).join("")))).data;
}

const STATES = await Promise.all([0, 1, 2, 3, 4].map(dataAfter));

async function refused(disk: MemoryDisk, files = [INCR], extra: Partial<LoadOptions> = {}) {
  const before = disk.snapshot();
  const error = await assertRejects(() => load(disk, files, extra), StorageError);
  assertEquals(disk.snapshot(), before, "nothing on disk is touched");
  return error;
}

Deno.test("a framed file is loaded, and its batches are counted", async () => {
  const { text } = framedLog([...BATCHES, SEALING]);
  const { data, result } = await load(diskWith(text));
  assertEquals(data, STATES[4]);
  const { batches, first_s, last_s, commands, cut_bytes } = result;
  assertEquals({ batches, first_s, last_s, commands, cut_bytes }, {
    batches: 5,
    first_s: 100,
    last_s: 104,
    commands: 9,
    cut_bytes: 0,
  });
  assertEquals(result.size_bytes, text.length);
});

Deno.test("cut at any byte, a framed file loses its last batch only, and keeps the bytes beside", async () => {
  for (const synced of [() => 0, (offset: number) => offset]) {
    const { text, ends } = framedLog(BATCHES, synced);
    for (let length = 0; length <= text.length; length++) {
      const whole = ends.findLastIndex((end) => end <= length);
      const disk = diskWith(text.slice(0, length), "");
      const { data, result, lines } = await load(disk, [INCR, NEXT]);
      assertEquals(data, STATES[whole], `cut at ${length}`);
      assertEquals(disk.content(INCR.path), text.slice(0, ends[whole]));
      assertEquals(disk.syncedContent(INCR.path), text.slice(0, ends[whole]));
      assertEquals(result.cut_bytes, length - ends[whole]);
      const kept = disk.content(`${INCR.path}.cut-${ends[whole]}`);
      if (length === ends[whole]) {
        assertEquals(kept, undefined);
      } else {
        assertEquals(kept, text.slice(ends[whole], length));
        assertStringIncludes(lines.join(), `truncated at offset ${ends[whole]}`);
        disk.crash("power");
        assertEquals(disk.content(`${INCR.path}.cut-${ends[whole]}`), kept);
      }
      assertEquals((await load(disk, [INCR, NEXT])).data, STATES[whole], "and again");
    }
  }
});

Deno.test("a torn framed file is refused where it may not be torn", async () => {
  const { text, ends } = framedLog(BATCHES);
  const torn = text.slice(0, -3);
  const refusal = await refused(diskWith(torn), [INCR], { loadTruncated: false });
  assertEquals([refusal.kind, refusal.offset], ["truncated", ends[3]]);
  const early = await refused(diskWith(torn, framedLog(BATCHES).text), [INCR, NEXT]);
  assertEquals([early.kind, early.offset], ["damaged", ends[3]]);
  assertStringIncludes(early.message, "not the last file");
  assertStringIncludes(early.message, "8 commands");
});

Deno.test("a byte changed anywhere is reported damage, or a cut of what was not certainly safe", async () => {
  const counts = { refused: 0, cut: 0 };
  for (const isSealed of [false, true]) {
    const { text, ends } = framedLog([...BATCHES, ...isSealed ? [SEALING] : []], (at) => at);
    const safeTo = ends.at(-2)!; // what the last seal vouches for
    for (let at = 0; at < text.length; at++) {
      for (const change of [0x01, 0x09, 0x10, 0x40, 0x80, text.charCodeAt(at)]) {
        const byte = String.fromCharCode(text.charCodeAt(at) ^ change);
        const damaged = text.slice(0, at) + byte + text.slice(at + 1);
        const batch = ends.findLastIndex((end) => end <= at);
        const disk = diskWith(damaged);
        try {
          const { data, lines } = await load(disk);
          assert(at >= safeTo, `byte ${at} was safe and is changed by ${change}`);
          assertEquals(data, STATES[Math.min(batch, 4)]);
          assertEquals(disk.content(INCR.path), text.slice(0, ends[batch]));
          assertStringIncludes(lines.join(), "truncated at offset");
          counts.cut++;
        } catch (error) {
          assert(error instanceof StorageError, String(error));
          assertEquals(error.kind, "damaged", error.message);
          assertEquals(disk.content(INCR.path), damaged);
          assert(error.offset! >= ends[batch] && error.offset! <= at, error.message);
          counts.refused++;
        }
      }
    }
  }
  assert(counts.refused > 4000 && counts.cut > 500, JSON.stringify(counts));
});

Deno.test("damage is told with offset, number of the batch, and what is good", async () => {
  const { text, ends } = framedLog(BATCHES, (at) => at);
  const error = await refused(diskWith(text.replace("l\r\n#S:1", "l\r\n#S:2")));
  assertEquals([error.kind, error.offset, error.path], ["damaged", ends[2], INCR.path]);
  assertStringIncludes(error.message, "batch 3 is damaged");
  assertStringIncludes(error.message, "The 4 commands before it are good");
  assertStringIncludes(error.message, "redeno aof fix");
});

Deno.test("zeros anywhere in what was never safe are a torn tail, in the first page too", async () => {
  const { text, ends } = framedLog(BATCHES);
  for (let from = 0; from < text.length; from += 3) {
    for (let to = from + 1; to <= text.length + 8; to += 5) {
      const holed = text.slice(0, from) + "\0".repeat(to - from) + text.slice(to);
      if (holed === text) continue;
      const disk = diskWith(holed);
      const whole = ends.findLastIndex((end) => end <= from);
      const { data } = await load(disk);
      assertEquals(data, STATES[whole], `zeros from ${from} to ${to}`);
      assertEquals(disk.content(INCR.path), text.slice(0, ends[whole]));
    }
  }
});

Deno.test("zeros in what was safe are damage", async () => {
  const { text, ends } = framedLog([...BATCHES, SEALING], (at) => at);
  for (let from = 0; from < ends[4]; from += 3) {
    const holed = text.slice(0, from) + "\0".repeat(4) + text.slice(from + 4);
    assertEquals((await refused(diskWith(holed))).kind, "damaged");
  }
});

Deno.test("bytes lost or added in what was safe are damage, although all seals have moved", async () => {
  const { text, ends } = framedLog([...BATCHES, SEALING], (at) => at);
  for (let at = 0; at < ends[3]; at++) {
    const before = text.slice(0, at);
    assertEquals((await refused(diskWith(before + text.slice(at + 1)))).kind, "damaged", `${at}`);
    // A longer length looks like a torn tail: that alone cannot be told once the seals have moved.
    if (/#B:\d*$/.test(before)) continue;
    assertEquals((await refused(diskWith(before + "0" + text.slice(at)))).kind, "damaged", `${at}`);
  }
});

Deno.test("a log that is a value in this one does not make a torn tail damage", async () => {
  const inner = framedLog(BATCHES, (at) => at + 10_000).text;
  const { text, ends } = framedLog([BATCHES[0], { text: resp("SET", "log", inner) }]);
  for (let length = ends[1]; length < text.length; length += 7) {
    assertEquals((await load(diskWith(text.slice(0, length)))).data, STATES[1]);
  }
  const foreign = framedLog(BATCHES).text + resp("SET", "log", inner);
  assertEquals((await load(diskWith(foreign))).data.get("4:log"), inner);
});

Deno.test("pages lost in any order never show what is not a prefix", async () => {
  const { seed, size } = flags(300);
  for (let run = 0; run < size; run++) {
    const random = new Seeded(seed + run);
    const synced = random.below(3);
    const { text, ends } = framedLog(
      BATCHES,
      (at) => synced === 0 ? 0 : Math.min(at, ends0[synced]),
    );
    const safe = synced === 0 ? 0 : ends[synced];
    const page = 1 + random.below(64);
    let left = text.slice(0, safe);
    for (let at = safe; at < text.length; at += page) {
      const part = text.slice(at, at + page);
      left += random.chance(0.6) ? part : "\0".repeat(part.length);
    }
    left = left.slice(0, Math.max(safe, random.below(left.length + 1)));
    const { data } = await load(diskWith(left));
    const found = STATES.findIndex((state) =>
      JSON.stringify([...state]) === JSON.stringify([...data])
    );
    assert(found >= synced, `seed ${seed + run}: ${found} of at least ${synced}`);
  }
});
const ends0 = framedLog(BATCHES).ends;

Deno.test("what another server appended is loaded behind the batches, and may be torn", async () => {
  const { text } = framedLog(BATCHES, (at) => at);
  const foreign = "#TS:1700000009\r\n" + resp("SELECT", "0") + resp("SET", "a", "theirs") +
    resp("MULTI") + resp("SET", "d", "1");
  for (const start of [0, "#TS:1700000009\r\n".length]) {
    const tail = foreign.slice(start);
    const disk = diskWith(text + tail);
    const { data, result } = await load(disk);
    assertEquals(data.get("0:a"), "theirs");
    assertEquals(data.has("0:d"), false);
    const multiAt = text.length + tail.indexOf(resp("MULTI"));
    assertEquals(disk.content(INCR.path), (text + tail).slice(0, multiAt));
    assertEquals(result.cut_bytes, text.length + tail.length - multiAt);
    const whole = await load(diskWith(text + tail + resp("EXEC")));
    assertEquals(whole.data.get("0:d"), "1");
  }
  const error = await refused(diskWith(text + "*3\r\n$3\r\nSEX\r\n" + resp("SET", "a", "1")));
  assertEquals(error.kind, "damaged");
});

Deno.test("a batch whose first byte became that of a command is not taken for foreign", async () => {
  for (const count of [1, 2, 4]) {
    const { text, ends } = framedLog(BATCHES.slice(0, count));
    const at = ends[count - 1];
    const changed = text.slice(0, at) + "*" + text.slice(at + 1);
    const disk = diskWith(changed);
    if (count === 1) assertEquals((await refused(disk)).kind, "damaged"); // begins as any log may
    else assertEquals((await load(disk)).data, STATES[count - 1]);
  }
});

Deno.test("a batch longer than what is kept in memory is verified before a byte of it runs", async () => {
  const large = { text: resp("SET", "a", "y".repeat(3 * 1024 * 1024)) + resp("SET", "z", "1") };
  const { text, ends } = framedLog([BATCHES[0], large, BATCHES[3]], (at) => at);
  const { data } = await load(diskWith(text));
  assertEquals([data.get("0:a"), data.get("0:z")], ["3", "1"]);
  const at = ends[2] - 200; // near the end of the large batch
  const flipped = text.slice(0, at) + "Y" + text.slice(at + 1);
  const target = new ToyTarget();
  const error = await refused(diskWith(flipped), [INCR], { target });
  assertEquals(error.offset, ends[1]);
  assertEquals(target.data.get("0:a"), "1");
  const torn = await load(diskWith(text.slice(0, ends[2] - 1)));
  assertEquals(torn.data, STATES[1]);
});

Deno.test("short reads change nothing in a framed file", async () => {
  for (const written of [1, 7]) {
    const disk = diskWith(framedLog(BATCHES, (at) => at).text);
    disk.fault = ({ operation }) => operation === "read" ? { written } : undefined;
    assertEquals((await load(disk)).data, STATES[4]);
  }
});

Deno.test("a disk that fails in any call of a load or a cut loses nothing", async () => {
  const torn = framedLog(BATCHES).text.slice(0, -3);
  const healthy = diskWith(torn);
  await load(healthy);
  for (let index = 1; index <= healthy.calls.length; index++) {
    for (const code of ["EIO", "ENOSPC"] as const) {
      const disk = diskWith(torn);
      disk.fault = (call) => call.index === index ? { code, written: 1 } : undefined;
      await load(disk).catch(() => undefined);
      disk.crash("power");
      disk.fault = () => undefined;
      assertEquals((await load(disk)).data, STATES[3], `call ${index}`);
      const kept = Object.entries(disk.snapshot()).filter(([path]) => path.includes(".cut-"));
      assert(
        kept.some(([, content]) => torn.endsWith(content) && content.length > 0),
        `call ${index}: ${JSON.stringify(kept)}`,
      );
    }
  }
});

Deno.test("an earlier cut at the same place is not written over", async () => {
  const { text, ends } = framedLog(BATCHES);
  const disk = diskWith(text.slice(0, -3));
  disk.put(`${INCR.path}.cut-${ends[3]}`, "of before");
  await load(disk);
  assertEquals(disk.content(`${INCR.path}.cut-${ends[3]}`), "of before");
  assertEquals(disk.content(`${INCR.path}.cut-${ends[3]}.2`), text.slice(ends[3], -3));
});

Deno.test("a first batch full of holes is a torn tail where the manifest says that it was framed", async () => {
  const { text } = framedLog(BATCHES);
  // Not one mark is left, and the file does not begin as it was begun.
  const holed = "\0\0\0" + text.slice(3).replaceAll("#", "\0");
  const disk = diskWith(holed);
  assertEquals((await load(disk)).data, STATES[0]);
  assertEquals(disk.content(INCR.path), "");
  assertEquals(disk.content(`${INCR.path}.cut-0`), holed);
  const unframed = await refused(diskWith(holed), [{ ...INCR, framed: false }]);
  assertEquals([unframed.kind, unframed.offset], ["damaged", 0]);
});

Deno.test("a file that has lost whole batches at its end is damaged, if a later one has data", async () => {
  const { text, ends } = framedLog([...BATCHES, SEALING], (at) => at);
  const { text: next } = framedLog([{ text: resp("SET", "z", "1") }]);
  assertEquals((await load(diskWith(text, next), [INCR, NEXT])).data.get("0:z"), "1");
  for (const [batch, end] of ends.slice(0, -1).entries()) {
    const lost = text.slice(0, end);
    const error = await refused(diskWith(lost, next), [INCR, NEXT]);
    assertEquals([error.kind, error.path, error.offset], ["damaged", INCR.path, end]);
    assertStringIncludes(error.message, `batch ${batch + 1} is missing`);
    // Another server knows of no seals, and an empty file proves nothing.
    for (const other of [resp("SET", "z", "1"), ""]) {
      assertEquals((await load(diskWith(lost, other), [INCR, NEXT])).result.cut_bytes, 0);
    }
  }
});

Deno.test("the empty batch of a server's end does not end a file for good", async () => {
  const ended = { text: "", commands: 0, time_s: 101 };
  const { text, ends } = framedLog([BATCHES[0], ended, ...BATCHES.slice(1), SEALING], (at) => at);
  const { text: next } = framedLog([{ text: resp("SET", "z", "1") }]);
  assertEquals((await load(diskWith(text, next), [INCR, NEXT])).data.get("0:z"), "1");
  const error = await refused(diskWith(text.slice(0, ends[2]), next), [INCR, NEXT]);
  assertEquals([error.kind, error.offset], ["damaged", ends[2]]);
});

Deno.test("a framed base is whole only with its seal, and rot in it is damage", async () => {
  const base: AofFile = { path: INCR.path, name: "base", type: "base" };
  const { text, ends } = framedLog([...BATCHES, SEALING], (at) => at);
  assertEquals((await load(diskWith(text), [base])).data, STATES[4]);
  for (const end of ends.slice(1, -1)) {
    assertEquals((await refused(diskWith(text.slice(0, end)), [base])).kind, "damaged");
  }
  for (let at = 0; at < text.length; at += 3) {
    const byte = String.fromCharCode(text.charCodeAt(at) ^ 2);
    const error = await refused(diskWith(text.slice(0, at) + byte + text.slice(at + 1)), [base]);
    assertEquals(error.kind, "damaged", `byte ${at}`);
  }
});
