/**
 * From a decoded command to its handler, in Redis's order of checks (`processCommand`): existence,
 * arity, authentication, MULTI, MISCONF, loading, pause - then it is queued or run.
 *
 * What the handler changed becomes a unit for the log here, and nowhere else. The replay of the log
 * comes through {@linkcode Dispatcher.replay} and runs the same handlers.
 */

import type { Client } from "../commands/client.ts";
import type { Command, CommandFlag } from "../commands/command.ts";
import { type Context, LOADING, type ServerHandle } from "../commands/context.ts";
import { preserveKeys } from "../commands/preserve_keys.ts";
import { endTransaction } from "../commands/transactions.ts";
import type { Args } from "../resp/args.ts";
import type { KeyBlocking } from "./blocking.ts";
import { type CommandTimer, SHARED } from "./command_timer.ts";
import type { CommandTable } from "./command_table.ts";
import type { Monitors } from "./monitors.ts";
import type { Pause } from "./pause.ts";
import type { Propagation } from "./propagation.ts";
import { notWhenSubscribed, unknownSubcommand, wrongArity } from "./rejections.ts";
import type { Stats } from "./stats.ts";

/** A command as it arrived. */
export interface Arrival {
  readonly args: Args;
  /** Whether `raw[rawStart .. rawEnd)` is the command in canonical form. */
  readonly canonical: boolean;
  readonly raw: Uint8Array;
  readonly rawStart: number;
  readonly rawEnd: number;
}

/** What the dispatcher needs besides the handlers' view of the server. */
export interface DispatcherParts {
  readonly server: ServerHandle;
  readonly table: CommandTable;
  /** The commands by the names they have without `rename-command`. */
  readonly ownNames: CommandTable;
  readonly propagation: Propagation;
  readonly stats: Stats;
  readonly pause: Pause;
  readonly blocking: KeyBlocking;
  readonly monitors: Monitors;
  readonly timer: CommandTimer;
}

const NO_AUTH = "NOAUTH Authentication required.";
const NOT_IN_MULTI = "ERR Command not allowed inside a transaction";
const NOT_FOR_MONITORS = "ERR Replica can't interact with the keyspace";
/** Memory of a queued command besides its arguments, about. */
const QUEUED_OVERHEAD_BYTES = 256;
/** Commands that MULTI does not queue. */
const RUN_IN_MULTI = new Set(["exec", "discard", "multi", "watch", "quit", "reset"]);
/** Commands that a subscriber may send in RESP2. */
const RUN_WHEN_SUBSCRIBED = new Set(["ping", "quit", "reset"].concat(
  ["subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"],
));

/** Finds, checks and runs commands. */
export class Dispatcher {
  /** Whether a command has read or changed data since the connection last set this to false. */
  touchedData = false;

  readonly #parts: DispatcherParts;
  /** How deep in EXEC: a unit ends at depth 0. */
  #depth = 0;

  /** @param parts of the server that it works on. */
  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** What has arrived of one client is about to be served. */
  beginRead(): void {
    this.touchedData = false;
    this.#parts.timer.begin();
  }

  /** It has been served. @param argsAreValid whether the arguments of the last command still are. */
  endRead(argsAreValid: boolean): void {
    this.#parts.propagation.settle();
    this.#parts.timer.end(argsAreValid);
  }

