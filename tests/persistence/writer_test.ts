/** The writer on a simulated disk: what is safe when, and what happens when the disk fails. */

import { AofQueue } from "../../lib/persistence/aof/queue.ts";
import { AofWriter, type FsyncPolicy } from "../../lib/persistence/aof/writer.ts";
import type { StorageError } from "../../lib/persistence/errors.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../kit/assert.ts";
import { latin1, latin1Bytes, MemoryDisk } from "./memory_disk.ts";
import { ManualClock, memoryLog, resp, settle } from "./kit.ts";

const PATH = "/data/incr";
const OLD = resp("SET", "old", "1");

class Bench {
  readonly disk = new MemoryDisk();
  readonly clock = new ManualClock();
  readonly queue = new AofQueue();
  readonly acknowledged: string[] = [];
  readonly fatal: StorageError[] = [];
  readonly lost: number[] = [];
  readonly lines: string[];
  readonly writer: AofWriter;

  constructor(policy: FsyncPolicy) {
    this.disk.put(PATH, OLD);
    const { log, lines } = memoryLog();
    this.lines = lines;
    this.writer = new AofWriter({
      file: this.disk.open(PATH, "append"),
      path: PATH,
      queue: this.queue,
      policy,
      clock: this.clock,
      log,
      onSafe: (batch) => this.acknowledged.push(latin1(batch.bytes)),
      onFatal: (error) => this.fatal.push(error),
      onDurabilityLost: (bytes) => this.lost.push(bytes),
    });
    this.disk.calls.length = 0;
  }

  /** One turn that logs `text`. */
  async turn(text: string): Promise<void> {
    this.queue.append(latin1Bytes(text), 0, text.length, 1);
    this.queue.commit();
    await settle();
  }

  /** The names of the disk's calls so far. */
  get operations(): string[] {
    return this.disk.calls.map(({ operation }) => operation);
  }

  get content(): string {
    return this.disk.content(PATH)!.slice(OLD.length);
  }

  get synced(): string {
    return this.disk.syncedContent(PATH)!.slice(OLD.length);
  }
}

const A = resp("SET", "a", "1");
const B = resp("SET", "b", "2");
const C = resp("SET", "c", "3");

Deno.test("a turn is one write, whatever it holds, and safe once written", async () => {
  const bench = new Bench("no");
  bench.queue.append(latin1Bytes(A), 0, A.length, 1);
  await bench.turn(B);
  assertEquals(bench.operations, ["write"]);
  assertEquals(bench.acknowledged, [A + B]);
  assertEquals(bench.content, A + B);
  assertEquals(bench.synced, "");
  assertEquals(bench.writer.safePosition, bench.queue.position);
  await bench.writer.close();
});

Deno.test("always: one write and one fsync a turn, and nothing is safe before it", async () => {
  const bench = new Bench("always");
  await bench.turn(A);
  await bench.turn(B);
  assertEquals(bench.operations, ["write", "sync", "write", "sync"]);
  assertEquals(bench.synced, A + B);
  assertEquals(bench.writer.syncedPosition, bench.queue.position);
  await bench.writer.close();
});

Deno.test("everysec: the first write is synced at once, later ones a second after it", async () => {
  const bench = new Bench("everysec");
  await bench.turn(A);
  assertEquals(bench.synced, A);
  await bench.turn(B);
  await bench.turn(C);
  assertEquals(bench.synced, A);
  await bench.clock.advance(999);
  assertEquals(bench.synced, A);
  await bench.clock.advance(1);
  assertEquals(bench.synced, A + B + C);
  assertEquals(bench.writer.syncedPosition, bench.queue.position);
  assertEquals(bench.clock.timers, 0, "an idle server has no timer");
  await bench.writer.close();
});

Deno.test("everysec: never two fsyncs at once; writes go on, and slow fsyncs are counted", async () => {
  const bench = new Bench("everysec");
  bench.disk.holdSyncs = true;
  await bench.turn(A);
  assertEquals(bench.writer.stats().aof_pending_bio_fsync, 1);
  for (const wait_ms of [500, 1400, 200, 100]) {
    await bench.clock.advance(wait_ms);
    await bench.turn(B);
  }
  assertEquals(bench.disk.heldSyncs, 1);
  assertEquals(bench.content, A + B.repeat(4));
  assertEquals(bench.acknowledged.length, 5);
  assertEquals(bench.writer.stats().aof_delayed_fsync, 0);
  await bench.clock.advance(1000);
  await bench.turn(C);
  assertEquals(bench.writer.stats().aof_delayed_fsync, 1);
  bench.disk.holdSyncs = false;
  bench.disk.releaseSyncs();
  await settle();
  assertEquals(bench.synced, A + B.repeat(4) + C, "what came meanwhile is synced at once");
  assertEquals(bench.writer.stats().aof_pending_bio_fsync, 0);
  await bench.writer.close();
});

