/** The loader: torn tails at every byte, damage at every byte, and files that may not be loaded. */

import { StorageError } from "../../lib/persistence/errors.ts";
import { loadAof, type LoadOptions, type LoadResult } from "../../lib/persistence/aof/loader.ts";
import type { AofFile } from "../../lib/persistence/files.ts";
import { Keyspace } from "../../lib/keyspace/keyspace.ts";
import { SeededRandom } from "../../lib/platform/random.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../kit/assert.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { LIMITS } from "./rdb_files/kit.ts";
import { memoryLog, resp, restlessClock, ToyTarget } from "./kit.ts";

const BASE: AofFile = { path: "/data/base", name: "base", type: "base" };
const INCR: AofFile = { path: "/data/incr", name: "incr", type: "incr" };

interface Loaded {
  readonly result: LoadResult;
  readonly data: Map<string, string>;
  readonly lines: string[];
}

async function load(
  disk: MemoryDisk,
  files: AofFile[],
  extra: Partial<LoadOptions> = {},
): Promise<Loaded> {
  const target = new ToyTarget();
  const { log, lines } = memoryLog();
  const result = await loadAof({
    disk,
    files,
    target,
    loadTruncated: true,
    clock: restlessClock,
    log,
    ...extra,
  });
  return { result, data: target.data, lines };
}

function diskWith(files: Record<string, string>): MemoryDisk {
  const disk = new MemoryDisk();
  for (const [path, content] of Object.entries(files)) disk.put(path, content);
  return disk;
}

async function refused(disk: MemoryDisk, files: AofFile[], extra: Partial<LoadOptions> = {}) {
  const before = disk.snapshot();
  const error = await assertRejects(() => load(disk, files, extra), StorageError);
  assertEquals(disk.snapshot(), before, "nothing on disk is touched");
  return error;
}

/** Units (what is cut as a whole) of a small log. */
const UNITS = [
  resp("SELECT", "0"),
  resp("SET", "a", "1"),
  "#TS:1700000000\r\n",
  resp("MULTI") + resp("SET", "b", "2") + resp("SET", "c", "line\r\nend") + resp("EXEC"),
  resp("SET", "d", ""),
  "#an 'odd \"note\r\n",
  resp("SELECT", "3"),
  resp("MULTI") + resp("SET", "a", "4") + resp("EXEC"),
  resp("SET", "e", "x".repeat(12)),
];
const LOG = UNITS.join("");

/** Ends of the units within the log, 0 first. */
const ENDS = UNITS.reduce((ends, unit) => [...ends, ends.at(-1)! + unit.length], [0]);

/** Data after the first `count` units. */
async function dataAfter(count: number): Promise<Map<string, string>> {
  const { data } = await load(diskWith({ "/data/incr": UNITS.slice(0, count).join("") }), [INCR]);
  return data;
}

Deno.test("base and incremental files are replayed in order, each from database 0", async () => {
  const disk = diskWith({
    "/data/base": resp("SELECT", "2") + resp("SET", "a", "1"),
    "/data/incr": resp("SET", "a", "2") + LOG,
  });
  const { data, result, lines } = await load(disk, [BASE, INCR]);
  assertEquals(data.get("2:a"), "1");
  assertEquals(data.get("0:a"), "1");
  assertEquals(data.get("0:c"), "line\r\nend");
  assertEquals(data.get("3:a"), "4");
  assertEquals(result.cut_bytes, 0);
  assertEquals(result.commands, 2 + 1 + 12);
  assertStringIncludes(lines.join("\n"), "DB loaded from base file base: 0.0");
});

Deno.test("a tail torn at any byte is cut after the last whole unit, and a MULTI at its MULTI", async () => {
  for (let length = 0; length <= LOG.length; length++) {
    const disk = diskWith({ "/data/incr": LOG.slice(0, length) });
    const { data, result, lines } = await load(disk, [INCR]);
    const units = ENDS.findLastIndex((end) => end <= length);
    assertEquals(data, await dataAfter(units), `cut at ${length}`);
    assertEquals(disk.content("/data/incr"), LOG.slice(0, ENDS[units]), `cut at ${length}`);
    assertEquals(disk.syncedContent("/data/incr"), LOG.slice(0, ENDS[units]), "and synced");
    assertEquals(result.cut_bytes, length - ENDS[units]);
    assertEquals(result.size_bytes, ENDS[units]);
    const said = lines.some((line) => line.includes(`${result.cut_bytes} bytes removed`));
    assertEquals(said, result.cut_bytes > 0);
  }
});

