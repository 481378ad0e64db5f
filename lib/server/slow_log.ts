/**
 * The slow log: the last `slowlog-max-len` commands that took `slowlog-log-slower-than`
 * microseconds or more. Memory is bounded: arguments are shortened before they are kept.
 */

import type { Client } from "../commands/client.ts";
import type { CommandData } from "../commands/command_data.ts";
import type { SlowLog, SlowLogEntry } from "../commands/context.ts";
import { shownArguments } from "../commands/shown_arguments.ts";
import type { Clock } from "../platform/clock.ts";
import type { Args } from "../resp/args.ts";

/** The log in memory. */
export class SlowCommands implements SlowLog {
  readonly #clock: Clock;
  readonly #lengthMax: () => number;
  /** The oldest first. */
  #entries: SlowLogEntry[] = [];
  #nextId = 0;

  /** @param lengthMax `slowlog-max-len`. */
  constructor(clock: Clock, lengthMax: () => number) {
    this.#clock = clock;
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    this.#trim();
    return this.#entries.length;
  }

  /**
   * Adds a command, unless it is one that is never shown (EXEC: what it runs is shown).
   *
   * @param args undefined: they are gone by now.
   */
  add(client: Client, command: CommandData, args: Args | undefined, duration_ms: number): void {
    if (command.flags.includes("skip_slowlog")) return;
    this.#entries.push({
      id: this.#nextId++,
      time_s: Math.floor(this.#clock.now_ms() / 1000),
      duration_us: Math.floor(duration_ms * 1000),
      args: args === undefined
        ? [...command.fullName.split("|"), "... (arguments not kept)"]
        : shownArguments(command, args),
      address: client.link?.address ?? "",
      name: client.name,
    });
    this.#trim();
  }

  latest(count: number): readonly SlowLogEntry[] {
    this.#trim();
    return this.#entries.slice(Math.max(this.#entries.length - count, 0)).reverse();
  }

  reset(): void {
    this.#entries = [];
  }

  /** CONFIG SET may have lowered the limit. */
  #trim(): void {
    const excess = this.#entries.length - this.#lengthMax();
    if (excess > 0) this.#entries.splice(0, excess);
  }
}