Deno.test("short writes are continued", async () => {
  for (const policy of ["no", "everysec", "always"] as const) {
    const bench = new Bench(policy);
    bench.disk.fault = ({ operation }) => operation === "write" ? { written: 3 } : undefined;
    await bench.turn(A);
    assertEquals(bench.content, A);
    assertEquals(bench.acknowledged, [A]);
    await bench.writer.close();
  }
});

Deno.test("always: a failed write or fsync is fatal before any reply, and leaves no torn tail", async () => {
  for (const operation of ["write", "sync"]) {
    for (const written of operation === "write" ? [undefined, 0, 5] : [undefined]) {
      const bench = new Bench("always");
      await bench.turn(A);
      bench.disk.fault = (call) =>
        call.operation === operation ? { code: "EIO", written } : undefined;
      await bench.turn(B);
      bench.disk.fault = () => undefined;
      await bench.turn(C);
      await bench.clock.advance(10_000);
      assertEquals(bench.acknowledged, [A], "nothing is acknowledged any more");
      assertEquals(bench.fatal.length, 1);
      assertStringIncludes(bench.fatal[0].message, "'always'");
      assertStringIncludes(bench.fatal[0].message, "Input/output error");
      assertEquals(bench.content, operation === "write" ? A : A + B);
      await assertRejects(() => bench.writer.flushAndSync());
      await bench.writer.close();
    }
  }
});

Deno.test("everysec and no: after a failed write, MISCONF and no reply until a retry works", async () => {
  for (const policy of ["everysec", "no"] as const) {
    for (const written of [undefined, 0, 5]) {
      const bench = new Bench(policy);
      await bench.turn(A);
      bench.disk.fault = ({ operation }) =>
        operation === "write" ? { code: "ENOSPC", written } : undefined;
      await bench.turn(B);
      await bench.turn(C);
      assertEquals(bench.content, A, "the torn write is cut back at once");
      assertEquals(bench.acknowledged, [A]);
      assertEquals(
        bench.writer.misconf,
        "MISCONF Errors writing to the AOF file: No space left on device",
      );
      assertEquals(bench.writer.stats().aof_last_write_status, "err");
      assertEquals(bench.writer.stats().aof_buffer_length, B.length + C.length);
      await bench.clock.advance(5_000);
      assertEquals(bench.content, A, "retries leave nothing either");
      assertEquals(bench.lines.filter((line) => line.includes("Error writing")).length, 1);
      const writes = bench.operations.filter((name) => name === "write").length;
      assert(writes >= 6 && writes <= 12, `${writes} tries in five seconds`);
      bench.disk.fault = () => undefined;
      await bench.clock.advance(1_000);
      assertEquals(bench.content, A + B + C, "each byte once, in order");
      assertEquals(bench.acknowledged, [A, B, C]);
      assertEquals(bench.writer.misconf, undefined);
      assertEquals(bench.fatal, []);
      await bench.writer.close();
    }
  }
});

Deno.test("where a torn write cannot be cut, the next try completes it", async () => {
  const bench = new Bench("everysec");
  bench.disk.fault = ({ operation }) =>
    operation === "write"
      ? { code: "ENOSPC", written: 2 }
      : operation === "truncate"
      ? { code: "EIO" }
      : undefined;
  await bench.turn(A);
  await bench.clock.advance(100);
  assert(A.startsWith(bench.content) && bench.content.length >= 2, "a prefix of the batch");
  assertStringIncludes(bench.lines.join("\n"), "Could not remove a short write");
  bench.disk.fault = ({ operation }) => operation === "truncate" ? { code: "EIO" } : undefined;
  await bench.clock.advance(1_000);
  assertEquals(bench.content, A);
  await bench.turn(B);
  assertEquals(bench.content, A + B);
  await bench.writer.close();
});

Deno.test("a file that somebody else changed is not written to", async () => {
  const bench = new Bench("no");
  bench.disk.fault = ({ operation }) => operation === "write" ? { code: "EIO" } : undefined;
  await bench.turn(A);
  bench.disk.fault = () => undefined;
  bench.disk.open(PATH, "append").write(latin1Bytes("x".repeat(500)));
  await bench.clock.advance(3_000);
  assertEquals(bench.content, "x".repeat(500));
  assert(bench.writer.misconf !== undefined);
  assertEquals(bench.acknowledged, []);
  await bench.writer.close();
});

