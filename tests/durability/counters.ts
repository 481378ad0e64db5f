/**
 * Clients that count, each over a connection of its own: a counter that all of them increment, one
 * of their own, a list that tells the order, and two fields that only a transaction changes. What
 * was acknowledged must be found later, what was sent may be found, nothing by halves.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import { connect, encodeCommand, type RespClient } from "../kit/resp_client.ts";

const STEPS_PER_BATCH = 8;
const REPLIES_PER_STEP = 7;

class Refused extends Error {}

/** One client. */
class Counter {
  sent = 0;
  acknowledged = 0;
  stopped = false;

  constructor(readonly prefix: string, readonly name: string) {}

  #commands(n: number): string[][] {
    const key = `${this.prefix}:${this.name}`;
    return [
      ["INCR", `${this.prefix}:shared`],
      ["INCR", `${key}:count`],
      ["RPUSH", `${key}:steps`, String(n)],
      ["MULTI"],
      ["HINCRBY", `${key}:pair`, "left", "1"],
      ["HINCRBY", `${key}:pair`, "right", "1"],
      ["EXEC"],
    ];
  }

  /** Counts until it is stopped, or the server is gone. @throws {Refused} a command was refused */
  async run(port: number): Promise<void> {
    await using client = await connect(port);
    try {
      while (!this.stopped) await this.#batch(client);
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
  }

  async #batch(client: RespClient): Promise<void> {
    const pieces: number[] = [];
    for (let i = 0; i < STEPS_PER_BATCH; i++) {
      for (const command of this.#commands(++this.sent)) {
        pieces.push(...encodeCommand(command));
      }
    }
    await client.sendRaw(Uint8Array.from(pieces));
    for (let i = 0; i < STEPS_PER_BATCH; i++) {
      for (let j = 0; j < REPLIES_PER_STEP; j++) {
        const reply = await client.readRaw();
        if (/^-|\r\n-/.test(reply)) throw new Refused(reply);
      }
      this.acknowledged++;
    }
  }

  /** Checks what is there; returns the steps that were begun. */
  async check(client: RespClient): Promise<number> {
    const { acknowledged, sent } = this;
    const key = `${this.prefix}:${this.name}`;
    const count = Number(await bulk(client, "GET", `${key}:count`));
    const pushed = await listOf(client, `${key}:steps`);
    const left = Number(await bulk(client, "HGET", `${key}:pair`, "left"));
    assertEquals(Number(await bulk(client, "HGET", `${key}:pair`, "right")), left, "half a pair");
    assert(left >= acknowledged, `${key}: ${acknowledged} acknowledged, ${left} found`);
    assert(count <= sent, `${key}: ${sent} sent, ${count} found`);
    // A crash may come between the commands of a step: they are there or not in this order.
    const found = [count, pushed, left];
    assert(count >= pushed && pushed >= left && count - left <= 1, `${key}: ${found}`);
    return count;
  }
}

/** Several clients, whose keys begin with `prefix`. */
export class Counters {
  readonly #prefix: string;
  readonly #counters: readonly Counter[];
  #running: Promise<unknown> = Promise.resolve();

  /** @param count how many. */
  constructor(prefix: string, count = 4) {
    this.#prefix = prefix;
    this.#counters = Array.from({ length: count }, (_, i) => new Counter(prefix, `${i}`));
  }

  /** Steps whose replies have all come. */
  get acknowledged(): number {
    return this.#counters.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** All count, until {@linkcode Counters.stop} or the end of the server. */
  start(port: number): void {
    this.#running = Promise.all(this.#counters.map((counter) => counter.run(port)));
    this.#running.catch(() => {}); // told by `stop`
  }

  /** Ends them, or waits for the end of those whose server is gone. */
  async stop(): Promise<void> {
    for (const counter of this.#counters) counter.stopped = true;
    await this.#running;
  }

  /** What the server holds is all that was acknowledged, and no more than was sent. */
  async check(port: number): Promise<void> {
    await using client = await connect(port);
    let sum = 0;
    for (const counter of this.#counters) sum += await counter.check(client);
    const halves = Number(await bulk(client, "GET", `${this.#prefix}:shared`)) - sum;
    // A crash may come between the first and the second command of a step of each client.
    assert(halves >= 0 && halves <= this.#counters.length, `shared: ${halves} more than the sum`);
  }

  /** The server has ended in order, or nobody counted when it died: nothing is open. */
  async checkExactly(port: number): Promise<void> {
    for (const { sent, acknowledged } of this.#counters) assertEquals(acknowledged, sent);
    await this.check(port);
    await using client = await connect(port);
    const shared = await bulk(client, "GET", `${this.#prefix}:shared`);
    assertEquals(Number(shared), this.acknowledged);
  }
}

async function bulk(client: RespClient, ...command: string[]): Promise<string> {
  const reply = await client.call(...command);
  return reply.type === "bulk" ? reply.value : "0";
}

/** The n of a list that is 1, 2, ... n. */
async function listOf(client: RespClient, key: string): Promise<number> {
  const reply = await client.call("LRANGE", key, "0", "-1");
  assert(reply.type === "array");
  reply.items.forEach((item, i) => assertEquals(item, { type: "bulk", value: String(i + 1) }, key));
  return reply.items.length;
}
