/** The queue: order, bounds, batches, and that its consumer is awake soon. */

import { AofQueue, type Batch } from "../../lib/persistence/aof/queue.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { latin1, latin1Bytes } from "./memory_disk.ts";
import { settle } from "./kit.ts";

function append(queue: AofQueue, text: string, commands = 1): void {
  queue.append(latin1Bytes(text), 0, text.length, commands);
}

Deno.test("what a turn appended comes out as one batch, in order", async () => {
  const queue = new AofQueue();
  const batches = queue.batches();
  append(queue, "ab");
  queue.append(latin1Bytes("xxcdexx"), 2, 5, 2);
  assertEquals([queue.position, queue.pending_bytes, queue.pending_commands], [5, 5, 3]);
  queue.commit();
  const { value } = await batches.next() as { value: Batch };
  assertEquals(latin1(value.bytes), "abcde");
  assertEquals([value.commands, value.start, value.end], [3, 0, 5]);
  assertEquals(queue.pending_bytes, 5, "a batch under way is still pending");
  queue.close();
  assertEquals((await batches.next()).done, true);
  assertEquals([queue.pending_bytes, queue.pending_commands], [0, 0]);
});

Deno.test("nothing is handed over before the turn ends", async () => {
  const queue = new AofQueue();
  let handed = 0;
  const consumed = (async () => {
    for await (const batch of queue.batches()) handed += batch.bytes.length;
  })();
  append(queue, "abc");
  await settle();
  assertEquals(handed, 0);
  queue.commit();
  await settle();
  assertEquals(handed, 3);
  queue.close();
  await consumed;
});

Deno.test("a waiting consumer has the batch within ten microtasks", async () => {
  const queue = new AofQueue();
  let done = false;
  const consumed = (async () => {
    for await (const _batch of queue.batches()) done = true;
  })();
  await settle();
  append(queue, "x");
  queue.commit();
  let microtasks = 0;
  while (!done) {
    assert(++microtasks <= 10, "too many microtasks");
    await Promise.resolve();
  }
  queue.close();
  await consumed;
});

Deno.test("a queue is full at its bound of commands or bytes, and takes more all the same", async () => {
  const queue = new AofQueue({ commands_max: 3, size_bytes_max: 10 });
  const batches = queue.batches();
  append(queue, "a", 2);
  assertEquals(queue.full, false);
  append(queue, "b", 1);
  assertEquals(queue.full, true);
  queue.commit();
  const first = await batches.next() as { value: Batch };
  assertEquals(queue.full, true, "until the batch has been written");
  append(queue, "0123456789");
  queue.commit();
  assertEquals(latin1(first.value.bytes), "ab", "a batch does not change while it is held");
  await batches.next();
  assertEquals(queue.full, true, "ten bytes");
  queue.close();
  await batches.next();
  assertEquals(queue.full, false);
});

Deno.test("bytes come out as they went in, whatever the sizes and the turns", async () => {
  const { seed, size } = flags(300);
  const random = new Seeded(seed);
  const queue = new AofQueue();
  let written = "";
  let position = 0;
  const consumed = (async () => {
    for await (const batch of queue.batches()) {
      assertEquals(batch.start, position);
      position = batch.end;
      const taken = latin1(batch.bytes);
      if (random.chance(0.5)) await settle();
      assertEquals(latin1(batch.bytes) === taken, true, "held batches do not change");
      written += taken;
    }
  })();
  let expected = "";
  for (let i = 0; i < size; i++) {
    const length = random.chance(0.02) ? random.below(300_000) : random.below(100);
    const text = String.fromCharCode(65 + i % 26).repeat(length);
    expected += text;
    append(queue, text);
    if (random.chance(0.4)) queue.commit();
    if (random.chance(0.3)) await settle();
  }
  queue.close();
  await consumed;
  assert(written === expected, "other bytes came out");
  assertEquals(queue.position, expected.length);
});

Deno.test("a closed queue takes nothing, and there is one consumer only", async () => {
  const queue = new AofQueue();
  queue.close();
  assertThrows(() => append(queue, "x"), Error, "closed");
  assertEquals((await queue.batches().next()).done, true);
  await assertRejects(() => queue.batches().next(), Error, "one consumer");
});

Deno.test("what is added lazily is copied when settled, and stands in its place before that", async () => {
  const queue = new AofQueue();
  const batches = queue.batches();
  const pipeline = latin1Bytes("..setdelxx");
  append(queue, "1");
  queue.appendLazily(pipeline, 2, 5, 1);
  queue.appendLazily(pipeline, 5, 8, 1); // follows the one before
  assertEquals([queue.position, queue.pending_bytes, queue.pending_commands], [7, 7, 3]);
  append(queue, "2");
  queue.appendLazily(pipeline, 5, 8, 1);
  queue.appendLazily(pipeline, 2, 5, 1);
  queue.appendLazily(latin1Bytes("set"), 0, 3, 1);
  queue.settle();
  pipeline.fill(0);
  queue.appendLazily(latin1Bytes("end"), 0, 3, 1);
  const before = queue.split();
  queue.appendLazily(latin1Bytes("behind"), 0, 6, 1);
  queue.close();
  const texts: string[] = [];
  for (let next = await batches.next(); !next.done; next = await batches.next()) {
    texts.push(latin1(next.value.bytes));
    assertEquals(next.value.end - next.value.start, next.value.bytes.length);
  }
  assertEquals(texts, ["1setdel2delsetsetend", "", "behind"]);
  assertEquals(before, 20);
  assertThrows(() => queue.appendLazily(latin1Bytes("x"), 0, 1, 1), Error, "closed");
});

Deno.test("commands added lazily and at once come out in order", async () => {
  const { seed } = flags(0);
  const random = new Seeded(seed);
  const queue = new AofQueue();
  const batches = queue.batches();
  let expected = "";
  let found = "";
  for (let i = 0; i < 2000; i++) {
    const pipeline = latin1Bytes(Array.from({ length: 40 }, () => random.below(10)).join(""));
    for (let at = 0; at < 40;) {
      const end = Math.min(40, at + 1 + random.below(9));
      const lazily = random.below(4) > 0;
      if (lazily) queue.appendLazily(pipeline, at, end, 1);
      else queue.append(pipeline, at, end, 1);
      expected += latin1(pipeline.subarray(at, end));
      at = end + random.below(2);
    }
    queue.settle();
    pipeline.fill(0);
    if (random.below(3) > 0) continue;
    queue.commit();
    found += latin1((await batches.next()).value!.bytes);
  }
  queue.close();
  const rest = await batches.next();
  if (!rest.done) found += latin1(rest.value.bytes);
  assertEquals(found, expected);
});
