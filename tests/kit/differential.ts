/**
 * The same commands to two servers, and the same replies or an error that can be repeated.
 *
 *     await using pair = await Pair.open(redis.port, redeno.port);
 *     await pair.both("SET", "k", "v");                              // byte for byte
 *     await pair.bothWith({ unordered: true }, "SMEMBERS", "s");     // as a multiset
 *     await pair.generated(seed, 5000, (chance) => ["INCRBY", chance.pick(keys), "1"]);
 *
 * Promise: a mismatch says what was sent before it. One found by a generator prints its seed and a
 * sequence that fails by itself on two empty servers, from which no command can be left out.
 */

import { type Comparison, sameReply } from "./compare.ts";
import { Seeded } from "./flags.ts";
import { type Command, connect, type ConnectOptions, type RespClient } from "./resp_client.ts";
import { latin1, parseReply, type Reply } from "./resp_reply.ts";
import { shortestFailing } from "./shrink.ts";

export type { Comparison } from "./compare.ts";
export type { Command } from "./resp_client.ts";

/** A command and what may differ between its replies. */
export interface Step {
  /** What is sent. */
  readonly command: Command;
  /** How the replies are compared; byte for byte where not given. */
  readonly compare?: Comparison;
}

/** Makes the next step of a random run, from nothing but the chance it is given. */
export type Generator = (chance: Seeded) => Command | Step;

/** How a generated run goes about it. */
export interface GeneratedOptions {
  /** Commands in one pipeline; 50 where not given. */
  batch?: number;
  /** Sent to both servers after FLUSHALL, on each fresh connection, as `["HELLO", "3"]`. */
  setup?: readonly Command[];
  /** How many replays may be spent on shrinking; 400 where not given. */
  replays_max?: number;
}

/** Two replies that should have been the same. */
export class MismatchError extends Error {
  /** The commands that lead to it, the last one being the one whose replies differ. */
  readonly commands: readonly Command[];
  /** The exact replies, as latin1. */
  readonly replies: readonly [left: string, right: string];

  /** Made by {@linkcode Pair}. */
  constructor(heading: string, commands: readonly Command[], left: string, right: string) {
    const lines = commands.map((command, i) => `  ${i + 1}) ${formatCommand(command)}`);
    super([
      heading,
      ...lines,
      `  left:  ${JSON.stringify(left)}`,
      `  right: ${JSON.stringify(right)}`,
    ].join("\n"));
    this.name = "MismatchError";
    this.commands = commands;
    this.replies = [left, right];
  }
}

/** Commands remembered for the message of a mismatch. */
const HISTORY_MAX = 200;
const BATCH = 50;
const REPLAYS_MAX = 400;

interface Mismatch {
  readonly at: number;
  readonly left: string;
  readonly right: string;
}

/** One connection to each of two servers. */
export class Pair implements AsyncDisposable {
  /** The connection to the first server, for what only one of them is asked. */
  left: RespClient;
  /** The connection to the second server. */
  right: RespClient;
  readonly #ports: readonly [number, number];
  readonly #options: ConnectOptions;
  #history: Command[] = [];

  private constructor(
    ports: readonly [number, number],
    options: ConnectOptions,
    clients: readonly [RespClient, RespClient],
  ) {
    this.#ports = ports;
    this.#options = options;
    [this.left, this.right] = clients;
  }

  /** Connects to two servers on this machine; the oracle is usually the left one. */
  static async open(left: number, right: number, options: ConnectOptions = {}): Promise<Pair> {
    return new Pair([left, right], options, await connectBoth(left, right, options));
  }

  /** Sends a command to both; returns the reply, which is the same byte for byte. */
  both(...command: Command): Promise<Reply> {
    return this.bothWith({}, ...command);
  }

