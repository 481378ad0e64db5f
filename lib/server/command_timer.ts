/**
 * Times the commands, for INFO commandstats, LATENCY and the slow log, and reads the clock as seldom
 * as it can: a reading costs 88 ns here, a tenth of a GET in a pipeline.
 *
 *     a turn: begin                     a reading
 *       first client:  GET GET ... 16   a reading behind them: each took a sixteenth
 *       second client: GET              no reading, as long as the turn goes on ...
 *       third client:  GET              ... until 16 have run: they count as the last ones timed
 *       fourth client: SMEMBERS         a reading before and one behind
 *     endTurn                           a reading
 *
 * A **light** command is one that Redis calls fast, or SET; where its arguments or its reply are
 * large it is timed alone, as are all others. Measured: 1 to 2 % of a GET's CPU.
 *
 * Promise: no run that reaches a threshold is missed. Light commands that take {@linkcode STALL_MS}
 * or more between two readings were held up once rather than 16 times: the time is the last one's,
 * though it may have been one before (it was the garbage collector or the machine: such commands do
 * little themselves). With `slowlog-log-slower-than` below that, every command is timed alone.
 */

import type { Client } from "../commands/client.ts";
import type { CommandData } from "../commands/command_data.ts";
import { type CommandUsage, NOT_TRACKED } from "../commands/command_usage.ts";
import type { Context } from "../commands/context.ts";
import { slotOf } from "../commands/duration_histogram.ts";
import type { Clock } from "../platform/clock.ts";
import type { Args } from "../resp/args.ts";

/** Light commands between two readings. */
const GROUP_MAX = 16;
/** So many light commands never take this long, unless something else holds them up. */
const STALL_MS = 1;
/** A light command whose arguments or reply are larger is timed alone. */
const LIGHT_BYTES_MAX = 16 * 1024;
/** Not called fast by Redis, because the old value may be large, but nearly always as fast. */
const ALSO_LIGHT = new Set(["set"]);
/** Called fast by Redis, but can have much to free. */
const NOT_LIGHT = new Set(["unlink", "xadd"]);

/** A light command's beginning is not known; see {@linkcode CommandTimer.start}. */
export const SHARED = -1;

/** Who is told. */
export interface CommandTimerParts {
  readonly clock: Clock;
  readonly slowLog: {
    add(client: Client, command: CommandData, args: Args | undefined, duration_ms: number): void;
  };
  readonly latency: { add(event: string, duration_ms: number): void };
}

/** What the directives say. */
export interface TimerLimits {
  /** `slowlog-log-slower-than`; negative: nothing is slow. */
  readonly slowFrom_us: number;
  /** `latency-monitor-threshold`; 0: nothing is kept. */
  readonly spikeFrom_ms: number;
  /** `latency-tracking`. */
  readonly tracking: boolean;
}

/** Marks which of the commands are light. */
export function markLight(commands: Iterable<CommandData>): void {
  for (const { flags, fullName, usage } of commands) {
    const isFast = flags.includes("fast") || ALSO_LIGHT.has(fullName);
    usage.isLight = isFast && !flags.includes("blocking") && !NOT_LIGHT.has(fullName);
  }
}

/** The stop watch of the dispatcher. */
export class CommandTimer {
  readonly #parts: CommandTimerParts;
  #inTurn = false;
  /** The last reading. */
  #mark_ms = 0;
  /** Whether nothing but the commands of the group has taken time since then. */
  #isExact = false;
  /** Light commands since then: which, and how many in a row, as pipelines repeat themselves. */
  readonly #group: CommandUsage[] = [];
  readonly #runs: number[] = [];
  #kinds = 0;
  /** How many there are. */
  #count = 0;
  #groupMax = GROUP_MAX;
  #slowFrom_ms = Infinity;
  /** From here on somebody wants to know. */
  #alarmFrom_ms = Infinity;
  #tracking = true;
  /** The last light command. */
  #command: CommandData | undefined;
  #ctx: Context | undefined;
  #args: Args | undefined;

  /** @param parts who is told. */
  constructor(parts: CommandTimerParts) {
    this.#parts = parts;
  }

  /** Directives have changed. */
  obey({ slowFrom_us, spikeFrom_ms, tracking }: TimerLimits): void {
    this.#slowFrom_ms = slowFrom_us < 0 ? Infinity : slowFrom_us / 1000;
    this.#alarmFrom_ms = Math.min(this.#slowFrom_ms, spikeFrom_ms === 0 ? Infinity : spikeFrom_ms);
    this.#groupMax = this.#alarmFrom_ms < STALL_MS ? 1 : GROUP_MAX;
    this.#tracking = tracking;
  }

  /** The commands of a client are about to be served. */
  begin(): void {
    if (this.#inTurn && this.#groupMax > 1) {
      this.#isExact = false;
      return;
    }
    this.#inTurn = true;
    this.#count = this.#kinds = 0;
    this.#read();
  }

