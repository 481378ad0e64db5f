/** `redeno aof restore`: the log as it was at a moment or before an offset, and no other. */

import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { latin1Bytes, type MemoryDisk } from "../persistence/memory_disk.ts";
import { resp, withCheck } from "../persistence/kit.ts";
import { DIR, diskWith, frame, incr, sealing, set, tool } from "./kit.ts";

const T = 1_800_000_000;
const FIRST = frame([
  { commands: [resp("SELECT", "0"), set("a", "1")], time_s: T },
  { commands: [resp("MULTI"), set("b", "2"), set("c", "3"), resp("EXEC")], time_s: T + 1 },
  { commands: [set("d", "4"), set("e", "5")], time_s: T + 1 },
  sealing(T + 3),
]);
const SECOND = frame([
  { commands: [set("f", "6")], time_s: T + 5 },
  {
    commands: [set("g", "7"), resp("MULTI"), set("h", "8"), resp("EXEC"), set("i", "9")],
    time_s: T + 9,
  },
]);
const INTO = "/data/new";
const NEW = `${INTO}/appendonlydir`;

async function restore(disk: MemoryDisk, ...options: string[]) {
  const before = disk.snapshot();
  const run = await tool(disk, ["aof", "restore", DIR, "--into", INTO, ...options]);
  for (const [path, content] of Object.entries(before)) assertEquals(disk.content(path), content);
  return run;
}

/** The keys that were set in the restored log. */
async function keysIn(disk: MemoryDisk): Promise<string> {
  const { terminal, code } = await tool(disk, ["aof", "dump", INTO + "/appendonlydir", "--json"]);
  assertEquals(code, 0, terminal.remarks.join("\n"));
  return terminal.lines.map((line) => JSON.parse(line).command as string[])
    .filter(([name]) => name === "SET").map(([, key]) => key).join("");
}

Deno.test("to each second there is exactly what was written until then", async () => {
  const expected: [number, string][] = [
    [T, "a"],
    [T + 1, "abcde"],
    [T + 4, "abcde"],
    [T + 5, "abcdef"],
    [T + 8, "abcdef"],
    [T + 9, "abcdefghi"],
    [T + 99, "abcdefghi"],
  ];
  for (const [to_s, keys] of expected) {
    const disk = diskWith([FIRST.text, SECOND.text]);
    const run = await restore(disk, "--to-time", `${to_s}`);
    assertEquals(run.code, 0, run.text);
    assertEquals(await keysIn(disk), keys);
  }
});

Deno.test("moments are taken as ISO 8601, in UTC or with a zone", async () => {
  for (
    const text of ["2027-01-15T08:00:01Z", "2027-01-15 08:00:01", "2027-01-15T09:00:01.9+01:00"]
  ) {
    const disk = diskWith([FIRST.text, SECOND.text]);
    assertEquals((await restore(disk, "--to-time", text)).code, 0);
    assertEquals(await keysIn(disk), "abcde");
  }
});

Deno.test("before any offset there are the whole commands and transactions before it", async () => {
  const disk = diskWith([FIRST.text, SECOND.text]);
  const { terminal } = await tool(disk, ["aof", "dump", DIR, "--json"]);
  const units = unitsOf(terminal.lines.map((line) => JSON.parse(line)));
  for (const [name, { text }] of [[incr(1), FIRST], [incr(2), SECOND]] as const) {
    for (let offset = 0; offset <= text.length; offset += 7) {
      const copy = diskWith([FIRST.text, SECOND.text]);
      const run = await restore(copy, "--to-offset", `${name}:${offset}`);
      assertEquals(run.code, 0, `${name}:${offset} ${run.text}`);
      const keys = units.filter((unit) =>
        unit.file < name || (unit.file === name && unit.end <= offset)
      ).map((unit) => unit.keys).join("");
      assertEquals(await keysIn(copy), keys, `${name}:${offset}`);
    }
  }
});

interface Line {
  readonly file: string;
  readonly offset: number;
  readonly command: readonly string[];
}

/** Where each unit ends, and the keys it sets. */
function unitsOf(lines: readonly Line[]): { file: string; end: number; keys: string }[] {
  const units: { file: string; end: number; keys: string }[] = [];
  let keys = "";
  let isOpen = false;
  for (const { file, offset, command } of lines) {
    if (command[0] === "MULTI") isOpen = true;
    if (command[0] === "EXEC") isOpen = false;
    if (command[0] === "SET") keys += command[1];
    if (isOpen) continue;
    units.push({ file, end: offset + resp(...command).length, keys });
    keys = "";
  }
  return units;
}

Deno.test("an offset without a file is one in the last file", async () => {
  const disk = diskWith([FIRST.text, SECOND.text]);
  assertEquals((await restore(disk, "--to-offset", `${SECOND.offsets[1]}`)).code, 0);
  assertEquals(disk.content(`${NEW}/${incr(2)}`), SECOND.text.slice(0, SECOND.offsets[1]));
});

Deno.test("whole files are the same bytes, and the one a server appends to is a copy", async () => {
  const base = { name: "appendonly.aof.1.base.aof", content: set("base", "0") };
  const disk = diskWith([FIRST.text, SECOND.text], base);
  assertEquals((await restore(disk, "--to-time", `${T + 5}`)).code, 0);
  const append = (path: string) => {
    const file = disk.open(path, "append");
    file.write(latin1Bytes("x"));
    file.close();
  };
  append(`${NEW}/${incr(2)}`);
  assertEquals(disk.content(`${DIR}/${incr(2)}`), SECOND.text);
  append(`${NEW}/${incr(1)}`); // nobody does this: it shows that it is a link
  assertEquals(disk.content(`${DIR}/${incr(1)}`), `${FIRST.text}x`);
  assertEquals(disk.content(`${NEW}/${base.name}`), base.content);
  assertEquals(
    disk.content(`${NEW}/appendonly.aof.manifest`),
    withCheck(disk.content(`${DIR}/appendonly.aof.manifest`)!),
  );
});

