/** Changing the files of a log: which one is appended to, the next one, a new base, a new log. */

import { isSealing } from "../../lib/persistence/aof/file_end.ts";
import { parseSeal } from "../../lib/persistence/aof/frames.ts";
import { LogReplacement } from "../../lib/persistence/aof/replacement.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../kit/assert.ts";
import { latin1Bytes, type MemoryDisk } from "./memory_disk.ts";
import { framedLog, resp, settle, withCheck } from "./kit.ts";
import { DIR, diskWith, openLog, replayed } from "./log_directory.ts";

const A = resp("SET", "a", "1");
const B = resp("SET", "b", "2");
const C = resp("SET", "c", "3");
const MANIFEST = `${DIR}/a.aof.manifest`;
const TEMPORARY = `${DIR}/temp-a.aof.base`;

/** Base A, incremental file B. */
function smallLog(): MemoryDisk {
  return diskWith({
    [MANIFEST]: "file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n",
    [`${DIR}/a.aof.1.base.rdb`]: A,
    [`${DIR}/a.aof.1.incr.aof`]: B,
  });
}

/** The names in the directory but for lock and manifest. */
function names(disk: MemoryDisk): string[] {
  return disk.readDirectory(DIR).filter((name) => !/\.(lock|manifest)$/.test(name));
}

/** Runs `change` once for each of its calls, failing that one; after a crash `check` looks. */
async function failEachCall(
  make: () => MemoryDisk,
  change: (disk: MemoryDisk) => Promise<boolean>,
  check: (disk: MemoryDisk, done: boolean, name: string) => void,
): Promise<void> {
  const whole = make();
  const before = whole.calls.length;
  assertEquals(await change(whole), true);
  for (let index = before + 1; index <= whole.calls.length + 1; index++) {
    for (const fault of [{ code: "EIO" }, { code: "ENOSPC", written: 9 }] as const) {
      for (const lasting of [false, true]) {
        for (const how of ["kill", "power", "power, but for the manifest's name"] as const) {
          const disk = make();
          disk.fault = (call) =>
            call.index === index || (lasting && call.index > index) ? fault : undefined;
          const done = await change(disk);
          disk.crash(how === "kill" ? how : "power", (path) => {
            return how.includes("manifest") && path.endsWith(".manifest");
          });
          disk.fault = () => undefined;
          check(disk, done, `call ${index}, ${JSON.stringify(fault)}, ${lasting}, ${how}`);
        }
      }
    }
  }
}

Deno.test("a file goes on only as it was begun: else a new one is, behind a seal", () => {
  const { text: framed } = framedLog([{ text: B }], () => 0);
  for (
    const [content, checksums, goesOn] of [
      ["", false, true],
      ["", true, true],
      [B, false, true],
      [B, true, false],
      [framed, true, true],
      [framed, false, false],
      [framed + B, true, false],
      [framed + B, false, false],
      ["\0".repeat(9), true, false],
    ] as const
  ) {
    const disk = diskWith({
      [MANIFEST]: "file x seq 7 type i\nfile y seq 8 type i\n",
      [`${DIR}/x`]: framed,
      [`${DIR}/y`]: content,
    });
    const directory = openLog(disk, { checksums });
    const { file, path } = directory.openForAppend();
    assertEquals(path, goesOn ? `${DIR}/y` : `${DIR}/a.aof.9.incr.aof`, `${content} ${checksums}`);
    const lines = (disk.content(MANIFEST) ?? "").split("\n");
    const named = lines.filter((line) => line.startsWith("file "));
    assertEquals(named.length, goesOn ? 2 : 3);
    const isBegunFramed = checksums && content !== framed;
    assertEquals(named.at(-1)!.endsWith(" frames yes"), isBegunFramed, named.at(-1));
    // What comes before a file that is begun now is sealed and on stable storage.
    const before = content === "" ? "x" : "y";
    const synced = disk.syncedContent(`${DIR}/${before}`)!;
    if (path.endsWith("/y") && content !== "") {
      assertEquals(synced, content, "nothing is begun");
    } else if (before === "x" || content === framed) {
      const at = synced.lastIndexOf("#S:");
      const seal = parseSeal(latin1Bytes(synced), at, synced.length);
      assert(synced.startsWith(framed) && seal !== undefined && isSealing(seal.seal));
    } else {
      assertEquals(synced, content, "nothing of ours follows");
    }
    file.close();
    directory.close();
  }
});

Deno.test("the next file is made in the background, and is durable in the manifest", async () => {
  const disk = smallLog();
  const directory = openLog(disk, { checksums: true });
  disk.holdSyncs = true;
  let prepared = false;
  const preparing = directory.prepareIncr().then((next) => {
    prepared = true;
    return next;
  });
  for (let i = 0; i < 4; i++) {
    await settle();
    assertEquals([prepared, disk.heldSyncs], [false, 1], "no turn waits for an fsync");
    disk.releaseSyncs();
  }
  const { file, path } = await preparing;
  assertEquals([path, file.size()], [`${DIR}/a.aof.2.incr.aof`, 0]);
  file.close();
  directory.close();
  disk.crash("power");
  assertEquals(names(disk), ["a.aof.1.base.rdb", "a.aof.1.incr.aof", "a.aof.2.incr.aof"]);
  assertStringIncludes(disk.content(MANIFEST)!, "a.aof.2.incr.aof seq 2 type i frames yes\n");
  assertEquals(replayed(disk), A + B);
});

