/** Going over to another file: what goes where, and that nothing runs ahead of what is safe. */

import { isSealing } from "../../lib/persistence/aof/file_end.ts";
import { parseSeal } from "../../lib/persistence/aof/frames.ts";
import { AofQueue } from "../../lib/persistence/aof/queue.ts";
import { AofWriter, type FsyncPolicy } from "../../lib/persistence/aof/writer.ts";
import type { StorageError } from "../../lib/persistence/errors.ts";
import { assert, assertEquals, assertRejects } from "../kit/assert.ts";
import { withoutFrames } from "../kit/frames.ts";
import { latin1, latin1Bytes, MemoryDisk } from "./memory_disk.ts";
import { ManualClock, memoryLog, resp, settle } from "./kit.ts";

const A = resp("SET", "a", "1");
const B = resp("SET", "b", "2");
const C = resp("SET", "c", "3");
const D = resp("SET", "d", "4");
const POLICIES = ["no", "everysec", "always"] as const;

class Bench {
  readonly disk = new MemoryDisk();
  readonly clock = new ManualClock();
  readonly queue = new AofQueue();
  readonly acknowledged: string[] = [];
  readonly fatal: StorageError[] = [];
  readonly lost: number[] = [];
  readonly writer: AofWriter;
  refusals = 0;

  constructor(policy: FsyncPolicy, checksums = true, writesAgain = false) {
    for (const name of ["one", "two", "three"]) this.disk.put(`/data/${name}`, "");
    this.writer = new AofWriter({
      ...this.next("one"),
      queue: this.queue,
      disk: writesAgain ? this.disk : undefined,
      policy,
      checksums: () => checksums,
      clock: this.clock,
      log: memoryLog().log,
      onSafe: (batch) => this.acknowledged.push(latin1(batch.bytes)),
      onRefused: () => this.refusals++,
      onFatal: (error) => this.fatal.push(error),
      onDurabilityLost: (bytes) => this.lost.push(bytes),
    });
  }

  next(name: string) {
    const path = `/data/${name}`;
    return { file: this.disk.open(path, "append"), path };
  }

  append(text: string): void {
    this.queue.append(latin1Bytes(text), 0, text.length, 1);
  }

  async turn(text: string): Promise<void> {
    this.append(text);
    this.queue.commit();
    await settle();
  }

  /** Commands in a file, and those of them that are on stable storage. */
  commands(name: string): string {
    return withoutFrames(this.disk.content(`/data/${name}`)!);
  }

  synced(name: string): string {
    return withoutFrames(this.disk.syncedContent(`/data/${name}`)!);
  }

  /** Whether a file ends as a sealed one does, on stable storage. */
  isSealed(name: string): boolean {
    const content = this.disk.syncedContent(`/data/${name}`)!;
    const at = content.lastIndexOf("#S:");
    const seal = parseSeal(latin1Bytes(content), at, content.length);
    return seal?.end === content.length && isSealing(seal.seal);
  }
}

/** A promise, and what has become of it so far. */
function watch(promise: Promise<void>): { state: "pending" | "done" | "failed" } {
  const watched: { state: "pending" | "done" | "failed" } = { state: "pending" };
  promise.then(() => watched.state = "done", () => watched.state = "failed");
  return watched;
}

Deno.test("what was appended before goes to the old file, what comes after to the new one", async () => {
  for (const policy of POLICIES) {
    for (const checksums of [true, false]) {
      const bench = new Bench(policy, checksums);
      await bench.turn(A);
      bench.append(B); // not committed: in the middle of a turn
      const changed = bench.writer.changeFile(bench.next("two"));
      await bench.turn(C);
      await changed;
      assertEquals(bench.synced("one"), A + B);
      assertEquals(bench.isSealed("one"), checksums);
      assertEquals(bench.commands("two"), C);
      assertEquals(bench.acknowledged, [A, B, C]);
      assertEquals([bench.writer.path, bench.queue.pending_bytes], ["/data/two", 0]);
      assert(bench.writer.syncedPosition >= 2 * A.length);
      assertEquals(bench.writer.safePosition, bench.queue.position);
      await bench.writer.close();
      assertEquals(bench.synced("two"), C);
    }
  }
});

