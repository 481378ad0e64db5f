/** What the writer puts around batches, and that a load gets it back. */

import { AofQueue } from "../../lib/persistence/aof/queue.ts";
import { AofWriter, type FsyncPolicy } from "../../lib/persistence/aof/writer.ts";
import { crc32, parseSeal, type Seal } from "../../lib/persistence/aof/frames.ts";
import { loadAof } from "../../lib/persistence/aof/loader.ts";
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { withoutFrames } from "../kit/frames.ts";
import { latin1, latin1Bytes, MemoryDisk } from "./memory_disk.ts";
import { ManualClock, memoryLog, resp, restlessClock, settle, ToyTarget } from "./kit.ts";

const PATH = "/data/incr";
const A = resp("SET", "a", "1");
const B = resp("SET", "b", "2");
const C = resp("SET", "c", "3");

class Bench {
  readonly disk: MemoryDisk;
  readonly clock = new ManualClock();
  readonly queue = new AofQueue();
  readonly acknowledged: string[] = [];
  readonly writer: AofWriter;
  timestamps = false;

  constructor(policy: FsyncPolicy, disk = new MemoryDisk(), checksums = true) {
    this.disk = disk;
    if (disk.content(PATH) === undefined) disk.put(PATH, "");
    this.writer = new AofWriter({
      file: disk.open(PATH, "append"),
      path: PATH,
      queue: this.queue,
      policy,
      checksums: () => checksums,
      timestamps: () => this.timestamps,
      clock: this.clock,
      log: memoryLog().log,
      onSafe: (batch) => this.acknowledged.push(latin1(batch.bytes)),
      onFatal: (error) => {
        throw error;
      },
    });
    disk.calls.length = 0;
  }

  async turn(text: string, commands = 1): Promise<void> {
    this.queue.append(latin1Bytes(text), 0, text.length, commands);
    this.queue.commit();
    await settle();
  }

  get content(): string {
    return this.disk.content(PATH)!;
  }

  get writes(): number {
    return this.disk.calls.filter(({ operation }) => operation === "write").length;
  }
}

/** All seals of a file. */
function sealsOf(content: string): Seal[] {
  const bytes = latin1Bytes(content);
  return [...content.matchAll(/#S:/g)].map(({ index }) => {
    const parsed = parseSeal(bytes, index, bytes.length);
    assert(parsed !== undefined, content.slice(index, index + 80));
    return parsed.seal;
  });
}

async function loaded(disk: MemoryDisk): Promise<ToyTarget> {
  const target = new ToyTarget();
  await loadAof({
    disk,
    files: [{ path: PATH, name: "incr", type: "incr" }],
    target,
    loadTruncated: false,
    clock: restlessClock,
    log: memoryLog().log,
  });
  return target;
}

Deno.test("a batch is one write with its frame around it", async () => {
  const bench = new Bench("no");
  await bench.turn(A + B, 2);
  await bench.turn(C);
  assertEquals(bench.writes, 2);
  const first = crc32(latin1Bytes(A + B), 0, 2 * A.length);
  const common = { time_s: 1000, synced: 0 };
  const seals = sealsOf(bench.content);
  assertEquals(seals[0], { ...common, offset: 0, length: 2 * A.length, commands: 2, chain: first });
  const chain = crc32(latin1Bytes(C), 0, C.length, first);
  const offset = seals[1].offset;
  assertEquals(seals[1], { ...common, offset, length: C.length, commands: 1, chain });
  assert(bench.content.startsWith(`#B:${2 * A.length}\r\n${A}${B}#S:0,${2 * A.length},2,1000,0,`));
  assertEquals(bench.content.indexOf("#B:", 3), offset);
  assertEquals(bench.writer.size_bytes, bench.content.length);
  assertEquals(bench.acknowledged, [A + B, C]);
  await bench.writer.close();
  assertEquals((await loaded(bench.disk)).data.size, 3);
});

Deno.test("a seal says how much of the file was on stable storage", async () => {
  const always = new Bench("always");
  for (const text of [A, B, C]) await always.turn(text);
  assertEquals(sealsOf(always.content).map(({ synced, offset }) => synced - offset), [0, 0, 0]);
  await always.writer.close();

  const everysec = new Bench("everysec");
  await everysec.turn(A); // synced at once
  const size_bytes = everysec.content.length;
  await everysec.turn(B);
  await everysec.turn(C);
  assertEquals(sealsOf(everysec.content).map(({ synced }) => synced), [0, size_bytes, size_bytes]);
  await everysec.clock.advance(1000);
  const grown_bytes = everysec.content.length;
  await everysec.turn(A);
  assertEquals(sealsOf(everysec.content).at(-1)!.synced, grown_bytes);
  await everysec.writer.close();
});