  /**
   * Sends a command to both and compares the replies as told; returns the left one.
   *
   * @throws {MismatchError} with the commands sent so far on this pair.
   */
  async bothWith(compare: Comparison, ...command: Command): Promise<Reply> {
    this.#remember(command);
    const [left, right] = await Promise.all([
      this.left.callRaw(...command),
      this.right.callRaw(...command),
    ]);
    if (!sameReply(left, right, compare)) {
      throw new MismatchError("the replies differ after", this.#history, left, right);
    }
    return parseReply(left);
  }

  /** Reads one more reply from both, as for pushes and messages, and compares them. */
  async readBoth(compare: Comparison = {}): Promise<Reply> {
    const [left, right] = await Promise.all([this.left.readRaw(), this.right.readRaw()]);
    if (!sameReply(left, right, compare)) {
      throw new MismatchError("what was pushed differs after", this.#history, left, right);
    }
    return parseReply(left);
  }

  /** New connections to the same servers: RESP2, database 0, no transaction, no name. */
  async reconnect(): Promise<void> {
    this.left.close();
    this.right.close();
    [this.left, this.right] = await connectBoth(...this.#ports, this.#options);
    this.#history = [];
  }

  /**
   * Empties both servers and sends `size` commands of a seeded generator through both, in pipelined
   * batches. The generator must not look at replies, so that a seed gives the same commands again.
   *
   * @throws {MismatchError} with the seed and the shortest sequence that still differs.
   */
  async generated(
    seed: number,
    size: number,
    generator: Generator,
    options: GeneratedOptions = {},
  ): Promise<void> {
    const chance = new Seeded(seed);
    const steps = Array.from({ length: size }, () => asStep(generator(chance)));
    const found = await this.#replay(steps, options);
    if (found === undefined) return;

    const failing = steps.slice(0, found.at + 1);
    let replays = 0;
    const again = async (subset: readonly Step[]): Promise<number | undefined> => {
      if (replays++ >= (options.replays_max ?? REPLAYS_MAX)) return undefined;
      return (await this.#replay(subset, options))?.at;
    };
    const shortest = await shortestFailing(failing, again);
    const last = await this.#replay(shortest, options);
    const where = `seed ${seed}, command ${found.at + 1} of ${size}`;
    if (last === undefined) {
      const tail = failing.slice(-HISTORY_MAX).map((step) => step.command);
      const heading = `the replies differ (${where}), but not in a replay: time or chance? Before:`;
      throw new MismatchError(heading, tail, found.left, found.right);
    }
    const commands = shortest.slice(0, last.at + 1).map((step) => step.command);
    const heading = `the replies differ (${where}); the shortest failing sequence is`;
    throw new MismatchError(heading, commands, last.left, last.right);
  }

  /** Closes both connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.left[Symbol.asyncDispose](), this.right[Symbol.asyncDispose]()]);
  }

  /** Runs the steps on two empty servers: the first mismatch, if there is one. */
  async #replay(
    steps: readonly Step[],
    options: GeneratedOptions,
  ): Promise<Mismatch | undefined> {
    await this.reconnect();
    await this.both("FLUSHALL");
    for (const command of options.setup ?? []) await this.bothWith({ ignore: true }, ...command);
    const batch = options.batch ?? BATCH;
    for (let start = 0; start < steps.length; start += batch) {
      const part = steps.slice(start, start + batch);
      const commands = part.map((step) => step.command);
      const [left, right] = await Promise.all([
        this.left.pipelineRaw(commands),
        this.right.pipelineRaw(commands),
      ]);
      const i = part.findIndex((step, k) => !sameReply(left[k], right[k], step.compare));
      if (i >= 0) return { at: start + i, left: left[i], right: right[i] };
    }
    return undefined;
  }

  #remember(command: Command): void {
    this.#history.push(command);
    if (this.#history.length > HISTORY_MAX) this.#history = this.#history.slice(-HISTORY_MAX);
  }
}

async function connectBoth(
  left: number,
  right: number,
  options: ConnectOptions,
): Promise<[RespClient, RespClient]> {
  const first = await connect(left, options);
  try {
    return [first, await connect(right, options)];
  } catch (error) {
    first.close();
    throw error;
  }
}

function asStep(made: Command | Step): Step {
  return "command" in made ? made : { command: made };
}

/** A command as one would type it, with what is not printable escaped. */
export function formatCommand(command: Command): string {
  return command.map((part) => {
    const text = typeof part === "string" ? part : latin1(part);
    return /^[!#-&(-~]+$/.test(text) ? text : JSON.stringify(text);
  }).join(" ");
}