Deno.test("an idle log goes over, too, and an empty file is sealed", async () => {
  const bench = new Bench("everysec");
  await bench.writer.changeFile(bench.next("two"));
  assertEquals(bench.isSealed("one"), true);
  assertEquals(bench.commands("one"), "");
  await bench.turn(A);
  await bench.writer.changeFile(bench.next("three"));
  assertEquals(bench.isSealed("two"), true);
  assertEquals(bench.commands("two"), A);
  await bench.writer.close();
});

Deno.test("no byte goes to the new file before all of the old one is on stable storage", async () => {
  for (const policy of POLICIES) {
    const bench = new Bench(policy);
    await bench.turn(A);
    bench.disk.holdSyncs = true;
    const changed = watch(bench.writer.changeFile(bench.next("two")));
    await bench.turn(B);
    // always: only the seal is left to be forced; else the batches, then the seal
    for (let syncs = policy === "no" ? 2 : 1; syncs > 0; syncs--) {
      assertEquals([bench.disk.heldSyncs, changed.state], [1, "pending"], policy);
      assertEquals(bench.disk.content("/data/two"), "");
      assertEquals(bench.queue.pending_commands, 1);
      bench.disk.releaseSyncs();
      await settle();
    }
    assertEquals(changed.state, "done");
    assertEquals([bench.isSealed("one"), bench.commands("two")], [true, B]);
    bench.disk.holdSyncs = false;
    bench.disk.releaseSyncs();
    await bench.writer.close();
  }
});

Deno.test("changes follow each other in order, however many are asked for at once", async () => {
  const bench = new Bench("everysec");
  await bench.turn(A);
  const first = bench.writer.changeFile(bench.next("two"));
  bench.append(B);
  const second = bench.writer.changeFile(bench.next("three"));
  bench.append(C);
  bench.queue.commit();
  await Promise.all([first, second]);
  await settle();
  assertEquals(["one", "two", "three"].map((name) => bench.commands(name)), [A, B, C]);
  assertEquals([bench.isSealed("one"), bench.isSealed("two")], [true, true]);
  await bench.writer.close();
});

Deno.test("if the old file cannot be forced or sealed, writes are refused until it can", async () => {
  for (const policy of ["no", "everysec"] as const) {
    for (const operation of ["sync", "write"]) {
      const bench = new Bench(policy);
      await bench.turn(A);
      bench.disk.fault = (call) => call.operation === operation ? { code: "EIO" } : undefined;
      const changed = watch(bench.writer.changeFile(bench.next("two")));
      await bench.turn(B);
      await bench.clock.advance(3000);
      const name = `${policy}, ${operation}`;
      assertEquals(changed.state, "pending", name);
      assertEquals(bench.disk.content("/data/two"), "", name);
      assert(bench.writer.misconf !== undefined, name);
      assert(bench.refusals > 0, name);
      await assertRejects(() => bench.writer.flushAndSync(), Error, "Input/output error");
      bench.disk.fault = () => undefined;
      await bench.clock.advance(1000);
      assertEquals([changed.state, bench.writer.misconf], ["done", undefined], name);
      assertEquals([bench.commands("one"), bench.commands("two")], [A, B], name);
      assertEquals(bench.acknowledged, [A, B]);
      await bench.writer.close();
    }
  }
});

