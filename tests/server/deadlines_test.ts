/** Who waits until when: one timer for all, and everybody in turn. */

import { Deadlines, RING_MS_MAX, type Timed } from "../../lib/server/deadlines.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { flags, Seeded } from "../kit/flags.ts";
import { ManualClock } from "../persistence/kit.ts";

/** Somebody who tells when it was rung for. */
function waiter(clock: ManualClock, wait_ms: number, told: (one: Timed) => void): Timed {
  const one: Timed = {
    deadline_ms: clock.monotonic_ms() + wait_ms,
    heapAt: -1,
    heapOrder: 0,
    ring: () => told(one),
  };
  return one;
}

Deno.test("everybody is rung for at the moment asked for, who came first before the others", async () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const began_ms = clock.monotonic_ms();
  const rung: [string, number][] = [];
  for (const [name, wait_ms] of [["a", 50], ["b", 20], ["c", 50], ["d", 2500], ["e", 1]] as const) {
    deadlines.add(waiter(clock, wait_ms, () => rung.push([name, clock.monotonic_ms() - began_ms])));
    assertEquals(clock.timers, 1);
  }
  await clock.advance(5000);
  assertEquals(rung, [["e", 1], ["b", 20], ["a", 50], ["c", 50], ["d", 2500]]);
  assertEquals([deadlines.count, clock.timers], [0, 0]);
});

Deno.test("waits that come and go share a timer, which is soon gone after the last of them", async () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const fail = () => assert(false, "rung for somebody who has left");
  for (let i = 0; i < 10; i++) {
    const one = waiter(clock, 60_000, fail);
    deadlines.add(one);
    deadlines.remove(one);
    deadlines.remove(one);
    assertEquals([deadlines.count, clock.timers, one.heapAt], [0, 1, -1]);
  }
  await clock.advance(RING_MS_MAX);
  assertEquals(clock.timers, 0);
});

Deno.test("nobody is rung for after the end, and no timer is left", async () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const one = waiter(clock, 10, () => assert(false, "rung for after the end"));
  deadlines.add(one);
  deadlines.close();
  assertEquals(clock.timers, 0);
  deadlines.remove(one);
  await clock.advance(100);
});

Deno.test("whoever stays is rung for in time, in whatever order others come and leave", async () => {
  const { seed, size } = flags(400);
  const random = new Seeded(seed);
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const there = new Set<Timed>();
  for (let step = 0; step < size; step++) {
    const told = (one: Timed) => {
      assert(there.delete(one), "rung for twice, or after it left");
      assertEquals(clock.monotonic_ms(), one.deadline_ms);
    };
    for (let i = random.below(4); i > 0; i--) {
      const one = waiter(clock, 1 + random.below(3000), told);
      there.add(one);
      deadlines.add(one);
    }
    for (const one of there) {
      if (random.below(10) > 0) continue;
      there.delete(one);
      deadlines.remove(one);
    }
    await clock.advance(random.below(20));
    assertEquals(deadlines.count, there.size);
    for (const one of there) assert(one.deadline_ms > clock.monotonic_ms(), "not rung for in time");
  }
  await clock.advance(3000);
  assertEquals([deadlines.count, there.size, clock.timers], [0, 0, 0]);
});
