/**
 * Writers that load a server until it dies, each of which knows what it may expect to find later.
 *
 * A writer numbers its steps. It counts a step as sent before its bytes leave and as acknowledged
 * when its reply has come, so that for the number `n` found after a restart
 * `acknowledged <= n <= sent` must hold. What is between the two may be there or not - whole.
 */

import { assert, assertEquals } from "../kit/assert.ts";
import type { Seeded } from "../kit/flags.ts";
import { type Command, connect, encodeCommand, type RespClient } from "../kit/resp_client.ts";
import { parseReply, type Reply } from "../kit/resp_reply.ts";

/** One kind of load. */
interface Kind {
  readonly name: string;
  /** Commands sent in one go; each step is one or more whole replies. */
  readonly stepsPerBatch: number;
  /** The database it works in. */
  readonly db: number;
  /** The commands of step `n`, counted from 1. */
  step(prefix: string, n: number): Command[];
  /** Checks what is there; `acknowledged` and `sent` are steps. */
  check(client: RespClient, prefix: string, acknowledged: number, sent: number): Promise<void>;
}

/** Replies are asked for in pieces of this many commands when results are checked. */
const CHECK_BATCH = 500;
/** One value in so many is long enough to be torn by a crash. */
const LONG_EVERY = 37;
const LONG_VALUE_BYTES = 40_000;
/** How long the first reply to a writer may take. */
const SERVED_TIMEOUT_MS = 10_000;

const KINDS: readonly Kind[] = [
  { name: "set", stepsPerBatch: 1, db: 0, step: setStep, check: checkSets },
  { name: "piped-set", stepsPerBatch: 64, db: 5, step: setStep, check: checkSets },
  {
    name: "incr",
    stepsPerBatch: 32,
    db: 0,
    step: (prefix) => [["INCR", prefix]],
    check: (client, prefix, acknowledged, sent) =>
      checkCount(client, ["GET", prefix], Number, acknowledged, sent),
  },
  {
    name: "append",
    stepsPerBatch: 16,
    db: 0,
    step: (prefix, n) => [["APPEND", prefix, `${n};`]],
    check: (client, prefix, acknowledged, sent) =>
      checkCount(client, ["GET", prefix], lastOfSequence, acknowledged, sent),
  },
  { name: "unit", stepsPerBatch: 1, db: 0, step: unitStep, check: checkUnits },
  { name: "piped-unit", stepsPerBatch: 8, db: 3, step: unitStep, check: checkUnits },
  {
    name: "mset",
    stepsPerBatch: 4,
    db: 2,
    step: (prefix, n) => [["MSET", ...[1, 2, 3].flatMap((i) => [`${prefix}:${i}`, `${n}`])]],
    check: checkUnits,
  },
];

/** A writer with a connection of its own. */
export class Writer {
  readonly #kind: Kind;
  readonly #prefix: string;
  #sent = 0;
  #acknowledged = 0;

  private constructor(kind: Kind, prefix: string) {
    this.#kind = kind;
    this.#prefix = prefix;
  }

  /** One writer of each kind, with keys that begin with `prefix`. */
  static ofEachKind(prefix: string): Writer[] {
    return KINDS.map((kind) => new Writer(kind, `${prefix}:${kind.name}`));
  }