Deno.test("bytes of a failed fsync stay unknown until a new base has taken their place", async () => {
  const bench = new Bench("everysec");
  bench.disk.fault = (call) => call.operation === "sync" ? { code: "EIO" } : undefined;
  await bench.turn(A);
  bench.disk.fault = () => undefined;
  await bench.writer.changeFile(bench.next("two"));
  await bench.turn(B);
  await bench.clock.advance(1000);
  assertEquals(bench.synced("two"), B);
  assertEquals(bench.writer.syncedPosition, 0);
  assert(bench.writer.durabilityUnknown_bytes >= A.length);
  const waiting = watch(bench.writer.whenSynced(bench.queue.position));
  bench.writer.rebased();
  await settle();
  assertEquals(bench.writer.syncedPosition, bench.queue.position);
  assertEquals([bench.writer.durabilityUnknown_bytes, waiting.state], [0, "done"]);
  await bench.writer.close();
});

Deno.test("framed bytes of a failed fsync are written again, and safe with the next one", async () => {
  for (const ending of ["time", "change", "flush", "always"] as const) {
    const bench = new Bench("everysec", true, true);
    bench.disk.fault = (call) => call.operation === "sync" ? { code: "EIO" } : undefined;
    await bench.turn(A);
    assert(bench.writer.durabilityUnknown_bytes >= A.length);
    bench.disk.fault = () => undefined;
    const before = bench.disk.calls.length;
    if (ending === "time") await bench.clock.advance(1000);
    else if (ending === "change") await bench.writer.changeFile(bench.next("two"));
    else if (ending === "flush") await bench.writer.flushAndSync();
    else bench.writer.setPolicy("always");
    const operations = bench.disk.calls.slice(before).map(({ operation }) => operation);
    assert(operations.indexOf("write") < operations.indexOf("sync"), ending);
    assertEquals([bench.writer.durabilityUnknown_bytes, bench.writer.misconf], [0, undefined]);
    assertEquals([bench.commands("one"), bench.synced("one")], [A, A], ending);
    assertEquals(bench.writer.syncedPosition, bench.queue.position, ending);
    await bench.writer.close();
  }
});

Deno.test("a flush that fails while a file is about to be left costs nothing", async () => {
  const bench = new Bench("everysec", true, true);
  await bench.turn(A);
  await bench.clock.advance(1000);
  await bench.turn(B);
  bench.disk.holdSyncs = true;
  const changed = watch(bench.writer.changeFile(bench.next("two")));
  await settle();
  const flushed = watch(bench.writer.flushAndSync());
  bench.disk.holdSyncs = false;
  let syncs = 0;
  bench.disk.fault = ({ operation }) =>
    operation === "sync" && ++syncs === 2 ? { code: "EIO" } : undefined;
  bench.disk.releaseSyncs();
  await settle();
  await bench.clock.advance(3000);
  assertEquals([changed.state, bench.writer.misconf], ["done", undefined]);
  assert(flushed.state !== "pending");
  await bench.turn(C);
  await bench.writer.close();
  assertEquals([bench.synced("one"), bench.synced("two")], [A + B, C]);
  assertEquals(bench.isSealed("one"), true);
});

Deno.test("always: a file that cannot be left is fatal", async () => {
  for (const operation of ["sync", "write"]) {
    const bench = new Bench("always");
    await bench.turn(A);
    bench.disk.fault = (call) => call.operation === operation ? { code: "EIO" } : undefined;
    const changed = watch(bench.writer.changeFile(bench.next("two")));
    await bench.turn(B);
    assertEquals([bench.fatal.length, changed.state], [1, "failed"]);
    assertEquals(bench.acknowledged, [A]);
    assertEquals(bench.disk.content("/data/two"), "");
    bench.disk.fault = () => undefined;
    await assertRejects(() => bench.writer.changeFile(bench.next("three")));
    await bench.writer.close();
  }
});

