/** The directory of a log: first start, upgrade, one server only, and replacing the log. */

import { AofDirectory } from "../../lib/persistence/aof/directory.ts";
import { StorageError } from "../../lib/persistence/errors.ts";
import { AofRewrite } from "../../lib/persistence/aof/rewrite.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../kit/assert.ts";
import { latin1Bytes, MemoryDisk } from "./memory_disk.ts";
import { memoryLog, resp } from "./kit.ts";

const A = resp("SET", "a", "1");
const B = resp("SET", "b", "2");
const DIR = "/data/aofs";

function open(disk: MemoryDisk, owner = "pid 1, port 6379"): AofDirectory {
  return AofDirectory.open({
    disk,
    dir: "/data",
    appendDirName: "aofs",
    appendFileName: "a.aof",
    owner,
    log: memoryLog().log,
  });
}

/** What a restart would replay. */
function replayed(disk: MemoryDisk): string {
  const directory = open(disk);
  const text = directory.files().map(({ path }) => disk.content(path)).join("");
  directory.close();
  return text;
}

function diskWith(files: Record<string, string>): MemoryDisk {
  const disk = new MemoryDisk();
  disk.makeDirectory(DIR);
  disk.syncDirectory("/data");
  for (const [path, content] of Object.entries(files)) disk.put(path, content);
  return disk;
}

Deno.test("an empty start makes an incremental file and a durable manifest that names it", () => {
  const disk = new MemoryDisk();
  const directory = open(disk);
  assertEquals(directory.isEmpty, true);
  const { file, path } = directory.openForAppend();
  assertEquals(path, `${DIR}/a.aof.1.incr.aof`);
  file.write(latin1Bytes(A));
  file.sync();
  file.close();
  directory.close();
  disk.crash("power");
  assertEquals(disk.content(`${DIR}/a.aof.manifest`), "file a.aof.1.incr.aof seq 1 type i\n");
  assertEquals(replayed(disk), A);
});

Deno.test("a restart appends to the last incremental file", () => {
  const disk = diskWith({
    [`${DIR}/a.aof.manifest`]: "file base seq 4 type b\nfile x seq 3 type i\nfile y seq 5 type i\n",
    [`${DIR}/base`]: A,
    [`${DIR}/x`]: "",
    [`${DIR}/y`]: B,
  });
  const directory = open(disk);
  assertEquals(directory.files().map(({ name, type }) => `${type} ${name}`), [
    "base base",
    "incr x",
    "incr y",
  ]);
  assertEquals(directory.sizes(), { base_bytes: A.length, total_bytes: A.length + B.length });
  const { file, path } = directory.openForAppend();
  assertEquals(path, `${DIR}/y`);
  file.write(latin1Bytes(A));
  assertEquals(disk.content(path), B + A);
  file.close();
  directory.close();
});

Deno.test("a second server is refused and told who holds the directory", () => {
  const disk = new MemoryDisk();
  const first = open(disk, "pid 77, port 7001");
  const error = assertThrows(() => open(disk), StorageError);
  assertEquals(error.kind, "locked");
  assertStringIncludes(error.message, "pid 77, port 7001");
  first.close();
  open(disk).close();
  open(disk, "pid 78");
  disk.crash("kill");
  open(disk).close();
});

Deno.test("opening changes nothing but the lock, whatever is found", () => {
  const manifest = "file a.aof.1.incr.aof seq 1 type i\nfile old seq 9 type h\n";
  const disk = diskWith({
    [`${DIR}/a.aof.manifest`]: manifest,
    [`${DIR}/a.aof.1.incr.aof`]: A,
    [`${DIR}/old`]: "old",
    [`${DIR}/temp-a.aof.base`]: "unfinished",
  });
  const before = disk.snapshot();
  const directory = open(disk);
  const { [`${DIR}/a.aof.lock`]: lock, ...rest } = disk.snapshot();
  assertEquals(lock, "pid 1, port 6379\n");
  assertEquals(rest, before);
  directory.openForAppend().file.close();
  assertEquals(disk.readDirectory(DIR), ["a.aof.1.incr.aof", "a.aof.lock", "a.aof.manifest"]);
  assertEquals(disk.content(`${DIR}/a.aof.manifest`), manifest.split("\n")[0] + "\n");
  directory.close();
});

