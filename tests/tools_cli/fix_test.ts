/** `redeno aof fix`: what it cuts, keeps and asks, and that it is never worse after a crash. */

import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import type { MemoryDisk } from "../persistence/memory_disk.ts";
import { resp, withCheck } from "../persistence/kit.ts";
import { DIR, diskWith, frame, incr, sealing, set, tool } from "./kit.ts";

const BATCHES = [
  { commands: [resp("SELECT", "0"), set("a", "1")], time_s: 1_800_000_000 },
  { commands: [set("b", "2"), set("c", "3")], time_s: 1_800_000_001 },
  { commands: [set("d", "4")], time_s: 1_800_000_002 },
];
const { text: WHOLE, offsets } = frame([...BATCHES, sealing(1_800_000_002)]);
const DAMAGED = WHOLE.replace("$1\r\n3\r\n", "$1\r\n9\r\n");
const LATER = frame([{ commands: [set("e", "5")], time_s: 1_800_000_003 }]).text;
const MANIFEST = `${DIR}/appendonly.aof.manifest`;

async function checkCode(disk: MemoryDisk): Promise<number> {
  return (await tool(disk, ["aof", "check", DIR])).code;
}

/** Without the lock, which comes and goes. */
function filesOf(disk: MemoryDisk): Record<string, string> {
  const files = disk.snapshot();
  delete files[`${DIR}/appendonly.aof.lock`];
  return files;
}

Deno.test("a whole log is left as it is", async () => {
  const disk = diskWith([WHOLE, LATER]);
  const before = disk.snapshot();
  const run = await tool(disk, ["aof", "fix", DIR]);
  assertEquals([run.code, disk.snapshot()], [0, before], run.text);
});

Deno.test("a torn end is cut at its batch after a yes, and kept beside the file", async () => {
  const torn = WHOLE.slice(0, offsets[2] + 20);
  const disk = diskWith([torn, ""]);
  const run = await tool(disk, ["aof", "fix", DIR], ["y"]);
  assertEquals(run.code, 0, run.text);
  assertEquals(run.terminal.questions.length, 1);
  assertStringIncludes(run.text, `Kept of ${incr(1)}: ${offsets[2]} bytes, 4 commands`);
  assertStringIncludes(run.text, "Cut off it: 20 bytes, an unfinished batch");
  const files = filesOf(disk);
  assertEquals(files[`${DIR}/${incr(1)}`], torn.slice(0, offsets[2]));
  assertEquals(files[`${DIR}/${incr(1)}.cut-${offsets[2]}`], torn.slice(offsets[2]));
  assertEquals(files[`${DIR}/${incr(2)}`], "");
  assertStringIncludes(files[MANIFEST], incr(2));
});

Deno.test("damage is cut with all that follows; every byte is kept", async () => {
  const disk = diskWith([DAMAGED, LATER]);
  const run = await tool(disk, ["aof", "fix", DIR], ["yes"]);
  assertEquals(run.code, 0, run.text);
  assertStringIncludes(run.text, "3 batches with 3 commands, the last of 2027-01-15T08:00:02Z");
  assertStringIncludes(run.text, `Set aside: ${incr(2)}, ${LATER.length} bytes, 1 commands`);
  assertEquals(filesOf(disk), {
    [`${DIR}/${incr(1)}`]: WHOLE.slice(0, offsets[1]),
    [`${DIR}/${incr(1)}.cut-${offsets[1]}`]: DAMAGED.slice(offsets[1]),
    [`${DIR}/${incr(2)}.cut-0`]: LATER,
    [MANIFEST]: withCheck(`file ${incr(1)} seq 1 type i\n`),
  });
});

Deno.test("a backup that shares a damaged file by a hard link keeps its bytes", async () => {
  const disk = diskWith([DAMAGED]);
  disk.makeDirectory("/data/backup");
  disk.link(`${DIR}/${incr(1)}`, "/data/backup/part");
  assertEquals((await tool(disk, ["aof", "fix", DIR, "--yes"])).code, 0);
  assertEquals(disk.content("/data/backup/part"), DAMAGED);
});

Deno.test("without a yes nothing is changed", async () => {
  for (const answers of [[], ["n"], [""], ["maybe"]]) {
    const disk = diskWith([DAMAGED]);
    const before = disk.snapshot();
    const run = await tool(disk, ["aof", "fix", DIR], answers);
    assertEquals([run.code, disk.snapshot()], [1, before]);
    assertStringIncludes(run.text, answers.length === 0 ? "--yes" : "Nothing was changed");
  }
});

Deno.test("a log in use is refused", async () => {
  const disk = diskWith([DAMAGED]);
  const lock = disk.open(`${DIR}/appendonly.aof.lock`, "lock");
  assert(lock.tryLock());
  lock.write(new TextEncoder().encode("pid 7, port 6379\n"));
  const run = await tool(disk, ["aof", "fix", DIR, "--yes"]);
  assertEquals(run.code, 3);
  assertStringIncludes(run.text, "in use by pid 7, port 6379");
  assertEquals(disk.content(`${DIR}/${incr(1)}`), DAMAGED);
});

