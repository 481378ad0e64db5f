/** `redeno aof check`: what it tells of a log, whole or broken in any way. */

import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { Progress } from "../../lib/tools/progress.ts";
import { resp, restlessClock } from "../persistence/kit.ts";
import { DIR, diskWith, FakeTerminal, frame, incr, sealing, set, tool } from "./kit.ts";

const THREE = [
  { commands: [resp("SELECT", "0"), set("a", "1")], time_s: 1_800_000_000 },
  { commands: [resp("MULTI"), set("b", "2"), set("c", "3"), resp("EXEC")], time_s: 1_800_000_001 },
  { commands: [resp("SELECT", "2"), resp("DEL", "a")], time_s: 1_800_000_005 },
];

Deno.test("a whole log is counted by command, database and time", async () => {
  const disk = diskWith([frame([...THREE, sealing(1_800_000_009)]).text]);
  const { code, text } = await tool(disk, ["aof", "check", DIR]);
  assertEquals(code, 0, text);
  assertStringIncludes(text, "no base, 1 incremental, 0 history");
  assertStringIncludes(text, "checksummed\n  batches 3, commands 8, from 2027-01-15T08:00:00Z");
  assertStringIncludes(text, "ended in order");
  assertStringIncludes(text, "Commands by name: set 3, select 2, multi 1, exec 1, del 1\n");
  assertStringIncludes(text, "Commands by database: db0 6, db2 2\n");
  assertStringIncludes(text, "Result: all is well");
});

Deno.test("a file in which any byte was changed is never called whole", async () => {
  const { text, offsets } = frame(THREE);
  for (let at = 0; at < text.length; at++) {
    const flipped = String.fromCharCode(text.charCodeAt(at) ^ 1);
    const disk = diskWith([text.slice(0, at) + flipped + text.slice(at + 1)]);
    const run = await tool(disk, ["aof", "check", DIR]);
    // The last batch says that those before it were safe; of itself nothing says so.
    const expected = at < offsets[2] ? 1 : 2;
    assertEquals(run.code, expected, `byte ${at}: ${run.text}`);
  }
});

Deno.test("damage is told with offset, batch, and the commands before it", async () => {
  const { text, offsets } = frame(THREE);
  const broken = text.replace("$1\r\n3\r\n", "$1\r\n4\r\n");
  const { text: told, code } = await tool(diskWith([broken]), ["aof", "check", DIR]);
  assertEquals(code, 1);
  assertStringIncludes(told, `DAMAGED at offset ${offsets[1]}, in batch 2, after 2 commands: `);
  assertStringIncludes(told, "the checksum of the batch is wrong, yet it was safe");
  assertStringIncludes(told, "2 batches with 6 commands have their '#S' line");
});

Deno.test("a file cut anywhere is whole at a batch's end and torn elsewhere", async () => {
  const { text, offsets } = frame(THREE);
  for (let size = 0; size <= text.length; size++) {
    const run = await tool(diskWith([text.slice(0, size)]), ["aof", "check", DIR]);
    const isWhole = [...offsets, text.length].includes(size);
    assertEquals(run.code, isWhole ? 0 : 2, `cut at ${size}: ${run.text}`);
    const begin = offsets.findLast((offset) => offset <= size);
    if (!isWhole) assertStringIncludes(run.text, `TORN at offset ${begin}`);
  }
});

Deno.test("a torn end before a file with data is damage, before empty files it is not", async () => {
  const torn = frame(THREE).text.slice(0, -5);
  const late = await tool(diskWith([torn, frame(THREE).text]), ["aof", "check", DIR]);
  assertEquals(late.code, 1);
  assertStringIncludes(late.text, "another file follows");
  assertEquals((await tool(diskWith([torn, ""]), ["aof", "check", DIR])).code, 2);
});

Deno.test("pages of zeros that were never safe are a torn end", async () => {
  const { text, offsets } = frame(THREE, () => 0);
  for (const from of offsets) {
    const holed = text.slice(0, from) + "\0".repeat(text.length - from);
    assertEquals((await tool(diskWith([holed]), ["aof", "check", DIR])).code, 2);
    const page = text.slice(0, from) + "\0".repeat(10) + text.slice(from + 10);
    assertEquals((await tool(diskWith([page]), ["aof", "check", DIR])).code, 2);
  }
});

Deno.test("what another server has appended behind the batches is read on", async () => {
  const { text } = frame(THREE);
  const disk = diskWith([`${text}#TS:1800000100\r\n${resp("SELECT", "1")}${set("x", "y")}`]);
  const run = await tool(disk, ["aof", "check", DIR]);
  assertEquals(run.code, 0, run.text);
  assertStringIncludes(run.text, `from offset ${text.length} on without checksums`);
  assertStringIncludes(run.text, "db1 2");
  assertStringIncludes(run.text, "to 2027-01-15T08:01:40Z");
});