  /** They have been served. @param argsAreValid whether the arguments of the last one still are. */
  end(argsAreValid: boolean): void {
    if (this.#count === 0) return;
    if (!argsAreValid) this.#args = undefined;
    if (this.#isExact) this.#closeGroup();
  }

  /** What comes next is not these commands' time. */
  endTurn(): void {
    this.#inTurn = false;
    if (this.#count > 0) this.#closeGroup();
  }

  /** Does what is no command's time, between commands. */
  aside(act: () => void): void {
    const wasInTurn = this.#inTurn;
    this.endTurn();
    act();
    if (wasInTurn) this.begin();
  }

  /** A command is about to run. Returns what {@linkcode CommandTimer.stop} wants to know. */
  start(usage: CommandUsage, args: Args): number {
    const size_bytes = args.end(args.count - 1) - args.start(0);
    if (usage.isLight && usage.isTimed && size_bytes <= LIGHT_BYTES_MAX) return SHARED;
    if (this.#args === args) this.#args = undefined; // decoded over the last one's
    if (this.#count > 0) this.#closeGroup();
    else if (!this.#isExact) this.#read();
    return this.#mark_ms;
  }

  /** The command has run. @param reply_bytes how long its reply is. */
  stop(
    began_ms: number,
    ctx: Context,
    command: CommandData,
    args: Args,
    reply_bytes: number,
  ): void {
    if (began_ms === SHARED) {
      this.#addToGroup(command.usage);
      this.#command = command;
      this.#ctx = ctx;
      this.#args = args;
      if (this.#count >= this.#groupMax || reply_bytes > LIGHT_BYTES_MAX) this.#closeGroup();
      return;
    }
    const elapsed_ms = this.#elapsed(began_ms);
    this.add(command.usage, elapsed_ms);
    if (elapsed_ms >= this.#alarmFrom_ms) this.#alarm(ctx, command, args, elapsed_ms);
  }

  /**
   * The command goes on later. Returns how long it took so far, which is added when it is done.
   * A client that waits for something is not slow.
   */
  suspend(began_ms: number, ctx: Context, command: CommandData, args: Args): number {
    const elapsed_ms = this.#elapsed(began_ms === SHARED ? this.#mark_ms : began_ms);
    if (elapsed_ms >= this.#alarmFrom_ms && ctx.client.unblock === undefined) {
      this.#alarm(ctx, command, args, elapsed_ms);
    }
    return elapsed_ms;
  }

  /** A client that waited was served, which took so long. */
  served(ctx: Context, elapsed_ms: number): void {
    const { command, args } = ctx;
    this.add(command.usage, elapsed_ms);
    if (elapsed_ms >= this.#alarmFrom_ms) {
      this.#alarm(ctx, command, args, elapsed_ms, "command-unblocking");
    }
  }

  /** A run took so long. */
  add(usage: CommandUsage, elapsed_ms: number): void {
    usage.addTime(elapsed_ms, this.#slotOf(elapsed_ms));
  }

  /** Time since `began_ms`; what ran within it (EXEC's commands) is accounted for. */
  #elapsed(began_ms: number): number {
    if (this.#count > 0) this.#closeGroup();
    else this.#read();
    return this.#mark_ms - began_ms;
  }

  #read(): void {
    this.#mark_ms = this.#parts.clock.monotonic_ms();
    this.#isExact = true;
  }

  #addToGroup(usage: CommandUsage): void {
    const last = this.#kinds - 1;
    this.#count++;
    if (last >= 0 && this.#group[last] === usage) {
      this.#runs[last]++;
      return;
    }
    this.#group[this.#kinds] = usage;
    this.#runs[this.#kinds++] = 1;
  }

  #closeGroup(): void {
    const group = this.#group;
    const runs = this.#runs;
    const count = this.#count;
    const kinds = this.#kinds;
    const began_ms = this.#mark_ms;
    const wasExact = this.#isExact;
    this.#count = this.#kinds = 0;
    this.#read();
    const elapsed_ms = this.#mark_ms - began_ms;
    if (elapsed_ms < STALL_MS && wasExact) {
      const each_ms = elapsed_ms / count;
      const slot = this.#slotOf(each_ms);
      for (let i = 0; i < kinds; i++) group[i].addSamples(each_ms, slot, runs[i]);
    } else {
      if (elapsed_ms >= STALL_MS) { // the last one's time
        runs[kinds - 1]--;
        this.add(group[kinds - 1], elapsed_ms);
      }
      for (let i = 0; i < kinds; i++) group[i].addUntimed(runs[i]);
    }
    if (elapsed_ms >= this.#alarmFrom_ms) {
      this.#alarm(this.#ctx!, this.#command!, this.#args, elapsed_ms);
    }
  }

  #slotOf(elapsed_ms: number): number {
    return this.#tracking ? slotOf(elapsed_ms) : NOT_TRACKED;
  }

  #alarm(
    ctx: Context,
    command: CommandData,
    args: Args | undefined,
    elapsed_ms: number,
    event = command.flags.includes("fast") ? "fast-command" : "command",
  ): void {
    const { slowLog, latency } = this.#parts;
    latency.add(event, elapsed_ms);
    if (elapsed_ms >= this.#slowFrom_ms) slowLog.add(ctx.client, command, args, elapsed_ms);
  }
}