Deno.test("closing during a change does what can be done, and closes every file", async () => {
  const bench = new Bench("no");
  await bench.turn(A);
  bench.disk.holdSyncs = true;
  const changed = watch(bench.writer.changeFile(bench.next("two")));
  bench.append(B);
  const closed = watch(bench.writer.close());
  await settle();
  assertEquals(closed.state, "pending");
  bench.disk.holdSyncs = false;
  bench.disk.releaseSyncs();
  await settle();
  await settle();
  assertEquals([changed.state, closed.state], ["done", "done"]);
  assertEquals([bench.synced("one"), bench.synced("two")], [A, B]);
  assertEquals([bench.isSealed("one"), bench.isSealed("two")], [true, true]);

  const failing = new Bench("no");
  await failing.turn(A);
  failing.disk.fault = (call) => call.operation === "sync" ? { code: "EIO" } : undefined;
  const given = failing.next("two");
  const hopeless = watch(failing.writer.changeFile(given));
  await failing.turn(B);
  await failing.writer.close();
  await settle();
  assertEquals([hopeless.state, failing.clock.timers], ["failed", 0]);
  assertEquals([failing.commands("one"), failing.commands("two")], [A, ""]);
});

Deno.test("flushing covers what waits behind a change", async () => {
  const bench = new Bench("everysec");
  await bench.turn(A);
  const changed = bench.writer.changeFile(bench.next("two"));
  bench.append(B);
  await bench.writer.flushAndSync();
  await changed;
  assertEquals([bench.synced("one"), bench.synced("two")], [A, B]);
  await bench.writer.close();
});

Deno.test("who waits for an fsync hears of the next one, or of the end", async () => {
  for (const policy of POLICIES) {
    const bench = new Bench(policy);
    bench.append(A);
    const waiting = watch(bench.writer.whenSynced(bench.queue.position));
    await settle();
    assertEquals(waiting.state, "pending");
    bench.queue.commit();
    await settle();
    assertEquals(waiting.state, policy === "no" ? "pending" : "done", policy);
    await bench.turn(B);
    const later = watch(bench.writer.whenSynced(bench.queue.position));
    await bench.clock.advance(1000);
    assertEquals(later.state, policy === "no" ? "pending" : "done", policy);
    const never = watch(bench.writer.whenSynced(bench.queue.position + 1));
    await bench.writer.close();
    await settle();
    assertEquals([waiting.state, later.state, never.state], ["done", "done", "failed"], policy);
  }
});

Deno.test("held fsyncs make every policy `no` for a while, except when a file is left", async () => {
  for (const policy of POLICIES) {
    const bench = new Bench(policy);
    bench.writer.holdSyncs(true);
    await bench.turn(A);
    await bench.clock.advance(5000);
    assertEquals([bench.synced("one"), bench.acknowledged], ["", [A]], policy);
    await bench.writer.changeFile(bench.next("two"));
    assertEquals(bench.synced("one"), A);
    await bench.turn(B);
    assertEquals(bench.synced("two"), "");
    bench.writer.holdSyncs(false);
    await bench.clock.advance(1000);
    assertEquals(bench.synced("two"), policy === "no" ? "" : B, policy);
    await bench.turn(C);
    await bench.clock.advance(1000);
    assertEquals(bench.synced("two"), policy === "no" ? "" : B + C, policy);
    await bench.turn(D);
    await bench.writer.close();
    assertEquals(bench.synced("two"), B + C + D);
  }
});

Deno.test("the queue's mark parts what is before from what is behind, and counts both", async () => {
  const queue = new AofQueue();
  const put = (text: string) => queue.append(latin1Bytes(text), 0, text.length, 1);
  assertEquals(queue.split(), 0);
  put("ab");
  put("c");
  assertEquals(queue.split(), 3);
  assertEquals(queue.split(), 3);
  put("def");
  assertEquals([queue.pending_bytes, queue.pending_commands], [6, 3]);
  const seen: string[] = [];
  queue.close();
  for await (const { bytes, start, end, commands } of queue.batches()) {
    seen.push(`${start}-${end} ${latin1(bytes)} ${commands}`);
  }
  assertEquals(seen, ["0-0  0", "0-3 abc 2", "3-3  0", "3-3  0", "3-6 def 1"]);
  assertEquals([queue.pending_bytes, queue.pending_commands], [0, 0]);
});