Deno.test("a file without checksums may end within a command or a transaction", async () => {
  const whole = resp("SELECT", "0") + set("a", "1");
  const cases: [string, number][] = [
    [whole, 0],
    [whole + set("b", "2").slice(0, -1), 2],
    [whole + resp("MULTI") + set("b", "2"), 2],
    [whole + "#TS:18000", 2],
    [whole.replace("$1\r\na", "$9\r\na") + whole, 1],
    [whole + "garbage", 1],
  ];
  for (const [content, expected] of cases) {
    const run = await tool(diskWith([content]), ["aof", "check", DIR]);
    assertEquals(run.code, expected, run.text);
    if (expected === 2) assertStringIncludes(run.text, `TORN at offset ${whole.length}`);
  }
});

Deno.test("what lies beside the log is told, and what the manifest names but is not there", async () => {
  const disk = diskWith([frame(THREE).text]);
  disk.put(`${DIR}/appendonly.aof.7.incr.aof`, "x");
  disk.put(`${DIR}/temp-appendonly.aof.base`, "x");
  disk.put(`${DIR}/${incr(1)}.cut-99`, "x");
  const run = await tool(disk, ["aof", "check", DIR]);
  assertEquals(run.code, 0);
  assertStringIncludes(run.text, "appendonly.aof.7.incr.aof (1 bytes): looks like a part");
  assertStringIncludes(run.text, "temp-appendonly.aof.base (1 bytes): unfinished work");
  assertStringIncludes(run.text, "cut-99 (1 bytes): bytes that were cut off");
  disk.remove(`${DIR}/${incr(1)}`);
  const gone = await tool(disk, ["aof", "check", DIR]);
  assertEquals(gone.code, 1);
  assertStringIncludes(gone.text, "MISSING");
});

Deno.test("a manifest that is missing or broken is damage, and is named with its line", async () => {
  const disk = diskWith([frame(THREE).text]);
  disk.put(`${DIR}/appendonly.aof.manifest`, `file ${incr(1)} seq 1 type i\nfile x seq\n`);
  const broken = await tool(disk, ["aof", "check", DIR]);
  assertEquals(broken.code, 1);
  assertStringIncludes(broken.text, "appendonly.aof.manifest:2: ");
  disk.remove(`${DIR}/appendonly.aof.manifest`);
  const missing = await tool(disk, ["aof", "check", DIR]);
  assertEquals(missing.code, 1);
  assertStringIncludes(missing.text, "the manifest is missing");
  assertStringIncludes(missing.text, "'redeno aof fix' can propose one");
});

Deno.test("wrong usage, and what cannot be read, end with 3", async () => {
  const disk = diskWith([frame(THREE).text]);
  for (
    const argv of [
      ["aof"],
      ["aof", "mend", DIR],
      ["aof", "check"],
      ["aof", "check", DIR, DIR],
      ["aof", "check", DIR, "--fast"],
      ["aof", "check", "/nowhere"],
      ["aof", "dump", DIR, "--to-time", "yesterday"],
      ["aof", "dump", DIR, "--db", "-1"],
      ["aof", "dump", DIR, "--match"],
      ["aof", "restore", DIR],
      ["rdb", "check", "/nowhere"],
    ]
  ) {
    const run = await tool(disk, argv);
    assertEquals(run.code, 3, argv.join(" "));
    assert(run.terminal.remarks.length === 1, argv.join(" "));
  }
  disk.fault = ({ operation }) => operation === "read" ? { code: "EIO" } : undefined;
  assertEquals((await tool(disk, ["aof", "check", DIR])).code, 3);
});

Deno.test("every tool has its help", async () => {
  const disk = diskWith([]);
  for (const name of ["aof check", "aof fix", "aof restore", "aof dump", "rdb check"]) {
    const run = await tool(disk, [...name.split(" "), "--help"]);
    assertEquals(run.code, 0);
    assertStringIncludes(run.text, `Usage: redeno ${name}`);
  }
  assertStringIncludes((await tool(disk, ["aof", "--help"])).text, "Exit codes");
});

Deno.test("--quiet leaves the result only", async () => {
  const { terminal } = await tool(diskWith([frame(THREE).text]), ["aof", "check", DIR, "--quiet"]);
  assertEquals([terminal.lines, terminal.remarks], [["Result: all is well"], []]);
});

Deno.test("progress is a bar in place on a screen, a line now and then elsewhere", () => {
  let now_ms = 0;
  const clock = { ...restlessClock, monotonic_ms: () => now_ms };
  const told = (terminal: FakeTerminal) => {
    const progress = new Progress(terminal, clock, 10 * 1024 * 1024);
    progress.label = "some file";
    for (let i = 0; i < 5; i++) {
      now_ms += 1000;
      progress.add(1024 * 1024);
    }
    progress.wipe();
    return terminal;
  };
  const screen = new FakeTerminal();
  screen.isScreen = true;
  assertEquals(told(screen).drawn.slice(-2), [
    "\r\x1b[K[############............] 50%  5.0 MB of 10.0 MB  some file",
    "\r\x1b[K",
  ]);
  assertEquals(screen.remarks, []);
  const pipe = told(new FakeTerminal());
  assertEquals(pipe.drawn, []);
  assertEquals(pipe.remarks.length, 2);
  assertStringIncludes(pipe.remarks[1], "40%  4.0 MB of 10.0 MB  some file");
});
