/** When a turn looks for more input before it waits for the disk, and how it looks. */

import { InputPoll } from "../../lib/platform/input_poll.ts";
import { Lookahead } from "../../lib/keyspace/lookahead.ts";
import { Gathering } from "../../lib/server/gathering.ts";
import { Turn } from "../../lib/server/turn.ts";
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";

/** Counts what it is asked. */
class FakePoll {
  polls = 0;
  isBroken = false;
  poll(): void {
    this.polls++;
  }
  close(): void {
    this.isBroken = true;
  }
}

async function opened(): Promise<{ poll: FakePoll; gathering: Gathering }> {
  const poll = new FakePoll();
  const gathering = new Gathering(() => Promise.resolve(poll));
  assert(!gathering.waits(true, 1, nothing), "there is nothing to look with yet");
  await Promise.resolve();
  await Promise.resolve();
  return { poll, gathering };
}

const nothing = () => {};

/** A turn in which the looks find so many, one after the other. Returns how often was looked. */
function turn(gathering: Gathering, ...counts: number[]): number {
  let looks = 0;
  for (const count of counts) {
    if (!gathering.waits(true, count, nothing)) return looks;
    looks++;
  }
  throw new Error(`a turn still waits after ${looks} looks`);
}

Deno.test("a turn looks again as long as somebody comes, three times at most", async () => {
  const { gathering } = await opened();
  assertEquals(turn(gathering, 1, 1), 1, "nobody came");
  turn(gathering, 1); // the pause
  assertEquals(turn(gathering, 5, 8, 8), 2);
  assertEquals(turn(gathering, 5, 8, 9, 9), 3);
  assertEquals(turn(gathering, 5, 8, 9, 10), 3);
});

Deno.test("where nobody comes turns go without a look, up to 64 of them", async () => {
  const { gathering, poll } = await opened();
  for (const pause of [1, 2, 4, 8, 16, 32, 64, 64]) {
    assertEquals(turn(gathering, 3, 3), 1);
    for (let i = 0; i < pause; i++) assertEquals(turn(gathering, 3), 0);
  }
  assertEquals(poll.polls, 8);
  assertEquals(turn(gathering, 3, 4, 4), 2, "it paid");
  assertEquals(turn(gathering, 3, 3), 1);
  assertEquals(turn(gathering, 3), 0);
  assertEquals(turn(gathering, 3, 3), 1, "so the pauses begin anew");
});

Deno.test("turns go on when there is nothing to look with", async () => {
  let tries = 0;
  const gathering = new Gathering(() => Promise.reject(new Error(`no room ${++tries}`)));
  for (let i = 0; i < 5; i++) {
    assertEquals(turn(gathering, 2), 0);
    await Promise.resolve();
  }
  assertEquals(tries, 1);
  await gathering.close();
  const { gathering: other, poll } = await opened();
  assertEquals(turn(other, 1, 1), 1);
  await other.close();
  assert(poll.isBroken);
  assertEquals(turn(other, 2), 0);
});

Deno.test("a look that does not come back ends the looking, and the turn goes on", async () => {
  const { gathering, poll } = await opened();
  assert(gathering.waits(true, 5, nothing));
  gathering.watch();
  assertEquals(turn(gathering, 6, 6), 1, "it came back in time");
  gathering.watch();
  gathering.watch();
  assert(!poll.isBroken, "nobody waits");
  turn(gathering, 1, 1);
  turn(gathering, 1);
  assert(gathering.waits(true, 5, nothing));
  gathering.watch();
  gathering.watch();
  assert(poll.isBroken);
  assertEquals(turn(gathering, 6), 0);
});

Deno.test("what runs until a look comes back is no command's time", async () => {
  const happened: string[] = [];
  const turn = new Turn(new Lookahead());
  const commit = () => happened.push("commit");
  turn.log = { safePosition: Infinity, holdsUp: true, commit };
  turn.onServed = () => happened.push("told");
  const process = () => happened.push("served");
  while (!happened.includes("meanwhile")) { // the first turns do not wait
    happened.length = 0;
    turn.arrive({ lookAhead() {}, process, readOn() {} });
    await Promise.resolve();
    await Promise.resolve();
    if (!happened.includes("commit")) happened.push("meanwhile");
    do await new Promise((resolve) => setTimeout(resolve, 1)); while (!happened.includes("commit"));
  }
  await turn.close();
  assertEquals(happened.slice(0, 3), ["served", "told", "meanwhile"]);
});

Deno.test("a turn that has nothing to wait for any more leaves no trace", async () => {
  const { gathering } = await opened();
  assert(gathering.waits(true, 5, nothing));
  assert(!gathering.waits(false, 9, nothing), "what there was has been written meanwhile");
  assertEquals(turn(gathering, 1, 1), 1);
});

Deno.test("what is still being opened when all ends is closed", async () => {
  const poll = new FakePoll();
  const { promise, resolve } = Promise.withResolvers<FakePoll>();
  const gathering = new Gathering(() => promise);
  assert(!gathering.waits(true, 1, nothing));
  const closed = gathering.close();
  resolve(poll);
  await closed;
  assert(poll.isBroken);
});

Deno.test("a look comes back after those whose input was there", async () => {
  const poll = await InputPoll.open();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const out = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const into = await listener.accept();
  for (let i = 0; i < 20; i++) {
    const order: string[] = [];
    const read = into.read(new Uint8Array(8)).then(() => order.push("input"));
    await out.write(new Uint8Array(1));
    await new Promise<void>((resolve) => poll.poll(resolve));
    order.push("look");
    await read;
    assertEquals(order, ["input", "look"]);
  }
  for (const each of [into, out, listener]) each.close();
  poll.close();
});

Deno.test("a look that is under way comes back when it is closed", async () => {
  const poll = await InputPoll.open();
  const looked = new Promise<void>((resolve) => poll.poll(resolve));
  assertThrows(() => poll.poll(() => {}), Error, "being looked for");
  assert(!poll.isBroken);
  poll.close();
  await looked;
  assert(poll.isBroken);
  poll.close();
});