Deno.test("where no links can be made the files are copied", async () => {
  const disk = diskWith([FIRST.text, SECOND.text]);
  disk.fault = ({ operation }) => operation === "link" ? { code: "EIO" } : undefined;
  assertEquals((await restore(disk, "--to-time", `${T + 5}`)).code, 0);
  assertEquals(await keysIn(disk), "abcdef");
});

Deno.test("a moment before the log says from when on there is one", async () => {
  const disk = diskWith([FIRST.text]);
  const run = await restore(disk, "--to-time", `${T - 1}`);
  assertEquals(run.code, 1);
  assertStringIncludes(run.text, "it can be restored from 2027-01-15T08:00:00Z (1800000000) on");
  assertEquals(disk.stat(NEW), undefined);
  const timeless = diskWith([set("a", "1")]);
  assertStringIncludes((await restore(timeless, "--to-time", `${T}`)).text, "tells no times");
});

Deno.test("a log of another server is cut at its timestamps, never within a transaction", async () => {
  const text = `#TS:${T}\r\n` + resp("SELECT", "0") + set("a", "1") + `#TS:${T + 2}\r\n` +
    resp("MULTI") + set("b", "2") + `#TS:${T + 3}\r\n` + set("c", "3") + resp("EXEC");
  for (const [to_s, keys] of [[T, "a"], [T + 1, "a"], [T + 2, "a"], [T + 3, "abc"]] as const) {
    const disk = diskWith([text]);
    assertEquals((await restore(disk, "--to-time", `${to_s}`)).code, 0);
    assertEquals(await keysIn(disk), keys, `${to_s - T}`);
  }
});

Deno.test("what is damaged before the moment is not restored, what is before the damage is", async () => {
  const broken = FIRST.text.replace("$1\r\n3\r\n", "$1\r\n9\r\n");
  const disk = diskWith([broken, SECOND.text]);
  const run = await restore(disk, "--to-time", `${T + 5}`);
  assertEquals(run.code, 1);
  assertStringIncludes(run.text, `--to-offset ${incr(1)}:${FIRST.offsets[1]}`);
  assertEquals(disk.stat(NEW), undefined);
  assertEquals((await restore(disk, "--to-offset", `${incr(1)}:${FIRST.offsets[1]}`)).code, 0);
  assertEquals(await keysIn(disk), "a");
  assertEquals((await restore(diskWith([broken]), "--to-time", `${T}`)).code, 0);
});

Deno.test("a torn end is left behind", async () => {
  const disk = diskWith([FIRST.text, SECOND.text.slice(0, -9)]);
  assertEquals((await restore(disk, "--to-time", `${T + 99}`)).code, 0);
  assertEquals(await keysIn(disk), "abcdef");
});

Deno.test("a base is kept whole or refused, and its moment is the earliest", async () => {
  const base = { name: "appendonly.aof.1.base.aof", content: set("x", "0") + set("y", "0") };
  const disk = diskWith([FIRST.text], base);
  assertEquals((await restore(disk, "--to-offset", `${base.name}:5`)).code, 1);
  assertEquals((await restore(disk, "--to-offset", "0")).code, 0);
  assertEquals(await keysIn(disk), "xy");
});

Deno.test("the single file of an old server is restored into a directory", async () => {
  const disk = diskWith([]);
  disk.put("/data/appendonly.aof", resp("SELECT", "0") + set("a", "1") + set("b", "2"));
  const argv = ["aof", "restore", "/data/appendonly.aof", "--to-offset", "60", "--into", INTO];
  assertEquals((await tool(disk, argv)).code, 0);
  assertEquals(await keysIn(disk), "a");
  assertEquals(
    disk.content(`${NEW}/appendonly.aof.manifest`),
    withCheck("file appendonly.aof seq 1 type b\n"),
  );
});

Deno.test("a directory with anything in it is not restored into", async () => {
  const disk = diskWith([FIRST.text]);
  disk.makeDirectory(INTO);
  disk.put(`${INTO}/other`, "x");
  const run = await restore(disk, "--to-time", `${T + 5}`);
  assertEquals(run.code, 3);
  assertStringIncludes(run.text, "is not empty");
  disk.remove(`${INTO}/other`);
  assertEquals((await restore(disk, "--to-time", `${T + 5}`)).code, 0);
});

Deno.test("a restore that fails at any call leaves nothing that is taken for a log", async () => {
  const fresh = () => diskWith([FIRST.text, SECOND.text]);
  const whole = fresh();
  const first = whole.calls.length + 1;
  assertEquals((await restore(whole, "--to-time", `${T + 5}`)).code, 0);
  assert(whole.calls.length - first > 30);
  for (let n = first; n <= whole.calls.length; n++) {
    const disk = fresh();
    disk.fault = ({ index }) => index === n ? { code: "ENOSPC" } : undefined;
    const run = await restore(disk, "--to-time", `${T + 5}`);
    disk.fault = () => undefined;
    const manifest = disk.content(`${NEW}/appendonly.aof.manifest`);
    if (run.code === 0 || manifest !== undefined) assertEquals(await keysIn(disk), "abcdef");
  }
});