Deno.test("a missing file is left out with all behind it, but not the first one", async () => {
  const disk = diskWith([WHOLE, LATER, LATER]);
  disk.remove(`${DIR}/${incr(2)}`);
  assertEquals((await tool(disk, ["aof", "fix", DIR, "--yes"])).code, 0);
  assertEquals(disk.content(MANIFEST), withCheck(`file ${incr(1)} seq 1 type i\n`));
  assertEquals(disk.content(`${DIR}/${incr(3)}.cut-0`), LATER);
  disk.remove(`${DIR}/${incr(1)}`);
  assertEquals((await tool(disk, ["aof", "fix", DIR, "--yes"])).code, 1);
});

Deno.test("a broken snapshot is not cut", async () => {
  const name = "appendonly.aof.1.base.rdb";
  const disk = diskWith([WHOLE], { name, content: "REDIS0010broken" });
  const before = disk.snapshot();
  const run = await tool(disk, ["aof", "fix", DIR, "--yes"]);
  assertEquals([run.code, disk.snapshot()], [1, before]);
  assertStringIncludes(run.text, "Restore it from a backup");
});

Deno.test("a missing or broken manifest is proposed, asked about, and written", async () => {
  const disk = diskWith([WHOLE, LATER]);
  disk.remove(MANIFEST);
  assertEquals((await tool(disk, ["aof", "fix", DIR], ["n"])).code, 1);
  assertEquals(disk.content(MANIFEST), undefined);
  const run = await tool(disk, ["aof", "fix", DIR], ["y"]);
  assertEquals(run.code, 0, run.text);
  assertEquals(
    disk.content(MANIFEST),
    withCheck(`file ${incr(1)} seq 1 type i\nfile ${incr(2)} seq 2 type i\n`),
  );
  disk.put(MANIFEST, "rubbish\n");
  assertEquals((await tool(disk, ["aof", "fix", DIR, "--yes"])).code, 0);
  assertEquals(disk.content(`${MANIFEST}.cut-0`), "rubbish\n");
  assertEquals(await checkCode(disk), 0);
});

Deno.test("in a proposed manifest the base is the latest one", async () => {
  const disk = diskWith([WHOLE, LATER]);
  for (const seq of [2, 10]) disk.put(`${DIR}/appendonly.aof.${seq}.base.aof`, set("k", "v"));
  disk.remove(MANIFEST);
  assertEquals((await tool(disk, ["aof", "fix", DIR, "--yes"])).code, 0);
  assertStringIncludes(disk.content(MANIFEST)!, "file appendonly.aof.10.base.aof seq 10 type b\n");
});

Deno.test("a crash or a failure at any call leaves a log that the same command mends", async () => {
  for (const files of [[DAMAGED, LATER], [WHOLE.slice(0, -9), ""]]) {
    const kept = WHOLE.slice(0, files[0] === DAMAGED ? offsets[1] : offsets[3]);
    const { first, last } = await callsOf(files);
    assert(last - first > 20, `calls ${first} to ${last}`);
    for (let n = first; n <= last; n++) {
      for (const how of ["kill", "power", "fault"] as const) {
        const disk = diskWith(files);
        disk.syncDirectory("/data");
        disk.fault = ({ index }) =>
          index >= n && (how !== "fault" || index === n) ? { code: "EIO" } : undefined;
        await tool(disk, ["aof", "fix", DIR, "--yes"]);
        disk.fault = () => undefined;
        if (how !== "fault") disk.crash(how);
        const between = await checkCode(disk);
        if (between === 0) assertEquals(disk.content(`${DIR}/${incr(1)}`), kept, `${how} ${n}`);
        const run = await tool(disk, ["aof", "fix", DIR, "--yes"]);
        assertEquals(run.code, 0, `${how} ${n}: ${run.text}`);
        assertEquals(disk.content(`${DIR}/${incr(1)}`), kept);
        assertEquals(hasAll(disk, [files[0].slice(kept.length), files[1]]), true, `${how} ${n}`);
      }
    }
  }
});

/** The numbers of the first and the last call of a fix. */
async function callsOf(files: readonly string[]): Promise<{ first: number; last: number }> {
  const disk = diskWith(files);
  disk.syncDirectory("/data");
  const first = disk.calls.length + 1;
  await tool(disk, ["aof", "fix", DIR, "--yes"]);
  return { first, last: disk.calls.length };
}

/** Whether these bytes are in some file each. */
function hasAll(disk: MemoryDisk, contents: readonly string[]): boolean {
  const kept = Object.values(disk.snapshot());
  return contents.every((content) => kept.includes(content));
}

Deno.test("a file that has lost its end is the last one then, and a framed base gets an end", async () => {
  const sealed = frame([{ commands: [set("a", "1")], time_s: 1 }, sealing(2)]);
  const lost = sealed.text.slice(0, sealed.offsets[1]);
  const disk = diskWith([lost, LATER]);
  assertEquals(await checkCode(disk), 1);
  assertEquals((await tool(disk, ["aof", "fix", DIR, "--yes"])).code, 0);
  assertEquals(disk.content(`${DIR}/${incr(1)}`), lost);
  assertEquals(disk.content(`${DIR}/${incr(2)}.cut-0`), LATER);

  const name = "appendonly.aof.1.base.aof";
  const broken = diskWith([LATER], { name, content: lost });
  assertEquals(await checkCode(broken), 1);
  assertEquals((await tool(broken, ["aof", "fix", DIR, "--yes"])).code, 0);
  assert(broken.content(`${DIR}/${name}`)!.startsWith(`${lost}#B:0\r\n#S:`));
});