Deno.test("with aof-load-truncated no, a torn tail is refused at its offset", async () => {
  for (let length = 0; length <= LOG.length; length++) {
    if (ENDS.includes(length)) continue;
    const error = await refused(diskWith({ "/data/incr": LOG.slice(0, length) }), [INCR], {
      loadTruncated: false,
    });
    assertEquals(error.kind, "truncated");
    assertEquals(error.offset, ENDS.findLast((end) => end <= length));
    assertStringIncludes(error.message, "/data/incr");
    assertStringIncludes(error.message, "aof-load-truncated");
  }
});

Deno.test("a file that is not the last may not end early", async () => {
  for (let length = 0; length <= LOG.length; length++) {
    if (ENDS.includes(length)) continue;
    const disk = diskWith({ "/data/base": LOG.slice(0, length), "/data/incr": "" });
    const error = await refused(disk, [BASE, INCR]);
    assertEquals(error.kind, "damaged");
    assertEquals(error.offset, ENDS.findLast((end) => end <= length));
  }
});

Deno.test("damage at any byte is refused, is valid RESP, or cost the last unit only", async () => {
  const counts = { refused: 0, loaded: 0, lastUnitCut: 0 };
  for (let at = 0; at < LOG.length; at++) {
    for (const change of [0x01, 0x04, 0x40, 0xff]) {
      const flipped = String.fromCharCode(LOG.charCodeAt(at) ^ change);
      const damaged = LOG.slice(0, at) + flipped + LOG.slice(at + 1);
      const disk = diskWith({ "/data/incr": damaged });
      try {
        const { result } = await load(disk, [INCR]);
        const lastUnitFrom = ENDS[UNITS.length - 1];
        if (result.cut_bytes > 0) {
          assert(at >= lastUnitFrom, `byte ${at} is damaged, ${result.cut_bytes} bytes were cut`);
          assertEquals(result.size_bytes, lastUnitFrom);
          counts.lastUnitCut++;
        } else {
          assertEquals(disk.content("/data/incr"), damaged);
          counts.loaded++;
        }
      } catch (error) {
        assert(error instanceof StorageError, String(error));
        assertEquals(disk.content("/data/incr"), damaged, "nothing on disk is touched");
        assert(error.kind === "damaged" || error.kind === "command", error.message);
        // A wrong length can swallow a line end or two before it is noticed.
        assert(error.offset! <= at + 16, `${at}: ${error.message}`);
        counts.refused++;
      }
    }
  }
  assert(counts.refused > 200 && counts.loaded > 20, JSON.stringify(counts));
});

Deno.test("a byte lost or added anywhere before the last unit is never cut away silently", async () => {
  for (let at = 0; at < ENDS[UNITS.length - 1]; at++) {
    for (
      const changed of [
        LOG.slice(0, at) + LOG.slice(at + 1),
        LOG.slice(0, at) + "0" + LOG.slice(at),
      ]
    ) {
      const disk = diskWith({ "/data/incr": changed });
      try {
        const { result } = await load(disk, [INCR]);
        assertEquals(result.cut_bytes, 0, `at ${at}`);
      } catch (error) {
        assert(error instanceof StorageError, String(error));
      }
      assertEquals(disk.content("/data/incr"), changed);
    }
  }
});

Deno.test("a length that swallows the rest of the log is damage, not a torn tail", async () => {
  const changed = LOG.replace("$1\r\na\r\n$1\r\n1", "$1\r\na\r\n$9999\r\n1");
  assert(changed !== LOG);
  const error = await refused(diskWith({ "/data/incr": changed }), [INCR]);
  assertEquals(error.kind, "damaged");
  assertEquals(error.offset, ENDS[1]);
  assertStringIncludes(error.message, "a length is wrong");
});

Deno.test("zeros, inline commands and empty arrays are not taken for commands", async () => {
  for (
    const junk of ["\0\0\0\0", "SET a b\r\n", "*0\r\n", "*-1\r\n", "\r\n", "$1\r\na\r\n", "+OK\r\n"]
  ) {
    for (const after of ["", LOG]) {
      const error = await refused(diskWith({ "/data/incr": LOG + junk + after }), [INCR]);
      assertEquals(error.kind, "damaged", junk);
      assertEquals(error.offset, LOG.length, junk);
    }
  }
});

Deno.test("a command that is refused stops the start with its offset, unless told otherwise", async () => {
  const files = { "/data/incr": resp("SET", "a", "1") + resp("NOPE") + resp("SET", "a", "2") };
  const error = await refused(diskWith(files), [INCR]);
  assertEquals(error.kind, "command");
  assertEquals(error.offset, resp("SET", "a", "1").length);
  assertStringIncludes(error.message, "'NOPE'");
  const { data, lines } = await load(diskWith(files), [INCR], { refusedCommand: "log" });
  assertEquals(data.get("0:a"), "2");
  assertEquals(lines.filter((line) => line.includes("'NOPE'")).length, 1);
});

