/** The simulated disk keeps what a real one would have to keep, and loses what a real one may lose. */

import type { DiskFile } from "../../lib/platform/disk.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../kit/assert.ts";
import { Seeded } from "../kit/flags.ts";
import { latin1, latin1Bytes } from "../persistence/memory_disk.ts";
import { Aftermath, type Survival } from "./aftermath.ts";
import type { Image } from "./journal.ts";
import { SimDisk } from "./sim_disk.ts";

const ROUNDS = 400;

function put(file: DiskFile, text: string): number {
  return file.write(latin1Bytes(text));
}

function text(image: Image, path: string): string | undefined {
  const bytes = image.files.get(path);
  return bytes && latin1(bytes);
}

/** What a crash at the end of the journal leaves. */
function end(disk: SimDisk): Aftermath {
  const aftermath = new Aftermath(disk.journal);
  while (aftermath.advance()) { /* to the end */ }
  return aftermath;
}

/** The different outcomes of many power failures at the end, by `look`. */
function outcomes(disk: SimDisk, survival: Survival, look: (image: Image) => unknown): Set<string> {
  const aftermath = end(disk);
  const found = new Set<string>();
  for (let seed = 0; seed < ROUNDS; seed++) {
    found.add(String(look(aftermath.power(survival, new Seeded(seed)))));
  }
  return found;
}

/** A disk with a file whose name is safe. */
function withFile(content = ""): { disk: SimDisk; file: DiskFile } {
  const disk = new SimDisk();
  const file = disk.open("/data/f", "create");
  if (content !== "") put(file, content);
  file.sync();
  disk.syncDirectory("/data");
  return { disk, file };
}

Deno.test("the end of the process keeps what was written, that of the machine what was synced", () => {
  const { disk, file } = withFile("safe");
  put(file, ", not");
  assertEquals(text(end(disk).kill(), "/data/f"), "safe, not");
  assertEquals([...outcomes(disk, "nothing", (image) => text(image, "/data/f"))], ["safe"]);
  assertEquals([...outcomes(disk, "everything", (image) => text(image, "/data/f"))], ["safe, not"]);
});

Deno.test("a kill within a write keeps some first bytes of it", () => {
  const { disk, file } = withFile("safe");
  put(file, "12345");
  const aftermath = new Aftermath(disk.journal);
  while (aftermath.nextWrite_bytes !== 5) assert(aftermath.advance());
  assertEquals(text(aftermath.kill(3), "/data/f"), "safe123");
  assertEquals(text(aftermath.kill(), "/data/f"), "safe");
});

Deno.test("pages that were not synced survive in any order; a hole reads as zeros", () => {
  const { disk, file } = withFile();
  put(file, "a".repeat(4096));
  put(file, "b".repeat(4096));
  const found = outcomes(disk, "any page", (image) => {
    const content = text(image, "/data/f")!;
    const page = (from: number) => content.slice(from, from + 4096).replace(/(.)\1*/gs, "$1");
    return JSON.stringify([page(0), page(4096)]);
  });
  for (const expected of [["", ""], ["a", ""], ["a", "b"], ["\0", "b"], ["\0", "\0"]]) {
    assert(found.has(JSON.stringify(expected)), JSON.stringify(expected));
  }
});

Deno.test("a write is torn at any byte", () => {
  const { disk, file } = withFile("x");
  put(file, "123");
  const found = outcomes(disk, "in order", (image) => text(image, "/data/f"));
  assertEquals([...found].sort(), ["x", "x1", "x12", "x123"]);
});

Deno.test("a truncation that was not synced may not have happened", () => {
  const { disk, file } = withFile("12345");
  file.truncate(2);
  const found = outcomes(disk, "any page", (image) => text(image, "/data/f"));
  assertEquals([...found].sort(), ["12", "12345"]);
});

Deno.test("a background fsync covers what was written before it was asked for, once it has ended", async () => {
  const { disk, file } = withFile();
  disk.holdBackground = true;
  put(file, "before");
  const synced = file.syncInBackground();
  put(file, "after");
  assertEquals([...outcomes(disk, "nothing", (image) => text(image, "/data/f"))], [""]);
  disk.endBackground(0);
  await synced;
  assertEquals([...outcomes(disk, "nothing", (image) => text(image, "/data/f"))], ["before"]);
});