  /** Steps whose replies have come. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Writes until the server goes away. Rejects only if a reply is wrong. */
  async run(port: number): Promise<void> {
    await using client = await connect(port);
    try {
      await client.call("SELECT", String(this.#kind.db));
      while (true) await this.#batch(client);
    } catch (error) {
      if (error instanceof WrongReply) throw error;
    }
  }

  /**
   * Checks that the server has all that was acknowledged, and nothing by halves.
   *
   * @param mayLose whether the end of the log was lost, so that acknowledged steps may be gone
   */
  async check(port: number, { mayLose = false } = {}): Promise<void> {
    await using client = await connect(port);
    await client.call("SELECT", String(this.#kind.db));
    await this.#kind.check(client, this.#prefix, mayLose ? 0 : this.#acknowledged, this.#sent);
  }

  async #batch(client: RespClient): Promise<void> {
    const { stepsPerBatch, step } = this.#kind;
    const replies: number[] = [];
    const pieces: Uint8Array[] = [];
    for (let i = 0; i < stepsPerBatch; i++) {
      const commands = step(this.#prefix, ++this.#sent);
      replies.push(commands.length);
      for (const command of commands) pieces.push(encodeCommand(command));
    }
    await client.sendRaw(new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer()));
    for (const count of replies) {
      for (let i = 0; i < count; i++) refuseError(parseReply(await client.readRaw()));
      this.#acknowledged++;
    }
  }
}

/**
 * Runs all writers against the server, and ends the load by `end` at a random time after each of
 * them has been served.
 */
export async function loadUntil(
  writers: readonly Writer[],
  port: number,
  random: Seeded,
  end: () => Promise<unknown>,
): Promise<void> {
  const running = Promise.all(writers.map((writer) => writer.run(port)));
  await Promise.race([running, allServed(writers)]);
  await sleep(random.between(0, 300));
  await end();
  await running;
}

async function allServed(writers: readonly Writer[]): Promise<void> {
  const deadline_ms = performance.now() + SERVED_TIMEOUT_MS;
  while (writers.some((writer) => writer.acknowledged === 0)) {
    if (performance.now() > deadline_ms) throw new Error("a writer never got a reply");
    await sleep(5);
  }
}

function sleep(duration_ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration_ms));
}

class WrongReply extends Error {}

function refuseError(reply: Reply): void {
  if (reply.type === "error") throw new WrongReply(reply.value);
  if (reply.type === "array") reply.items.forEach(refuseError);
}

/** A value that can be told from any other, and from part of itself. */
function valueOf(prefix: string, n: number): string {
  const mark = `<${prefix}#${n}>`;
  return n % LONG_EVERY === 0 ? mark.padEnd(LONG_VALUE_BYTES, mark) : mark;
}

function setStep(prefix: string, n: number): Command[] {
  return [["SET", `${prefix}:${n}`, valueOf(prefix, n)]];
}

async function checkSets(
  client: RespClient,
  prefix: string,
  acknowledged: number,
  sent: number,
): Promise<void> {
  let found = sent;
  for (let from = 1; from <= sent; from += CHECK_BATCH) {
    const numbers = range(from, Math.min(from + CHECK_BATCH - 1, sent));
    const replies = await client.pipeline(numbers.map((n) => ["GET", `${prefix}:${n}`]));
    replies.forEach((reply, i) => {
      const n = numbers[i];
      if (reply.type === "null") {
        assert(n > acknowledged, `${prefix}:${n} was acknowledged and is gone`);
        found = Math.min(found, n - 1);
      } else {
        assertEquals(reply, { type: "bulk", value: valueOf(prefix, n) });
        assert(n <= found, `${prefix}:${n} is there although one sent before it is not`);
      }
    });
  }
}

/** Several keys that are only ever changed together. */
function unitStep(prefix: string, n: number): Command[] {
  return [
    ["MULTI"],
    ["SET", `${prefix}:1`, String(n)],
    ["SELECT", "7"],
    ["SET", `${prefix}:2`, String(n), "PX", "100000000"],
    ["SELECT", prefix.endsWith("piped-unit") ? "3" : "0"],
    ["INCR", `${prefix}:3`],
    ["EXEC"],
  ];
}

async function checkUnits(
  client: RespClient,
  prefix: string,
  acknowledged: number,
  sent: number,
): Promise<void> {
  const isMset = prefix.endsWith("mset");
  const first = await numberAt(client, `${prefix}:1`);
  const third = await numberAt(client, `${prefix}:3`);
  if (!isMset) await client.call("SELECT", "7");
  const second = await numberAt(client, `${prefix}:2`);
  assertEquals([second, third], [first, first], `${prefix}: a unit was applied by halves`);
  checkBounds(prefix, first, acknowledged, sent);
}

async function checkCount(
  client: RespClient,
  command: Command,
  toCount: (text: string) => number,
  acknowledged: number,
  sent: number,
): Promise<void> {
  const reply = await client.call(...command);
  const count = reply.type === "bulk" ? toCount(reply.value) : 0;
  checkBounds(String(command[1]), count, acknowledged, sent);
}

/** The n of `1;2;...;n;` */
function lastOfSequence(text: string): number {
  const numbers = text.split(";").slice(0, -1);
  assertEquals(numbers.join(), range(1, numbers.length).join(), "APPENDs are not as sent");
  return numbers.length;
}

async function numberAt(client: RespClient, key: string): Promise<number> {
  const reply = await client.call("GET", key);
  return reply.type === "bulk" ? Number(reply.value) : 0;
}

function checkBounds(what: string, found: number, acknowledged: number, sent: number): void {
  assert(found >= acknowledged, `${what}: ${acknowledged} acknowledged, ${found} found`);
  assert(found <= sent, `${what}: ${sent} sent, ${found} found`);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
