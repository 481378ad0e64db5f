/**
 * The promises of the log, end to end on a simulated disk: whatever call fails and however the
 * server then ends, what was acknowledged is there after the next start, and what is there is a
 * run of whole units from the first on.
 */

import { AofDirectory } from "../../lib/persistence/aof/directory.ts";
import { loadAof } from "../../lib/persistence/aof/loader.ts";
import { AofQueue } from "../../lib/persistence/aof/queue.ts";
import { AofWriter, type FsyncPolicy } from "../../lib/persistence/aof/writer.ts";
import { writeFully } from "../../lib/persistence/files.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { latin1Bytes, MemoryDisk } from "./memory_disk.ts";
import { ManualClock, memoryLog, resp, restlessClock, ToyTarget } from "./kit.ts";

const TURNS = 6;
/** The log is rewritten behind this turn. */
const REWRITE_AFTER = 3;

/** Turn `i` sets `n` to i, twice and atomically, in two bits of a MULTI. */
function unit(i: number): string {
  return resp("MULTI") + resp("SET", "n", `${i}`) + resp("SET", `k${i}`, "x".repeat(i)) +
    resp("EXEC");
}

function openDirectory(disk: MemoryDisk, checksums: boolean): AofDirectory {
  return AofDirectory.open({
    disk,
    dir: "/data",
    appendDirName: "aof",
    appendFileName: "a.aof",
    owner: "pid 1",
    checksums: () => checksums,
    log: memoryLog().log,
  });
}

/** Starts on `disk`; returns how many turns it finds, after checking that they are whole. */
async function restart(disk: MemoryDisk, checksums = true): Promise<number> {
  disk.fault = () => undefined;
  const directory = openDirectory(disk, checksums);
  const target = new ToyTarget();
  const options = { disk, target, loadTruncated: true, clock: restlessClock };
  await loadAof({ ...options, files: directory.files(), log: memoryLog().log });
  directory.openForAppend().file.close();
  directory.close();
  const found = Number(target.data.get("0:n") ?? 0);
  for (let i = 1; i <= TURNS; i++) {
    assertEquals(target.data.has(`0:k${i}`), i <= found, `turn ${i} of ${found}`);
  }
  return found;
}

interface Life {
  readonly disk: MemoryDisk;
  /** The last turn acknowledged. */
  acknowledged: number;
  /** The last turn known to be on stable storage. */
  synced: number;
  /** Whether it ended itself. */
  died: boolean;
}

/** Goes over to the next file, and puts a base in the place of what was before `turn`. */
async function rewrite(
  disk: MemoryDisk,
  directory: AofDirectory,
  writer: AofWriter,
  turn: number,
): Promise<void> {
  try {
    const next = await directory.prepareIncr();
    await writer.changeFile(next);
    const path = "/data/aof/temp-a.aof.base";
    const base = disk.open(path, "replace");
    try {
      let text = "";
      for (let i = 1; i <= turn; i++) text += unit(i);
      writeFully(base, latin1Bytes(text), path);
      base.sync();
    } finally {
      base.close();
    }
    await directory.installBase(path, "aof", next.path.slice(next.path.lastIndexOf("/") + 1));
    writer.rebased();
  } catch (error) {
    assert(error instanceof Error); // the log goes on as it was
  }
}

/**
 * A server's life: start, turns with a rewrite between them, and an end by nobody's will. Errors at
 * the start end it, too.
 */