/** What redis-server 7.0.15 writes as the base at an empty start. */
const EMPTY_RDB = Uint8Array.from(
  ("524544495330303130fa0972656469732d76657206372e302e3135fa0a72656469732d62697473c040" +
    "fa056374696d65c226ea026bfa08757365642d6d656dc2b85f0d00fa08616f662d62617365c001ff" +
    "4fa5159fc0ea3ce3").match(/../g)!,
  (hex) => parseInt(hex, 16),
);
const RDB = String.fromCharCode(...EMPTY_RDB);

/** The same with the string `b` = `c` in it, and no checksum. */
const RDB_WITH_KEY = RDB.slice(0, 9) + "\xfe\x00\xfb\x01\x00\x00\x01b\x01c\xff" + "\0".repeat(8);

/** Where RDB files are loaded into. */
function intoKeyspace() {
  return { keyspace: new Keyspace(16, { k0: 1, k1: 2 }, new SeededRandom(1), 0), limits: LIMITS };
}

Deno.test("an RDB base is loaded, and commands may follow it in the same file", async () => {
  const into = intoKeyspace();
  const files = { "/data/base": RDB_WITH_KEY, "/data/incr": LOG };
  const { data, result, lines } = await load(diskWith(files), [BASE, INCR], into);
  assertEquals(data, await dataAfter(UNITS.length));
  assertEquals([result.keys, into.keyspace.database(0).size], [1, 1]);
  assert(lines.includes("Reading RDB base file on AOF loading..."));
  const tail = resp("SET", "a", "1");
  for (const rdb of [RDB, RDB_WITH_KEY]) {
    const disk = diskWith({ "/data/incr": rdb + tail + "*3\r\n" });
    assertEquals((await load(disk, [INCR], intoKeyspace())).data.get("0:a"), "1");
    assertEquals(disk.content("/data/incr"), rdb + tail, "offsets count from the file's start");
  }
  assertEquals((await refused(diskWith(files), [BASE])).kind, "unsupported");
});

Deno.test("an RDB base with damage at any byte, or an end too early, is refused", async () => {
  for (let at = 0; at < RDB.length; at++) {
    const flipped = String.fromCharCode(RDB.charCodeAt(at) ^ 1);
    const damaged = RDB.slice(0, at) + flipped + RDB.slice(at + 1);
    await refused(diskWith({ "/data/base": damaged }), [BASE], intoKeyspace());
    if (at === 0) continue;
    await refused(diskWith({ "/data/base": RDB.slice(0, at) }), [BASE], intoKeyspace());
  }
});

Deno.test("short reads change nothing", async () => {
  for (const length of [1, 7]) {
    const disk = diskWith({ "/data/incr": LOG });
    disk.fault = ({ operation }) => operation === "read" ? { written: length } : undefined;
    assertEquals((await load(disk, [INCR])).data, await dataAfter(UNITS.length));
  }
});

Deno.test("a disk that fails in any call fails the load, and leaves the log as it was", async () => {
  const torn = LOG + "*3\r\n";
  const healthy = diskWith({ "/data/incr": torn });
  await load(healthy, [INCR]);
  for (let index = 1; index <= healthy.calls.length; index++) {
    const disk = diskWith({ "/data/incr": torn });
    disk.fault = (call) => call.index === index ? { code: "EIO" } : undefined;
    await assertRejects(() => load(disk, [INCR]), Error, "Input/output error");
    const left = disk.content("/data/incr");
    assert(left === torn || healthy.calls[index - 1].operation === "sync", `call ${index}`);
  }
});

Deno.test("the event loop gets its turns, and progress is told each second", async () => {
  let now_ms = 0;
  let rests = 0;
  const told: number[] = [];
  const big = resp("SET", "a", "1").repeat(50_000);
  await load(diskWith({ "/data/incr": big }), [INCR], {
    clock: {
      ...restlessClock,
      monotonic_ms: () => now_ms += 10,
      after: (_delay, action) => {
        rests++;
        queueMicrotask(action);
        return () => undefined;
      },
    },
    onProgress: ({ loaded_bytes, total_bytes }) => {
      assertEquals(total_bytes, big.length);
      told.push(loaded_bytes);
    },
  });
  assert(rests >= 20, `${rests} rests`);
  assert(told.length >= 1 && told.length < rests, `${told}`);
});
