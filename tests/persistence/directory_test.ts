/** The directory of a log: first start, upgrade, one server only, and replacing the log. */

import { StorageError } from "../../lib/persistence/errors.ts";
import { type Disk, DiskError } from "../../lib/platform/disk.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../kit/assert.ts";
import { latin1Bytes, MemoryDisk } from "./memory_disk.ts";
import { resp, withCheck } from "./kit.ts";
import { DIR, diskWith, openLog, replayed } from "./log_directory.ts";

const A = resp("SET", "a", "1");
const B = resp("SET", "b", "2");

Deno.test("an empty start makes an incremental file and a durable manifest that names it", () => {
  const disk = new MemoryDisk();
  const directory = openLog(disk);
  assertEquals(directory.isEmpty, true);
  const { file, path } = directory.openForAppend();
  assertEquals(path, `${DIR}/a.aof.1.incr.aof`);
  file.write(latin1Bytes(A));
  file.sync();
  file.close();
  directory.close();
  disk.crash("power");
  assertEquals(
    disk.content(`${DIR}/a.aof.manifest`),
    withCheck("file a.aof.1.incr.aof seq 1 type i\n"),
  );
  assertEquals(replayed(disk), A);
});

Deno.test("a restart appends to the last incremental file", () => {
  const disk = diskWith({
    [`${DIR}/a.aof.manifest`]: "file base seq 4 type b\nfile x seq 3 type i\nfile y seq 5 type i\n",
    [`${DIR}/base`]: A,
    [`${DIR}/x`]: "",
    [`${DIR}/y`]: B,
  });
  const directory = openLog(disk);
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
  const first = openLog(disk, { owner: "pid 77, port 7001" });
  const error = assertThrows(() => openLog(disk), StorageError);
  assertEquals(error.kind, "locked");
  assertStringIncludes(error.message, "pid 77, port 7001");
  first.close();
  openLog(disk).close();
  openLog(disk, { owner: "pid 78" });
  disk.crash("kill");
  openLog(disk).close();
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
  const directory = openLog(disk);
  const { [`${DIR}/a.aof.lock`]: lock, ...rest } = disk.snapshot();
  assertEquals(lock, "pid 1, port 6379\n");
  assertEquals(rest, before);
  directory.openForAppend().file.close();
  assertEquals(disk.readDirectory(DIR), ["a.aof.1.incr.aof", "a.aof.lock", "a.aof.manifest"]);
  assertEquals(disk.content(`${DIR}/a.aof.manifest`), withCheck(manifest.split("\n")[0] + "\n"));
  directory.close();
});

Deno.test("a manifest that cannot be trusted is refused, and the lock is given back", () => {
  for (
    const [files, reason] of [
      [{ [`${DIR}/a.aof.manifest`]: "nonsense\n" }, "a.aof.manifest:1"],
      [{ [`${DIR}/a.aof.manifest`]: "" }, "is empty"],
      [{ [`${DIR}/a.aof.manifest`]: "# ours\nfile gone seq 1 type i\n" }, "a.aof.manifest:2"],
      [{ [`${DIR}/a.aof.manifest`]: "file gone seq 1 type i\n" }, "'gone'"],
      [{ [`${DIR}/a.aof.1.incr.aof`]: A }, "the manifest is missing"],
      [{ [`${DIR}/a.aof.1.base.rdb`]: "REDIS" }, "a.aof.1.base.rdb"],
    ] as const
  ) {
    const disk = diskWith(files);
    for (let i = 0; i < 2; i++) { // the second time would say `locked`, had the lock been kept
      const error = assertThrows(() => openLog(disk), StorageError);
      assertEquals(error.kind, "manifest");
      assertStringIncludes(error.message, reason);
    }
  }
});

Deno.test("the single file of an older server becomes the base", () => {
  const disk = diskWith({ "/data/a.aof": A });
  const directory = openLog(disk);
  assertEquals(directory.files(), [{ path: "/data/a.aof", name: "a.aof", type: "base" }]);
  const { file, path } = directory.openForAppend();
  assertEquals(path, `${DIR}/a.aof.1.incr.aof`);
  file.close();
  directory.close();
  disk.crash("power");
  assertEquals(disk.content("/data/a.aof"), undefined);
  assertEquals(
    disk.content(`${DIR}/a.aof.manifest`),
    withCheck("file a.aof seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n"),
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
    const directory = openLog(disk);
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

Deno.test("files that no manifest names are not written over", async () => {
  const disk = diskWith({
    [`${DIR}/a.aof.manifest`]: "file base seq 1 type b\n",
    [`${DIR}/base`]: "",
    [`${DIR}/a.aof.1.incr.aof`]: A,
    [`${DIR}/a.aof.2.base.aof`]: B,
  });
  const directory = openLog(disk);
  const { file, path } = directory.openForAppend();
  assertEquals(path, `${DIR}/a.aof.2.incr.aof`);
  file.close();
  const prepared = await directory.prepareIncr();
  prepared.file.close();
  disk.put(`${DIR}/temp-a.aof.base`, A);
  await directory.installBase(`${DIR}/temp-a.aof.base`, "rdb", "a.aof.3.incr.aof");
  assertEquals(directory.manifest.base?.name, "a.aof.3.base.rdb");
  assertEquals(disk.content(`${DIR}/a.aof.1.incr.aof`), A);
  assertEquals(disk.content(`${DIR}/a.aof.2.base.aof`), B);
  directory.close();
});

Deno.test("a directory or a file that this user may not use is named, with what to do", () => {
  for (const code of ["EACCES", "EPERM", "EROFS"] as const) {
    for (const [operation, name] of [["open", "a.aof.lock"], ["read", "a.aof.manifest"]] as const) {
      const disk = diskWith({
        [`${DIR}/a.aof.manifest`]: "file x seq 1 type i\n",
        [`${DIR}/x`]: A,
      });
      const refuse = (path: string) => {
        if (!path.endsWith(name)) return;
        throw new DiskError(operation, path, code, "Permission denied");
      };
      const refusing: Disk = {
        open: (path, mode) => (refuse(path), disk.open(path, mode)),
        readText: (path) => (refuse(path), disk.readText(path)),
        rename: (from, to) => disk.rename(from, to),
        remove: (path) => disk.remove(path),
        removeInBackground: (path) => disk.removeInBackground(path),
        makeDirectory: (path) => disk.makeDirectory(path),
        readDirectory: (path) => disk.readDirectory(path),
        stat: (path) => disk.stat(path),
        link: (from, to) => disk.link(from, to),
        syncDirectory: (path) => disk.syncDirectory(path),
        syncDirectoryInBackground: (path) => disk.syncDirectoryInBackground(path),
      };
      const before = disk.snapshot();
      const error = assertThrows(() => openLog(refusing), StorageError);
      assertEquals([error.kind, error.path], ["disk", `${DIR}/${name}`]);
      assertStringIncludes(error.message, "chown");
      delete before[`${DIR}/a.aof.lock`];
      const { [`${DIR}/a.aof.lock`]: _, ...after } = disk.snapshot();
      assertEquals(after, before);
    }
  }
});
