/** The manifest: what is read, what is refused, and that it is only ever replaced as a whole. */

import {
  formatManifest,
  type Manifest,
  parseManifest,
  saveManifest,
} from "../../lib/persistence/aof/manifest.ts";
import { StorageError } from "../../lib/persistence/errors.ts";
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { withCheck } from "./kit.ts";
import { MemoryDisk } from "./memory_disk.ts";

const BASE = "file appendonly.aof.1.base.rdb seq 1 type b\n";
const INCR = "file appendonly.aof.1.incr.aof seq 1 type i\n";

function refusal(text: string): StorageError {
  const error = assertThrows(() => parseManifest(text, "m"), StorageError);
  assertEquals(error.kind, "manifest");
  return error;
}

Deno.test("a manifest as Redis writes it is read, and written back byte for byte, with a checksum", () => {
  const text = BASE + "file appendonly.aof.0.incr.aof seq 1 type h\n" + INCR +
    "file appendonly.aof.2.incr.aof seq 2 type i\n";
  const manifest = parseManifest(text, "m");
  assertEquals(manifest.base, { name: "appendonly.aof.1.base.rdb", seq: 1, type: "base" });
  assertEquals(manifest.incrs.map(({ seq }) => seq), [1, 2]);
  assertEquals(manifest.histories.length, 1);
  assertEquals(formatManifest(manifest), withCheck(text));
});

Deno.test("what Redis takes in a line is taken: comments, order, capitals, quotes, later keys", () => {
  for (
    const text of [
      "# a comment\n" + INCR,
      "type i seq 1 file appendonly.aof.1.incr.aof\n",
      "FILE appendonly.aof.1.incr.aof SEQ 1 TYPE i\n",
      'file "appendonly.aof.1.incr.aof" seq 1 type i\n',
      "file 'appendonly.aof.1.incr.aof' seq 1 type i\n",
      "file   appendonly.aof.1.incr.aof \t seq 1 type i  \n",
      "file appendonly.aof.1.incr.aof seq 1 type i\r\n",
      "file appendonly.aof.1.incr.aof seq 1 type i startoffset 0 endoffset 12\n",
    ]
  ) {
    const incrs = [{ name: "appendonly.aof.1.incr.aof", seq: 1, type: "incr" as const }];
    assertEquals(parseManifest(text, "m").incrs, incrs, text);
  }
});

const REFUSED: readonly [text: string, line: number | undefined, reason: RegExp][] = [
  ["", undefined, /is empty/],
  ["# only a comment\n", undefined, /names no file/],
  ["\n", 1, /line is empty/],
  [INCR + "\n", 2, /line is empty/],
  [INCR.trimEnd(), 1, /no newline/],
  [INCR + BASE.slice(0, -5), 2, /no newline/],
  ["  # comment\n" + INCR, 1, /must say/],
  ["file a/b.aof seq 1 type i\n", 1, /not a path/],
  ["file ../b.aof seq 1 type i\n", 1, /not a path/],
  ["file .. seq 1 type i\n", 1, /not a path/],
  ["file a\\\\b seq 1 type i\n", 1, /not a path/],
  ['file "" seq 1 type i\n', 1, /not a path/],
  ['file "a\\x00b" seq 1 type i\n', 1, /not a path/],
  ['file "\\xff" seq 1 type i\n', 1, /UTF-8/],
  ["file a seq 1 type x\n", 1, /unknown file type 'x'/],
  ["file a seq 1 type ix\n", 1, /unknown file type 'ix'/],
  ["file a seq 0 type i\n", 1, /positive integer/],
  ["file a seq -1 type i\n", 1, /positive integer/],
  ["file a seq 1x type i\n", 1, /positive integer/],
  ["file a seq abc type i\n", 1, /positive integer/],
  ["file a seq 99999999999999999 type i\n", 1, /positive integer/],
  ["file a seq 1\n", 1, /must say/],
  ["file a type i\n", 1, /must say/],
  ["seq 1 type i\n", 1, /must say/],
  ["file a seq 1 type i foo\n", 1, /pairs/],
  ['file "a seq 1 type i\n', 1, /quotes/],
  ['file "a"b seq 1 type i\n', 1, /quotes/],
  ["file a seq 1 type i file b\n", 1, /given twice/],
  [BASE + BASE.replace(".1.", ".2."), 2, /second base/],
  [INCR + INCR.replace("aof.1", "aof.2"), 2, /numbers must rise/],
  ["file b seq 2 type i\n" + INCR, 2, /numbers must rise/],
  [INCR + INCR, 2, /named twice/],
  [`file ${"x".repeat(1100)} seq 1 type i\n`, 1, /longer than 1024/],
];