Deno.test("what a failed fsync covered is left to chance, whatever fsync comes after", () => {
  const { disk, file } = withFile();
  put(file, "doubtful");
  disk.fault = ({ operation }) => operation === "sync" ? { code: "EIO" } : undefined;
  assertThrows(() => file.sync(), Error, "Input/output error");
  disk.fault = undefined;
  put(file, " certain");
  file.sync();
  const found = outcomes(disk, "any page", (image) => text(image, "/data/f")!.endsWith(" certain"));
  assertEquals([...found], ["true"]);
  const heads = outcomes(disk, "any page", (image) => text(image, "/data/f")!.slice(0, 8));
  assert(heads.has("doubtful") && heads.has("\0".repeat(8)), [...heads].join());
});

Deno.test("names survive each for itself, a rename whole or not at all", () => {
  const { disk } = withFile("old");
  for (const name of ["a", "b"]) {
    const file = disk.open(`/data/${name}`, "create");
    put(file, name);
    file.sync();
  }
  disk.rename("/data/a", "/data/f");
  const found = outcomes(disk, "any page", ({ files }) => [...files.keys()].sort());
  assert(found.has("/data/b,/data/f") && found.has("/data/f"), "b is there, or not");
  assert(found.has("/data/a,/data/f"), "the rename did not happen, the creation did");
  const contents = outcomes(disk, "any page", (image) => text(image, "/data/f"));
  assertEquals([...contents].sort(), ["a", "old"]);
  disk.syncDirectory("/data");
  assertEquals([...outcomes(disk, "nothing", ({ files }) => [...files.keys()].sort())], [
    "/data/b,/data/f",
  ]);
});

Deno.test("a file is lost with the directory that was not synced above it", () => {
  const disk = new SimDisk();
  disk.makeDirectory("/data/sub");
  disk.open("/data/sub/f", "create").sync();
  disk.syncDirectory("/data/sub");
  assertEquals([...outcomes(disk, "nothing", ({ files }) => files.size)], ["0"]);
  disk.syncDirectory("/data");
  assertEquals([...outcomes(disk, "nothing", ({ files }) => files.size)], ["1"]);
});

Deno.test("two names of a file show the same bytes, also after a crash", () => {
  const { disk, file } = withFile("1");
  disk.link("/data/f", "/data/g");
  disk.syncDirectory("/data");
  const after = new SimDisk(end(disk).kill());
  put(after.open("/data/f", "append"), "2");
  assertEquals(text(after.image(), "/data/g"), "12");
  disk.remove("/data/f");
  put(file, "3");
  assertEquals(text(disk.image(), "/data/g"), "13");
});

Deno.test("calls fail as the test wants, and a failed write leaves what it had stored", async () => {
  const { disk, file } = withFile();
  disk.fault = ({ operation }) =>
    operation === "write" ? { code: "ENOSPC", written: 2 } : undefined;
  assertThrows(() => put(file, "1234"), Error, "No space left on device");
  disk.fault = ({ operation }) => operation === "write" ? { written: 1 } : { code: "EACCES" };
  assertEquals(put(file, "34"), 1);
  for (
    const call of [
      () => file.truncate(0),
      () => file.sync(),
      () => file.close(),
      () => disk.open("/data/f", "read"),
      () => disk.rename("/data/f", "/data/g"),
      () => disk.link("/data/f", "/data/g"),
      () => disk.remove("/data/f"),
      () => disk.makeDirectory("/data/d"),
      () => disk.syncDirectory("/data"),
      () => disk.readDirectory("/data"),
    ]
  ) assertThrows(call, Error, "Permission denied");
  await assertRejects(() => disk.syncDirectoryInBackground("/data"), Error, "Permission denied");
  assertEquals(text(disk.image(), "/data/f"), "123");
});

Deno.test("the end of the process gives locks up, and its handles are dead", () => {
  const { disk } = withFile();
  const lock = disk.open("/data/lock", "lock");
  assert(lock.tryLock());
  assertEquals(disk.open("/data/lock", "lock").tryLock(), false);
  disk.endProcess();
  assertThrows(() => lock.size(), Error, "the process has ended");
  assert(disk.open("/data/lock", "lock").tryLock());
});

Deno.test("one seed, one outcome", () => {
  const { disk, file } = withFile();
  for (let i = 0; i < 20; i++) put(file, `${i}`.repeat(300));
  const once = outcomes(disk, "any page", (image) => text(image, "/data/f"));
  assertEquals([...outcomes(disk, "any page", (image) => text(image, "/data/f"))], [...once]);
  assert(once.size > ROUNDS / 2);
});