async function live(disk: MemoryDisk, policy: FsyncPolicy, checksums = true): Promise<Life> {
  const life: Life = { disk, acknowledged: 0, synced: 0, died: false };
  const clock = new ManualClock();
  const queue = new AofQueue();
  const ends: number[] = [0];
  try {
    const directory = openDirectory(disk, checksums);
    const writer = new AofWriter({
      ...directory.openForAppend(),
      checksums: () => checksums,
      queue,
      policy,
      clock,
      log: memoryLog().log,
      onSafe: (batch) => {
        if (!life.died) life.acknowledged = ends.findLastIndex((end) => end <= batch.end);
      },
      onFatal: () => life.died = true,
    });
    for (let i = 1; i <= TURNS && !life.died; i++) {
      const text = unit(i);
      queue.append(latin1Bytes(text), 0, text.length, 4);
      ends.push(queue.position);
      queue.commit();
      // In the middle of the turn: what follows in the queue is not written before it is done.
      if (i === REWRITE_AFTER) void rewrite(disk, directory, writer, i); // never rejects
      await clock.advance(700);
      life.synced = ends.findLastIndex((end) => end <= writer.syncedPosition);
    }
  } catch {
    life.died = true;
  }
  return life;
}

Deno.test("what was acknowledged survives kill -9, what was synced survives a power failure", async () => {
  const runs = (["always", "everysec", "no"] as const)
    .flatMap((policy) => [true, false].map((checksums) => ({ policy, checksums })));
  for (const { policy, checksums } of runs) {
    const whole = await live(new MemoryDisk(), policy, checksums);
    assertEquals(whole.acknowledged, TURNS);
    assertEquals(whole.disk.content("/data/aof/a.aof.1.base.aof")?.includes(unit(3)), true);
    for (let index = 1; index <= whole.disk.calls.length + 1; index++) {
      for (const fault of [{ code: "EIO" }, { code: "ENOSPC", written: 7 }] as const) {
        for (const lasting of [false, true]) {
          for (const how of ["kill", "power"] as const) {
            const disk = new MemoryDisk();
            disk.fault = (call) =>
              call.index === index || (lasting && call.index > index) ? fault : undefined;
            const life = await live(disk, policy, checksums);
            disk.crash(how);
            const found = await restart(disk, checksums);
            const name = `${policy}, ${checksums}, call ${index}, ${
              JSON.stringify(fault)
            }, ${lasting}, ${how}`;
            const safe = how === "kill" || policy === "always" ? life.acknowledged : life.synced;
            assert(found >= safe, `${name}: ${safe} promised, ${found} found`);
            assertEquals(await restart(disk, !checksums), found, `${name}: and again`);
          }
        }
      }
    }
  }
});

Deno.test("random failures of many calls: nothing acknowledged is lost to kill -9", async () => {
  const { seed, size } = flags(60);
  for (let run = 0; run < size; run++) {
    const random = new Seeded(seed + run);
    const policy = random.pick(["always", "everysec", "no"] as const);
    const disk = new MemoryDisk();
    const from = random.below(50);
    disk.fault = ({ index }) => {
      if (index < from || !random.chance(0.2)) return undefined;
      const written = random.chance(0.5) ? random.below(60) : undefined;
      return { code: random.pick([undefined, "EIO", "ENOSPC"] as const), written };
    };
    const life = await live(disk, policy);
    disk.crash("kill");
    const found = await restart(disk);
    assert(found >= life.acknowledged, `seed ${seed + run}: ${life.acknowledged} > ${found}`);
  }
});

Deno.test("a server on the log of a killed one goes on where that ended", async () => {
  for (const checksums of [true, false]) {
    const disk = new MemoryDisk();
    await live(disk, "no", checksums);
    disk.crash("kill");
    const path = "/data/aof/a.aof.2.incr.aof";
    disk.put(path, disk.content(path)!.slice(0, -5));
    assertEquals(await restart(disk, checksums), TURNS - 1);
    const directory = openDirectory(disk, checksums);
    const queue = new AofQueue();
    const writer = new AofWriter({
      ...directory.openForAppend(),
      checksums: () => checksums,
      queue,
      policy: "no",
      clock: new ManualClock(),
      log: memoryLog().log,
      onSafe: () => undefined,
      onFatal: (error) => {
        throw error;
      },
    });
    assertEquals(writer.path, path);
    queue.append(latin1Bytes(unit(TURNS)), 0, unit(TURNS).length, 4);
    await writer.flushAndSync();
    await writer.close();
    directory.close();
    assertEquals(await restart(disk, checksums), TURNS);
  }
});