Deno.test("a manifest that cannot be trusted is refused, and the lock is given back", () => {
  for (
    const [files, reason] of [
      [{ [`${DIR}/a.aof.manifest`]: "nonsense\n" }, "a.aof.manifest:1"],
      [{ [`${DIR}/a.aof.manifest`]: "" }, "is empty"],
      [{ [`${DIR}/a.aof.manifest`]: "file gone seq 1 type i\n" }, "'gone'"],
      [{ [`${DIR}/a.aof.1.incr.aof`]: A }, "the manifest is missing"],
      [{ [`${DIR}/a.aof.1.base.rdb`]: "REDIS" }, "a.aof.1.base.rdb"],
    ] as const
  ) {
    const disk = diskWith(files);
    for (let i = 0; i < 2; i++) { // the second time would say `locked`, had the lock been kept
      const error = assertThrows(() => open(disk), StorageError);
      assertEquals(error.kind, "manifest");
      assertStringIncludes(error.message, reason);
    }
  }
});

Deno.test("the single file of an older server becomes the base", () => {
  const disk = diskWith({ "/data/a.aof": A });
  const directory = open(disk);
  assertEquals(directory.files(), [{ path: "/data/a.aof", name: "a.aof", type: "base" }]);
  const { file, path } = directory.openForAppend();
  assertEquals(path, `${DIR}/a.aof.1.incr.aof`);
  file.close();
  directory.close();
  disk.crash("power");
  assertEquals(disk.content("/data/a.aof"), undefined);
  assertEquals(
    disk.content(`${DIR}/a.aof.manifest`),
    "file a.aof seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n",
  );
  assertEquals(replayed(disk), A);
});

Deno.test("beside a manifest with data, an old single file is left alone", () => {
  const disk = diskWith({
    "/data/a.aof": A,
    [`${DIR}/a.aof.manifest`]: "file a.aof.1.incr.aof seq 1 type i\n",
    [`${DIR}/a.aof.1.incr.aof`]: B,
  });
  assertEquals(replayed(disk), B);
});

Deno.test("an upgrade that is interrupted at any call loses nothing", () => {
  const start = (disk: MemoryDisk) => {
    const directory = open(disk);
    directory.openForAppend().file.close();
    directory.close();
  };
  const whole = diskWith({ "/data/a.aof": A });
  start(whole);
  for (let index = 1; index <= whole.calls.length; index++) {
    for (const lasting of [false, true]) {
      for (const how of ["kill", "power"] as const) {
        const disk = diskWith({ "/data/a.aof": A });
        disk.fault = (call) =>
          call.index === index || (lasting && call.index > index) ? { code: "EIO" } : undefined;
        try {
          start(disk);
        } catch (error) {
          assert(error instanceof Error);
        }
        disk.crash(how);
        disk.fault = () => undefined;
        assertEquals(replayed(disk), A, `call ${index}, ${lasting}, ${how}`);
        start(disk);
        assertEquals(replayed(disk), A);
      }
    }
  }
});

Deno.test("files that no manifest names are not written over", () => {
  const disk = diskWith({
    [`${DIR}/a.aof.manifest`]: "file base seq 1 type b\n",
    [`${DIR}/base`]: "",
    [`${DIR}/a.aof.1.incr.aof`]: A,
    [`${DIR}/a.aof.2.base.aof`]: B,
  });
  const directory = open(disk);
  const { file, path } = directory.openForAppend();
  assertEquals(path, `${DIR}/a.aof.2.incr.aof`);
  file.close();
  const rewrite = new AofRewrite(directory);
  rewrite.install();
  rewrite.incr.close();
  assertEquals(directory.manifest.base?.name, "a.aof.3.base.aof");
  assertEquals(disk.content(`${DIR}/a.aof.1.incr.aof`), A);
  assertEquals(disk.content(`${DIR}/a.aof.2.base.aof`), B);
  directory.close();
});

const NEW_BASE = [
  resp("SET", "n", "1"),
  resp("SET", "big", "x".repeat(600_000)),
  resp("SET", "n", "2"),
];
const OLD_FILES = {
  [`${DIR}/a.aof.manifest`]:
    "file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n",
  [`${DIR}/a.aof.1.base.rdb`]: A,
  [`${DIR}/a.aof.1.incr.aof`]: B,
};

