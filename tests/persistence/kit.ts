/** What the tests of the log share: a clock driven by hand, RESP texts, a tiny data set. */

import { withChecksum } from "../../lib/persistence/aof/manifest_check.ts";
import { crc32, formatHead, formatSeal } from "../../lib/persistence/aof/frames.ts";
import type { ReplayTarget } from "../../lib/persistence/aof/loader.ts";
import type { Log } from "../../lib/persistence/errors.ts";
import type { Clock } from "../../lib/platform/clock.ts";
import type { Args } from "../../lib/resp/args.ts";
import { latin1, latin1Bytes } from "./memory_disk.ts";

/** A clock that stands still until it is moved; timers due are called in order. */
export class ManualClock implements Clock {
  #now_ms = 1_000_000;
  #timers: { due_ms: number; action: () => void }[] = [];

  now_ms(): number {
    return this.#now_ms;
  }
  now_us(): number {
    return this.#now_ms * 1000;
  }
  monotonic_ms(): number {
    return this.#now_ms;
  }
  block(duration_ms: number): void {
    this.#now_ms += duration_ms;
  }
  every(): () => void {
    throw new Error("not used by the log");
  }
  after(delay_ms: number, action: () => void): () => void {
    const timer = { due_ms: this.#now_ms + delay_ms, action };
    this.#timers.push(timer);
    return () => this.#timers = this.#timers.filter((other) => other !== timer);
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Moves time on, and lets what follows from the timers happen. */
  async advance(duration_ms: number): Promise<void> {
    const end_ms = this.#now_ms + duration_ms;
    while (true) {
      const next = this.#timers.filter(({ due_ms }) => due_ms <= end_ms)
        .sort((a, b) => a.due_ms - b.due_ms)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now_ms = Math.max(this.#now_ms, next.due_ms);
      next.action();
      await settle();
    }
    this.#now_ms = end_ms;
    await settle();
  }
}

/** A clock whose timers ring at once: for the loader's breaks. */
export const restlessClock: Clock = {
  now_ms: () => Date.now(),
  now_us: () => Date.now() * 1000,
  monotonic_ms: () => performance.now(),
  block: () => undefined,
  every: () => () => undefined,
  after(_delay_ms, action) {
    queueMicrotask(action);
    return () => undefined;
  },
};

/** Lets microtasks run until none follows from another. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}

/** One command in RESP, one character a byte. */
export function resp(...words: string[]): string {
  return `*${words.length}\r\n` + words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
}

/** A log that remembers its lines. */
export function memoryLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: (_level, text) => lines.push(text), lines };
}

/** A data set that knows SELECT, SET, MULTI and EXEC. */
export class ToyTarget implements ReplayTarget {
  /** `db:key` to value. */
  readonly data = new Map<string, string>();
  #db = "0";
  #queued: string[][] | undefined;

  reset(): void {
    this.#db = "0";
    this.#queued = undefined;
  }

  lookAhead(): void {}

  execute(args: Args): string | undefined {
    const words = Array.from({ length: args.count }, (_, i) => args.text(i));
    const name = words[0].toUpperCase();
    if (name === "MULTI") {
      if (this.#queued !== undefined) return "ERR MULTI calls can not be nested";
      this.#queued = [];
      return undefined;
    }
    if (name === "EXEC") {
      const queued = this.#queued;
      if (queued === undefined) return "ERR EXEC without MULTI";
      this.#queued = undefined;
      for (const command of queued) this.#run(command);
      return undefined;
    }
    if (name === "SELECT" ? words.length !== 2 : name !== "SET" || words.length !== 3) {
      return `ERR unknown command '${words[0]}'`;
    }
    if (this.#queued !== undefined) this.#queued.push(words);
    else this.#run(words);
    return undefined;
  }

  #run(words: string[]): void {
    if (words[0].toUpperCase() === "SELECT") this.#db = words[1];
    else this.data.set(`${this.#db}:${words[1]}`, words[2]);
  }
}

/** A batch of a framed file, for {@linkcode framedLog}. */
export interface TestBatch {
  /** Whole commands. */
  readonly text: string;
  /** How many. */
  readonly commands?: number;
  /** When it was written. */
  readonly time_s?: number;
}

/** A framed file, and the offsets where its batches begin and the last one ends. */
export interface FramedLog {
  readonly text: string;
  readonly ends: readonly number[];
}

/** A manifest as we write it: with its checksum. */
export const withCheck = withChecksum;

/** Writes frames around batches. @param synced what the seal of a batch at this offset says. */
export function framedLog(
  batches: readonly TestBatch[],
  synced: (offset: number) => number = () => 0,
): FramedLog {
  let log = "";
  let chain = 0;
  const ends = [0];
  for (const { text, commands = 1, time_s = 1_700_000_000 } of batches) {
    const offset = log.length;
    const { length } = text;
    chain = crc32(latin1Bytes(text), 0, length, chain);
    const seal = { offset, length, commands, time_s, synced: synced(offset), chain };
    log += latin1(formatHead(length)) + text + latin1(formatSeal(seal));
    ends.push(log.length);
  }
  return { text: log, ends };
}