  /**
   * Serves one command of a client. A promise: the command is suspended, and nothing more of this
   * client may be served until it settles.
   */
  execute(ctx: Context, arrival: Arrival): Promise<void> | undefined {
    const { client } = ctx;
    client.lastActive_ms = this.#parts.server.keyspace.now_ms;
    return client.replyMode === "on" && client.subscriptions === undefined
      ? this.#checkAndRun(ctx, arrival)
      : client.runGuarded(() => this.#checkAndRun(ctx, arrival));
  }

  /**
   * Runs a command of the log. Returns the error reply, if it is one. A command that was renamed is
   * there by the name its client called it by, or, as an effect or in a snapshot, by its own name.
   */
  replay(ctx: Context, args: Args): string | undefined {
    const { table, ownNames } = this.#parts;
    const { client } = ctx;
    const command = table.find(args) ?? ownNames.find(args);
    if (command === undefined) return table.whyNot(args);
    const refusal = wrongArity(command, args);
    if (refusal !== undefined) return refusal;
    const errorsBefore = client.reply.errorCount;
    if (client.transaction !== undefined && !RUN_IN_MULTI.has(command.fullName)) {
      client.transaction.add(command, args);
    } else if (this.#run(ctx, command, args, undefined) !== undefined) {
      throw new Error(`replay: '${command.fullName}' suspends`);
    }
    client.reply.discard();
    return client.reply.errorCount === errorsBefore ? undefined : client.reply.lastError;
  }

  /** Runs a command for EXEC: its reply goes to the client's writer, its effects to the unit. */
  call(ctx: Context, command: Command, args: Args): Promise<void> | undefined {
    const outerMayWait = ctx.mayWait;
    ctx.mayWait = false;
    try {
      return ctx.client.replyMode === "off"
        ? ctx.client.runGuarded(() => this.#run(ctx, command, args, undefined))
        : this.#run(ctx, command, args, undefined);
    } finally {
      ctx.mayWait = outerMayWait;
    }
  }

  #checkAndRun(ctx: Context, arrival: Arrival): Promise<void> | undefined {
    const { table, pause } = this.#parts;
    const { args } = arrival;
    const command = table.find(args);
    ctx.client.lastCommand = command;
    if (command === undefined) return this.#reject(ctx, undefined, args, table.whyNot(args));
    const refusal = this.#refusal(ctx.client, command, args);
    if (refusal !== undefined) return this.#reject(ctx, command, args, refusal);
    if (pause.holds(command, ctx.client) && !ctx.client.isMonitor) {
      return this.#postpone(ctx, command, args.copy());
    }
    return this.#queueOrRun(ctx, command, args, arrival);
  }

  #queueOrRun(
    ctx: Context,
    command: Command,
    args: Args,
    arrival: Arrival | undefined,
  ): Promise<void> | undefined {
    const { transaction, reply } = ctx.client;
    if (transaction !== undefined && !RUN_IN_MULTI.has(command.fullName)) {
      transaction.add(command, args);
      const held_bytes = transaction.queuedBytes +
        transaction.commands.length * QUEUED_OVERHEAD_BYTES;
      if (held_bytes > this.#parts.server.config.values["client-query-buffer-limit"]) {
        ctx.client.link?.close(false); // as for any input that nothing has made use of
      }
      reply.simple("QUEUED");
      return undefined;
    }
    return this.#run(ctx, command, args, arrival);
  }