Deno.test("a rewrite replaces the log: new base, new incremental file, the old ones removed", async () => {
  const disk = diskWith(OLD_FILES);
  const directory = open(disk);
  const rewrite = new AofRewrite(directory);
  rewrite.incr.write(latin1Bytes(B));
  await rewrite.writeAll(NEW_BASE.map(latin1Bytes));
  assertEquals(rewrite.base_bytes, NEW_BASE.join("").length);
  rewrite.install();
  rewrite.incr.write(latin1Bytes(A));
  assertEquals(rewrite.incrPath, `${DIR}/a.aof.2.incr.aof`);
  assertEquals(disk.readDirectory(DIR), [
    "a.aof.2.base.aof",
    "a.aof.2.incr.aof",
    "a.aof.lock",
    "a.aof.manifest",
  ]);
  rewrite.incr.sync();
  rewrite.incr.close();
  directory.close();
  disk.crash("power");
  assertEquals(replayed(disk), NEW_BASE.join("") + B + A);
});

Deno.test("a rewrite given up leaves the old log and nothing else", () => {
  const disk = diskWith(OLD_FILES);
  const directory = open(disk);
  const before = disk.snapshot();
  const rewrite = new AofRewrite(directory);
  rewrite.write(latin1Bytes(A));
  rewrite.incr.close();
  rewrite.abort();
  assertEquals(disk.snapshot(), before);
  directory.close();
});

const SMALL_BASE = [resp("SET", "n", "1"), resp("SET", "n", "2")];

Deno.test("a rewrite that fails in any call leaves the old log or the new one, whole", () => {
  const run = (disk: MemoryDisk) => {
    const directory = open(disk);
    const rewrite = new AofRewrite(directory);
    try {
      for (const chunk of SMALL_BASE) rewrite.write(latin1Bytes(chunk));
      rewrite.install();
      return true;
    } catch {
      rewrite.abort();
      return false;
    } finally {
      rewrite.incr.close();
      directory.close();
    }
  };
  const whole = diskWith(OLD_FILES);
  run(whole);
  for (let index = 1; index <= whole.calls.length; index++) {
    for (const fault of [{ code: "EIO" }, { code: "ENOSPC", written: 9 }] as const) {
      for (const lasting of [false, true]) {
        for (const how of ["kill", "power", "power, but for the manifest's name"] as const) {
          const disk = diskWith(OLD_FILES);
          disk.fault = (call) =>
            call.index === index || (lasting && call.index > index) ? fault : undefined;
          let installed = false;
          try {
            installed = run(disk);
          } catch (error) {
            assert(error instanceof Error);
          }
          disk.crash(how === "kill" ? how : "power", (path) => {
            return how.includes("manifest") && path.endsWith(".manifest");
          });
          disk.fault = () => undefined;
          const found = replayed(disk);
          const name = `call ${index}, ${JSON.stringify(fault)}, ${lasting}, ${how}`;
          assert(found === A + B || found === SMALL_BASE.join(""), name);
          if (installed) assertEquals(found.length, SMALL_BASE.join("").length, name);
          const directory = open(disk);
          directory.openForAppend().file.close();
          directory.close();
          assert(replayed(disk) === found, `${name}: the next start finds the same`);
        }
      }
    }
  }
});

Deno.test("old files are removed only when the manifest that needs them cannot come back", () => {
  const disk = diskWith({});
  for (const [path, content] of Object.entries(OLD_FILES)) disk.put(path, content);
  disk.syncDirectory("/data");
  const first = open(disk);
  const rewrite = new AofRewrite(first);
  rewrite.write(latin1Bytes(SMALL_BASE[0]));
  let syncs = 0;
  disk.fault = ({ operation }) =>
    operation === "syncdir" && ++syncs === 2 ? { code: "EIO" } : undefined;
  assertThrows(() => rewrite.install(), Error, "Input/output error");
  rewrite.abort();
  disk.crash("kill");

  // The new manifest is there, not synced. The next start tidies up; the machine stops meanwhile.
  const second = open(disk);
  disk.fault = ({ operation }) => operation === "rename" ? { code: "EIO" } : undefined;
  second.openForAppend();
  disk.crash("power", (path) => !path.endsWith(".manifest"));
  disk.fault = () => undefined;
  assertEquals(replayed(disk), SMALL_BASE[0]);
});
