/**
 * The promises of the log, end to end on a simulated disk: whatever call fails and however the
 * server then ends, what was acknowledged is there after the next start, and what is there is a
 * run of whole units from the first on.
 */

import { AofDirectory } from "../../lib/persistence/aof/directory.ts";
import { loadAof } from "../../lib/persistence/aof/loader.ts";
import { AofQueue } from "../../lib/persistence/aof/queue.ts";
import { AofWriter, type FsyncPolicy } from "../../lib/persistence/aof/writer.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { latin1Bytes, MemoryDisk } from "./memory_disk.ts";
import { ManualClock, memoryLog, resp, restlessClock, settle, ToyTarget } from "./kit.ts";

const TURNS = 6;

/** Turn `i` sets `n` to i, twice and atomically, in two bits of a MULTI. */
function unit(i: number): string {
  return resp("MULTI") + resp("SET", "n", `${i}`) + resp("SET", `k${i}`, "x".repeat(i)) +
    resp("EXEC");
}

function openDirectory(disk: MemoryDisk): AofDirectory {
  return AofDirectory.open({
    disk,
    dir: "/data",
    appendDirName: "aof",
    appendFileName: "a.aof",
    owner: "pid 1",
    log: memoryLog().log,
  });
}

/** Starts on `disk`; returns how many turns it finds, after checking that they are whole. */
async function restart(disk: MemoryDisk): Promise<number> {
  disk.fault = () => undefined;
  const directory = openDirectory(disk);
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

/** A server's life: start, turns, and an end by nobody's will. Errors at the start end it, too. */
async function live(disk: MemoryDisk, policy: FsyncPolicy): Promise<Life> {
  const life: Life = { disk, acknowledged: 0, synced: 0, died: false };
  const clock = new ManualClock();
  const queue = new AofQueue();
  const ends: number[] = [0];
  try {
    const directory = openDirectory(disk);
    const writer = new AofWriter({
      ...directory.openForAppend(),
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
      await clock.advance(700);
      life.synced = ends.findLastIndex((end) => end <= writer.syncedPosition);
    }
  } catch {
    life.died = true;
  }
  return life;
}

Deno.test("what was acknowledged survives kill -9, what was synced survives a power failure", async () => {
  for (const policy of ["always", "everysec", "no"] as const) {
    const whole = await live(new MemoryDisk(), policy);
    assertEquals(whole.acknowledged, TURNS);
    for (let index = 1; index <= whole.disk.calls.length + 1; index++) {
      for (const fault of [{ code: "EIO" }, { code: "ENOSPC", written: 7 }] as const) {
        for (const lasting of [false, true]) {
          for (const how of ["kill", "power"] as const) {
            const disk = new MemoryDisk();
            disk.fault = (call) =>
              call.index === index || (lasting && call.index > index) ? fault : undefined;
            const life = await live(disk, policy);
            disk.crash(how);
            const found = await restart(disk);
            const name = `${policy}, call ${index}, ${JSON.stringify(fault)}, ${lasting}, ${how}`;
            const safe = how === "kill" || policy === "always" ? life.acknowledged : life.synced;
            assert(found >= safe, `${name}: ${safe} promised, ${found} found`);
            assertEquals(await restart(disk), found, `${name}: and again`);
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
  const disk = new MemoryDisk();
  await live(disk, "no");
  disk.crash("kill");
  const path = "/data/aof/a.aof.1.incr.aof";
  const content = disk.content(path)!;
  disk.put(path, content.slice(0, -5));
  assertEquals(await restart(disk), TURNS - 1);
  const directory = openDirectory(disk);
  const { file } = directory.openForAppend();
  file.write(latin1Bytes(unit(TURNS)));
  file.close();
  directory.close();
  assertEquals(await restart(disk), TURNS);
  await settle();
});