Deno.test("files are prepared one after the other, and each is given once", async () => {
  const disk = smallLog();
  const directory = openLog(disk);
  const prepared = await Promise.all([directory.prepareIncr(), directory.prepareIncr()]);
  assertEquals(prepared.map(({ path }) => path), [
    `${DIR}/a.aof.2.incr.aof`,
    `${DIR}/a.aof.3.incr.aof`,
  ]);
  for (const { file } of prepared) file.close();
  directory.close();
});

Deno.test("a next file that fails in any call leaves a log that loads, and no heap of files", async () => {
  const change = async (disk: MemoryDisk) => {
    try {
      const directory = openLog(disk);
      const { file } = await directory.prepareIncr();
      file.close();
      return true;
    } catch (error) {
      assert(error instanceof Error);
      return false;
    }
  };
  await failEachCall(smallLog, change, (disk, done, name) => {
    assertEquals(replayed(disk), A + B, name);
    if (done) assert(disk.content(MANIFEST)!.includes("2.incr"), name);
  });

  const disk = smallLog();
  const directory = openLog(disk);
  let syncs = 0;
  for (let failing = 1; failing <= 4; failing++) {
    syncs = 0;
    disk.fault = ({ operation }) =>
      operation.startsWith("sync") && ++syncs === failing ? { code: "EIO" } : undefined;
    await assertRejects(() => directory.prepareIncr(), Error, "Input/output error");
  }
  disk.fault = () => undefined;
  const { file, path } = await directory.prepareIncr();
  assertEquals(path, `${DIR}/a.aof.2.incr.aof`);
  assertEquals(names(disk).length, 3);
  file.close();
  directory.close();
});

/** Base C for all before file 2, of a log that has gone on to file 3. */
async function rebase(disk: MemoryDisk): Promise<boolean> {
  try {
    const directory = openLog(disk);
    for (let i = 0; i < 2; i++) (await directory.prepareIncr()).file.close();
    const base = disk.open(TEMPORARY, "replace");
    assertEquals(base.write(latin1Bytes(C)), C.length);
    base.sync();
    base.close();
    await directory.installBase(TEMPORARY, "rdb", "a.aof.2.incr.aof");
    return true;
  } catch {
    return false;
  }
}

Deno.test("a base takes the place of all before its moment, which is removed", async () => {
  for (const format of ["rdb", "aof"] as const) {
    const disk = smallLog();
    const directory = openLog(disk, { checksums: true });
    for (let i = 0; i < 2; i++) (await directory.prepareIncr()).file.close();
    disk.put(TEMPORARY, C);
    await directory.installBase(TEMPORARY, format, "a.aof.2.incr.aof");
    const base = `a.aof.2.base.${format}`;
    assertEquals(names(disk), [base, "a.aof.2.incr.aof", "a.aof.3.incr.aof"].sort());
    assertEquals(
      disk.content(MANIFEST),
      withCheck(
        `file ${base} seq 2 type b\nfile a.aof.2.incr.aof seq 2 type i frames yes\n` +
          "file a.aof.3.incr.aof seq 3 type i frames yes\n",
      ),
    );
    directory.close();
    disk.crash("power");
    assertEquals(replayed(disk), C);
  }
});

Deno.test("a base that fails in any call leaves the old log or the new one, and no leftovers", async () => {
  await failEachCall(smallLog, rebase, (disk, done, name) => {
    const found = replayed(disk);
    assert(found === C || found === A + B, name);
    if (done) assertEquals(found, C, name);
    const directory = openLog(disk);
    directory.openForAppend().file.close();
    directory.close();
    assertEquals(replayed(disk), found, `${name}: the next start finds the same`);
    const manifest = disk.content(MANIFEST)!;
    for (const file of names(disk)) {
      // A file that was made, but not named when the machine stopped, is empty, and made again.
      assert(manifest.includes(`file ${file} `) || disk.content(`${DIR}/${file}`) === "", name);
    }
  });
});

Deno.test("old files are removed only when the manifest that needs them cannot come back", async () => {
  const disk = smallLog();
  let renamed = false;
  disk.fault = ({ operation, path }) => {
    if (operation === "rename" && path.endsWith(".base")) renamed = true;
    // From the base's own name on, no name reaches the disk.
    return renamed && operation === "syncdir" ? { code: "EIO" } : undefined;
  };
  assertEquals(await rebase(disk), false);
  assert(names(disk).includes("a.aof.1.base.rdb"));
  disk.crash("power", (path) => path.endsWith("a.aof.1.incr.aof"));
  disk.fault = () => undefined;
  assertEquals(replayed(disk), A + B);
});

/** CONFIG SET appendonly yes on an old log: the new one is C, then B. */
async function replace(disk: MemoryDisk): Promise<boolean> {
  let replacement: LogReplacement | undefined;
  try {
    replacement = new LogReplacement(openLog(disk));
    const { file } = replacement.incr;
    const base = disk.open(replacement.basePath, "replace");
    assertEquals(base.write(latin1Bytes(C)), C.length);
    base.sync();
    base.close();
    assertEquals(file.write(latin1Bytes(B)), B.length);
    await replacement.install("aof");
    return true;
  } catch {
    replacement?.abort();
    return false;
  }
}

Deno.test("a new log takes the place of the old one, or the old one stays", async () => {
  const disk = smallLog();
  assertEquals(await replace(disk), true);
  assertEquals(names(disk), ["a.aof.2.base.aof", "a.aof.2.incr.aof"]);
  await failEachCall(smallLog, replace, (disk, done, name) => {
    const found = replayed(disk);
    assert(found === C + B || found === A + B, name);
    if (done) assertEquals(found, C + B, name);
    const directory = openLog(disk);
    directory.openForAppend().file.close();
    directory.close();
    assertEquals(replayed(disk), found, `${name}: the next start finds the same`);
  });
});