Deno.test("every malformed manifest is refused with its line and the reason", () => {
  for (const [text, line, reason] of REFUSED) {
    const error = refusal(text);
    assertEquals(error.offset, line, text);
    assert(reason.test(error.message), `${JSON.stringify(text)}: ${error.message}`);
  }
});

Deno.test("a manifest cut at any byte is refused, unless it ends with a whole line", () => {
  const text = BASE + INCR;
  for (let length = 0; length < text.length; length++) {
    if (length === BASE.length) continue; // whole lines: indistinguishable from a shorter manifest
    refusal(text.slice(0, length));
  }
});

Deno.test("odd file names survive being written and read", () => {
  for (const name of ["with space", 'q"uote', "q'uote", "tab\there", "ümläut", "日本", "line\n"]) {
    const incrs = [{ name, seq: 7, type: "incr" as const }];
    const text = formatManifest({ base: undefined, incrs, histories: [] });
    assertEquals(parseManifest(text, "m").incrs, incrs);
    assertEquals(text.split("\n").length, 4, "one line between those about the checksum");
  }
});

Deno.test("saving is all or nothing: whatever call fails or crash comes, a whole manifest is there", () => {
  const before = BASE + INCR;
  const manifest: Manifest = parseManifest(before.replaceAll(".1.", ".2."), "m");
  const after = formatManifest(manifest);
  const begin = () => {
    const disk = new MemoryDisk();
    disk.put("/data/m", before);
    return disk;
  };
  const whole = begin();
  saveManifest(whole, "/data", "m", manifest);
  assertEquals(whole.snapshot(), { "/data/m": after });
  const calls = whole.calls.length;
  assert(calls >= 5, "open, write, sync, rename, sync of the directory");
  whole.crash("power");
  assertEquals(whole.content("/data/m"), after, "durable when it returns");

  for (let index = 1; index <= calls; index++) {
    for (const written of [undefined, 0, 3]) {
      for (const how of ["kill", "power"] as const) {
        const disk = begin();
        disk.fault = (call) => call.index === index ? { code: "ENOSPC", written } : undefined;
        const operation = whole.calls[index - 1].operation;
        if (written !== undefined && operation !== "write") continue;
        assertThrows(() => saveManifest(disk, "/data", "m", manifest), Error, "No space left");
        disk.crash(how);
        const found = disk.content("/data/m");
        const expected = operation === "syncdir" && how === "kill" ? after : before;
        assertEquals(found, expected, `call ${index} (${operation}) failed, then ${how}`);
      }
    }
  }
});

Deno.test("short writes do not hurt a manifest", () => {
  const disk = new MemoryDisk();
  disk.fault = ({ operation }) => operation === "write" ? { written: 1 } : undefined;
  saveManifest(disk, "/data", "m", parseManifest(BASE + INCR, "m"));
  assertEquals(disk.content("/data/m"), withCheck(BASE + INCR));
});

Deno.test("a manifest in which any bit has changed is refused, or says the same", () => {
  const text = withCheck(BASE + INCR.trimEnd() + " frames yes\n");
  const manifest = parseManifest(text, "m");
  for (let at = 0; at < text.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const letter = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit));
      const changed = text.slice(0, at) + letter + text.slice(at + 1);
      try {
        assertEquals(parseManifest(changed, "m"), manifest, changed);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        assertEquals(error.kind, "manifest");
      }
    }
  }
});

Deno.test("a manifest that has lost its end is refused, wherever that was", () => {
  const whole = withCheck(BASE + INCR);
  for (let length = 0; length < whole.length; length++) {
    const { message } = refusal(whole.slice(0, length));
    assert(/is empty|no newline|checksum .* is missing/.test(message), message);
  }
});

Deno.test("the checksum is the last line, and its error says what to do", () => {
  const wrong = refusal(BASE + INCR + "# crc32 00000000\n");
  assertEquals(wrong.offset, 3);
  assert(/checksum does not fit.*remove this line/.test(wrong.message), wrong.message);
  const more = refusal(withCheck(BASE) + INCR);
  assertEquals(more.offset, 4);
  assert(/behind the checksum/.test(more.message), more.message);
  assertEquals(parseManifest("# crc32: none\n" + INCR, "m").incrs.length, 1, "another comment");
});