Deno.test("an orderly end seals the file once, and the next writer goes on behind it", async () => {
  for (const policy of ["no", "everysec", "always"] as const) {
    let bench = new Bench(policy);
    await bench.writer.close();
    assertEquals(bench.content, "", "nothing written, nothing sealed");
    bench = new Bench(policy, bench.disk);
    await bench.turn(A);
    await bench.writer.flushAndSync();
    await bench.writer.close();
    const sealed = bench.content;
    const seal = sealsOf(sealed).at(-1)!;
    assertEquals([seal.length, seal.commands, seal.synced], [0, 0, seal.offset]);
    bench.disk.crash("power");
    assertEquals(bench.content, sealed);
    const again = new Bench(policy, bench.disk);
    await again.writer.close();
    assertEquals(again.content, sealed, "sealed already");
    const more = new Bench(policy, bench.disk);
    await more.turn(B);
    assertEquals(sealsOf(more.content).at(-1)!.chain, crc32(latin1Bytes(A + B), 0, 2 * A.length));
    await more.writer.close();
    assertEquals((await loaded(bench.disk)).data.size, 2);
  }
});

Deno.test("a failed batch is tried with the same bytes, whatever the time is then", async () => {
  for (const canCut of [true, false]) {
    const bench = new Bench("everysec");
    bench.timestamps = true;
    await bench.turn(A);
    const before = bench.content;
    bench.disk.fault = ({ operation }) => {
      if (operation === "write") return { code: "ENOSPC", written: 40 };
      return operation === "truncate" && !canCut ? { code: "EIO" } : undefined;
    };
    await bench.clock.advance(5000);
    await bench.turn(B);
    assertEquals(bench.content.length - before.length, canCut ? 0 : 40);
    await bench.clock.advance(150);
    bench.disk.fault = ({ operation }) =>
      operation === "truncate" && !canCut ? { code: "EIO" } : undefined;
    await bench.clock.advance(60_000);
    assertEquals(bench.acknowledged, [A, B]);
    await bench.turn(C);
    await bench.writer.close();
    assertEquals(sealsOf(bench.content).map(({ time_s }) => time_s).slice(0, 2), [1000, 1005]);
    assertEquals((await loaded(bench.disk)).data.size, 3);
  }
});

Deno.test("large batches are written in pieces, and torn ones cut back", async () => {
  const large = resp("SET", "a", "x".repeat(300 * 1024));
  for (const size_bytes of [256 * 1024 - 200, 256 * 1024 - 90, 300 * 1024]) {
    const text = resp("SET", "a", "x".repeat(size_bytes));
    const bench = new Bench("no");
    await bench.turn(text);
    assertEquals(bench.writes, size_bytes < 256 * 1024 - 150 ? 1 : 3);
    await bench.writer.close();
    assertEquals((await loaded(bench.disk)).data.get("0:a")?.length, size_bytes);
  }
  for (const failing of [1, 2, 3]) {
    for (const written of [0, 5]) {
      const bench = new Bench("no");
      let writes = 0;
      bench.disk.fault = ({ operation }) =>
        operation === "write" && ++writes === failing ? { code: "ENOSPC", written } : undefined;
      await bench.turn(large);
      assertEquals(bench.content, "", "cut back");
      await bench.clock.advance(200);
      await bench.turn(B);
      assertEquals(bench.acknowledged, [large, B]);
      await bench.writer.close();
      assertEquals((await loaded(bench.disk)).data.size, 2);
    }
  }
});

Deno.test("Redis's timestamps stand in front of a batch when the second has changed", async () => {
  for (const checksums of [true, false]) {
    const bench = new Bench("no", new MemoryDisk(), checksums);
    await bench.turn(A);
    bench.timestamps = true;
    await bench.turn(A);
    await bench.turn(B);
    await bench.clock.advance(1000);
    await bench.turn(C);
    const stamped = `${A}#TS:1000\r\n${A}${B}#TS:1001\r\n${C}`;
    assertEquals(withoutFrames(bench.content), stamped);
    await bench.writer.close();
    assertEquals(withoutFrames(bench.content), stamped);
    assertEquals(bench.content === stamped, !checksums);
    assertEquals((await loaded(bench.disk)).data.size, 3);
  }
});

Deno.test("a file goes on as it was begun, and nothing follows what another server appended", async () => {
  const disk = new MemoryDisk();
  const plain = new Bench("no", disk, false);
  await plain.turn(A);
  await plain.writer.close();
  const still = new Bench("no", disk, true);
  await still.turn(B);
  await still.writer.close();
  assertEquals(disk.content(PATH), A + B);

  const framed = new Bench("no");
  await framed.turn(A);
  await framed.writer.close();
  const kept = new Bench("no", framed.disk, false);
  await kept.turn(B);
  await kept.writer.close();
  assertEquals(sealsOf(kept.content).length, 4);
  kept.disk.open(PATH, "append").write(latin1Bytes(C));
  assertThrows(() => new Bench("no", kept.disk), Error, "no batch may follow");
});
