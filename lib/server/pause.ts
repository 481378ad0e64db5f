/** CLIENT PAUSE: for a while, no commands - or none that write - are served, and no keys expire. */

import type { Client } from "../commands/client.ts";
import type { Command } from "../commands/command.ts";
import type { Clock } from "../platform/clock.ts";

/** From so many clients that wait on, those that have gone are looked for. */
const WAITING_KEPT_MIN = 64;

/** A client that waits, and what lets it go on. */
interface Waiting {
  readonly client: Client;
  readonly resume: () => void;
}

/** The pause in force, if any. */
export class Pause {
  readonly #clock: Clock;
  readonly #keyspace: { keepsExpired: boolean };
  #until_ms = 0;
  #writesOnly = false;
  #cancelTimer: (() => void) | undefined;
  #waiting: Waiting[] = [];
  /** With this many in the list, those that have gone are taken out of it. */
  #waitingMax = WAITING_KEPT_MIN;

  /** @param clock tells when a pause is over. @param keyspace nothing expires there meanwhile. */
  constructor(clock: Clock, keyspace: { keepsExpired: boolean }) {
    this.#clock = clock;
    this.#keyspace = keyspace;
  }

  /** Clients that wait for the end of the pause. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Until when there is a pause, in ms since the epoch; 0: there is none. */
  get until_ms(): number {
    return this.#until_ms;
  }

  /** What is paused: `none`, `all` or `write`. */
  get mode(): "none" | "all" | "write" {
    return this.#until_ms === 0 ? "none" : this.#writesOnly ? "write" : "all";
  }

  /**
   * Begins a pause, or makes the one in force longer or stricter, never shorter or milder; 0 ends
   * it.
   */
  set(until_ms: number, writesOnly: boolean): void {
    this.#cancelTimer?.();
    if (until_ms === 0) {
      this.#until_ms = 0;
    } else {
      this.#writesOnly = writesOnly && (this.#until_ms === 0 || this.#writesOnly);
      this.#until_ms = Math.max(until_ms, this.#until_ms);
    }
    const delay_ms = this.#until_ms - this.#clock.now_ms();
    if (delay_ms <= 0) return this.#end();
    this.#keyspace.keepsExpired = true;
    // A timer holds 31 bits of milliseconds; a longer pause is looked at again then.
    this.#cancelTimer = this.#clock.after(
      Math.min(delay_ms, 0x7fffffff),
      () => this.set(this.#until_ms, true),
    );
  }

  /** Whether a command must wait. */
  holds(command: Command, client: Client): boolean {
    return this.#until_ms !== 0 && (!this.#writesOnly || mayWrite(command, client));
  }

  /** Resolves when the command may go on. */
  async wait(command: Command, client: Client): Promise<void> {
    client.paused = true;
    while (this.holds(command, client) && !client.closing) {
      await new Promise<void>((resume) => this.#add({ client, resume }));
    }
    client.paused = false;
  }

  /** Whoever gives up and comes again during a long pause must not pile up here. */
  #add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#waiting.length < this.#waitingMax) return;
    const gone = this.#waiting.filter(({ client }) => client.closing);
    this.#waiting = this.#waiting.filter(({ client }) => !client.closing);
    this.#waitingMax = Math.max(2 * this.#waiting.length, WAITING_KEPT_MIN);
    for (const { resume } of gone) resume();
  }

  #end(): void {
    this.#until_ms = 0;
    this.#keyspace.keepsExpired = false;
    this.#cancelTimer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingMax = WAITING_KEPT_MIN;
    for (const { resume } of waiting) resume();
  }
}

/** Whether a command, or the transaction it executes, could change data. */
function mayWrite(command: Command, client: Client): boolean {
  if (command.name === "exec") {
    return client.transaction?.commands.some(({ isWrite }) => isWrite) ?? false;
  }
  return command.isWrite || command.flags.includes("may_replicate");
}