Deno.test("everysec: a failed fsync refuses writes until one works, and is never forgotten", async () => {
  const bench = new Bench("everysec");
  bench.disk.fault = ({ operation }) => operation === "sync" ? { code: "EIO" } : undefined;
  await bench.turn(A);
  assertEquals(bench.writer.misconf, "MISCONF Errors writing to the AOF file: Input/output error");
  assertEquals(bench.writer.lastWriteStatus, "err");
  assertEquals(bench.lost, [A.length]);
  assertEquals(bench.writer.syncedPosition, 0);
  await bench.turn(B); // an expiry, say: it is logged although clients may not write
  await bench.clock.advance(1_000);
  assertEquals(bench.lost, [A.length, A.length + B.length]);
  bench.disk.fault = () => undefined;
  await bench.clock.advance(1_000);
  assertEquals(bench.writer.misconf, undefined);
  assertEquals(bench.writer.durabilityUnknown_bytes, A.length + B.length);
  assertEquals(bench.writer.syncedPosition, 0, "the gap is not vouched for");
  assertStringIncludes(bench.lines.at(-1)!, `${A.length + B.length} bytes is unknown`);
  await bench.writer.close();
});

Deno.test("with policy no, an fsync that failed before is tried until it works", async () => {
  const bench = new Bench("everysec");
  bench.disk.fault = ({ operation }) => operation === "sync" ? { code: "EIO" } : undefined;
  await bench.turn(A);
  bench.writer.setPolicy("no");
  await bench.clock.advance(1_500);
  assert(bench.writer.misconf !== undefined);
  bench.disk.fault = () => undefined;
  await bench.clock.advance(1_000);
  assertEquals(bench.writer.misconf, undefined);
  await bench.writer.close();
});

Deno.test("the policy can change at run time, and always covers what came before it", async () => {
  const bench = new Bench("no");
  await bench.turn(A);
  bench.writer.setPolicy("always");
  assertEquals(bench.synced, A);
  await bench.turn(B);
  assertEquals(bench.synced, A + B);
  bench.writer.setPolicy("no");
  await bench.turn(C);
  assertEquals(bench.synced, A + B);
  bench.writer.setPolicy("everysec");
  await settle();
  assertEquals(bench.synced, A + B + C);
  await bench.writer.close();
});

Deno.test("flushAndSync makes everything durable, also what no turn has committed", async () => {
  for (const policy of ["no", "everysec", "always"] as const) {
    const bench = new Bench(policy);
    await bench.turn(A);
    bench.queue.append(latin1Bytes(B), 0, B.length, 1);
    await bench.writer.flushAndSync();
    assertEquals(bench.synced, A + B);
    await bench.writer.close();
  }
});

Deno.test("flushAndSync tries a failed batch once more at once, and says if that failed", async () => {
  const bench = new Bench("everysec");
  bench.disk.fault = ({ operation }) => operation === "write" ? { code: "ENOSPC" } : undefined;
  await bench.turn(A);
  await assertRejects(() => bench.writer.flushAndSync(), Error, "No space left");
  bench.disk.fault = () => undefined;
  await bench.writer.flushAndSync();
  assertEquals(bench.synced, A);
  bench.disk.fault = ({ operation }) => operation === "sync" ? { code: "EIO" } : undefined;
  await assertRejects(() => bench.writer.flushAndSync(), Error, "Input/output error");
  await bench.writer.close();
});

Deno.test("closing waits for the fsync under way, gives a failing batch up, and leaves no timer", async () => {
  const bench = new Bench("everysec");
  bench.disk.holdSyncs = true;
  await bench.turn(A);
  let closed = false;
  const closing = bench.writer.close().then(() => closed = true);
  await settle();
  assertEquals(closed, false);
  bench.disk.holdSyncs = false;
  bench.disk.releaseSyncs();
  await closing;

  const failing = new Bench("no");
  failing.disk.fault = ({ operation }) => operation === "write" ? { code: "ENOSPC" } : undefined;
  await failing.turn(A);
  await failing.writer.close();
  assertEquals(failing.acknowledged, []);
  assertEquals([bench.clock.timers, failing.clock.timers], [0, 0]);
});

Deno.test("figures: the size of the file, and what waits", async () => {
  const bench = new Bench("no");
  await bench.turn(A);
  bench.queue.append(latin1Bytes(B), 0, B.length, 1);
  assertEquals(bench.writer.stats(), {
    aof_buffer_length: B.length,
    aof_pending_bio_fsync: 0,
    aof_delayed_fsync: 0,
    aof_last_write_status: "ok",
  });
  assertEquals(bench.writer.size_bytes, OLD.length + A.length);
  await bench.writer.close();
});