  #run(
    ctx: Context,
    command: Command,
    args: Args,
    arrival: Arrival | undefined,
  ): Promise<void> | undefined {
    const { server, timer, monitors } = this.#parts;
    const { reply, isReplay } = ctx.client;
    const dirtyBefore = server.keyspace.dirty;
    const errorsBefore = reply.errorCount - ctx.client.errorsCounted;
    const outerEffectsGiven = ctx.effectsGiven;
    const repliedBefore = reply.length;
    const began_ms = isReplay ? SHARED : timer.start(command.usage, args);
    ctx.args = args;
    ctx.command = command;
    ctx.effectsGiven = false;
    if (command.isWrite && server.keyspace.preserver !== undefined) {
      preserveKeys(ctx.db, command, args);
    }
    this.#depth++;
    let done: void | Promise<void>;
    try {
      done = command.run!(ctx);
    } catch (error) {
      // A mistake of ours: what the unit holds so far is logged, not left for the next client's.
      if (this.#depth === 1) this.#parts.propagation.endUnit();
      throw error;
    } finally {
      this.#depth--;
    }
    if (done !== undefined) {
      const ran_ms = timer.suspend(began_ms, ctx, command, args); // the rest is waiting
      const isBlocked = ctx.client.unblock !== undefined; // its time is that of being served
      if (monitors.isActive) this.#show(ctx, command, args); // it is shown when it begins to wait
      return done.then(() => {
        if (!isBlocked) timer.add(command.usage, ran_ms);
        this.#count(ctx, command, errorsBefore);
        this.#log(ctx, command, args, arrival, dirtyBefore);
        ctx.client.lastWrite = server.persistence.logPosition; // what served it is in the log
        ctx.effectsGiven = outerEffectsGiven;
        this.#serveWaiters();
      });
    }
    if (!isReplay) { // what the log replays is not counted, as in Redis
      timer.stop(began_ms, ctx, command, args, reply.length - repliedBefore);
      this.#count(ctx, command, errorsBefore);
      if (monitors.isActive) this.#show(ctx, command, args);
    }
    this.#log(ctx, command, args, arrival, dirtyBefore);
    ctx.effectsGiven = outerEffectsGiven;
    this.#serveWaiters();
    return undefined;
  }

  /** The unit is complete: whoever waits for what it has changed is served. */
  #serveWaiters(): void {
    const { blocking, timer } = this.#parts;
    if (this.#depth > 0 || !blocking.hasReady) return;
    timer.aside(() => blocking.serve());
  }

  /** MONITOR. */
  #show(ctx: Context, command: Command, args: Args): void {
    const { monitors, timer } = this.#parts;
    timer.aside(() => monitors.show(ctx.client, command, args));
  }

  /** Statistics. */
  #count(ctx: Context, command: Command, errorsBefore: number): void {
    const { stats } = this.#parts;
    const { usage } = command;
    stats.commandsProcessed++;
    usage.calls++;
    if (command.touchesData) this.touchedData = true;
    // What EXEC has run was counted by itself: that is no error of EXEC.
    const errors = ctx.reply.errorCount - ctx.client.errorsCounted - errorsBefore;
    if (errors === 0) return;
    ctx.client.errorsCounted += errors;
    usage.failed++;
    stats.countError(ctx.reply.lastError);
  }

  /** What the command changed goes to the log, as it came or as its handler said. */
  #log(
    ctx: Context,
    command: Command,
    args: Args,
    arrival: Arrival | undefined,
    dirtyBefore: number,
  ): void {
    const changed = this.#parts.server.keyspace.dirty !== dirtyBefore;
    if (!changed && !this.#parts.propagation.pending) return;
    this.touchedData = true;
    this.#propagate(ctx, changed && command.isWrite && !ctx.effectsGiven, args, arrival);
    if (this.#depth === 0) ctx.client.lastWrite = this.#parts.server.persistence.logPosition;
  }

  #propagate(ctx: Context, verbatim: boolean, args: Args, arrival: Arrival | undefined): void {
    const { propagation } = this.#parts;
    const isOuter = this.#depth === 0;
    if (verbatim && isOuter && arrival !== undefined && arrival.canonical && !propagation.pending) {
      propagation.single(ctx.db, arrival.raw, arrival.rawStart, arrival.rawEnd);
      return;
    }
    if (verbatim) propagation.addArgs(ctx.db, args);
    if (isOuter) propagation.endUnit();
  }

  /** Why the command may not run now; undefined: it may. */
  #refusal(client: Client, command: Command, args: Args): string | undefined {
    const arity = wrongArity(command, args);
    if (arity !== undefined) return arity;
    if (command.run === undefined) return unknownSubcommand(args);
    return this.#isUnrestricted(client) ? undefined : this.#restriction(client, command);
  }

  /** Whether any command may run now: nearly always, so that the rest need not be asked. */
  #isUnrestricted(client: Client): boolean {
    const { server } = this.#parts;
    return client.authenticated && client.transaction === undefined && !client.isRestricted &&
      !client.isMonitor && !server.keyspace.loading && server.persistence.refusal === undefined;
  }

  #restriction(client: Client, command: Command): string | undefined {
    const { server } = this.#parts;
    if (!client.authenticated && !has(command, "no_auth")) return NO_AUTH;
    if (client.transaction !== undefined && has(command, "no_multi")) return NOT_IN_MULTI;
    if (command.isWrite || command.name === "exec" || command.name === "ping") {
      const { refusal } = server.persistence;
      // PING is how a monitor notices.
      const isDenied = command.name === "ping" || includes(command, client, (each) => each.isWrite);
      if (refusal !== undefined && isDenied) return refusal;
    }
    if (client.isRestricted && !RUN_WHEN_SUBSCRIBED.has(command.fullName)) {
      return notWhenSubscribed(command);
    }
    if (server.keyspace.loading && includes(command, client, (each) => !has(each, "loading"))) {
      return LOADING;
    }
    if (client.isMonitor && includes(command, client, touchesKeys)) return NOT_FOR_MONITORS;
    return undefined;
  }

  #reject(ctx: Context, command: Command | undefined, args: Args, reason: string): undefined {
    const { client } = ctx;
    if (client.transaction !== undefined) client.transaction.failed = true;
    if (command !== undefined) command.usage.rejected++;
    let text = reason;
    if (command?.name === "exec") { // there is nothing left to wait for
      endTransaction(client);
      text = `EXECABORT Transaction discarded because of: ${reason.replace(/^ERR /, "")}`;
    }
    client.reply.error(text);
    this.#parts.stats.countError(text);
    const { monitors } = this.#parts;
    if (command?.name === "exec" && monitors.isActive) { // the MULTI that it ends was shown
      monitors.show(client, command, args);
    }
  }

  /** CLIENT PAUSE: runs the command when the pause is over. */
  async #postpone(ctx: Context, command: Command, args: Args): Promise<void> {
    await this.#parts.pause.wait(command, ctx.client);
    if (ctx.client.closing) return;
    const refusal = this.#refusal(ctx.client, command, args); // the pause may have changed that
    if (refusal !== undefined) return this.#reject(ctx, command, args, refusal);
    this.beginRead();
    const done = this.#queueOrRun(ctx, command, args, undefined);
    this.endRead(true);
    this.#parts.timer.endTurn();
    await done;
  }
}

/** Whether `is` holds for the command, or for one of those that it would execute. */
function includes(command: Command, client: Client, is: (each: Command) => boolean): boolean {
  if (is(command)) return true;
  return command.name === "exec" &&
    (client.transaction?.commands.some(is) ?? false);
}

/** Whether a command is, in Redis's eyes, about the keys. */
function touchesKeys(command: Command): boolean {
  return command.isWrite || has(command, "readonly") || has(command, "may_replicate");
}

function has(command: Command, flag: CommandFlag): boolean {
  return command.flags.includes(flag);
}
