/** The machine's own disk behaves as the simulated one does, where the log depends on it. */

import { DiskError, systemDisk } from "../../lib/platform/disk.ts";
import { assertEquals, assertRejects, assertThrows } from "../kit/assert.ts";
import { latin1Bytes } from "./memory_disk.ts";

async function inDirectory(test: (dir: string) => void | Promise<void>): Promise<void> {
  const dir = Deno.makeTempDirSync();
  try {
    await test(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("appended bytes follow a cut, in files made, emptied or found", () =>
  inDirectory((dir) => {
    for (const mode of ["create", "append", "replace"] as const) {
      const file = systemDisk.open(`${dir}/f`, mode);
      const before = file.size();
      assertEquals(before, mode === "append" ? 3 : 0);
      assertEquals(file.write(latin1Bytes("abcde")), 5);
      file.truncate(before + 2);
      file.write(latin1Bytes("X"));
      file.sync();
      file.close();
      assertEquals(systemDisk.readText(`${dir}/f`).slice(before), "abX");
    }
  }));

Deno.test("an fsync off the event loop, of a directory, and reading by offset work", () =>
  inDirectory(async (dir) => {
    systemDisk.makeDirectory(`${dir}/a/b`);
    systemDisk.makeDirectory(`${dir}/a/b`);
    const file = systemDisk.open(`${dir}/a/b/f`, "create");
    file.write(latin1Bytes("hello"));
    await file.syncInBackground();
    systemDisk.syncDirectory(`${dir}/a/b`);
    const into = new Uint8Array(9);
    file.seek(1);
    assertEquals([file.read(into), file.read(into)], [4, null]);
    file.close();
    systemDisk.rename(`${dir}/a/b/f`, `${dir}/a/b/g`);
    assertEquals(systemDisk.readDirectory(`${dir}/a/b`), ["g"]);
    assertEquals(systemDisk.stat(`${dir}/a/b/g`), { size_bytes: 5, isDirectory: false });
    assertEquals(systemDisk.stat(`${dir}/a/b`)?.isDirectory, true);
    assertEquals(systemDisk.stat(`${dir}/none`), undefined);
    systemDisk.remove(`${dir}/a/b/g`);
    assertEquals(systemDisk.readDirectory(`${dir}/a/b`), []);
  }));

Deno.test("a lock holds against a second handle until the first is closed", () =>
  inDirectory((dir) => {
    const first = systemDisk.open(`${dir}/lock`, "lock");
    const second = systemDisk.open(`${dir}/lock`, "lock");
    assertEquals([first.tryLock(), second.tryLock()], [true, false]);
    first.close();
    assertEquals(second.tryLock(), true);
    second.close();
  }));

Deno.test("errors say which call failed, on what, and why", () =>
  inDirectory(async (dir) => {
    const missing = assertThrows(() => systemDisk.open(`${dir}/none`, "append"), DiskError);
    assertEquals(missing.code, "ENOENT");
    assertEquals(missing.message, `open ${dir}/none: No such file or directory`);
    const taken = assertThrows(() => {
      systemDisk.open(`${dir}/f`, "create").close();
      systemDisk.open(`${dir}/f`, "create");
    }, DiskError);
    assertEquals(taken.code, "EEXIST");
    if (systemDisk.stat("/dev/full") === undefined) return; // Linux only
    const full = systemDisk.open("/dev/full", "append");
    const noSpace = assertThrows(() => full.write(latin1Bytes("x")), DiskError);
    assertEquals([noSpace.code, noSpace.reason], ["ENOSPC", "No space left on device"]);
    await assertRejects(() => full.syncInBackground(), DiskError);
    full.close();
  }));
