/**
 * MONITOR: clients that are shown every command as it runs.
 *
 *     SET k v        runs, is answered -> +1700000000.000042 [0 127.0.0.1:50000] "SET" "k" "v"
 *     EXEC           the commands that it runs, each behind its run, then EXEC itself
 *     BLPOP k 0      when it begins to wait, not when it is served
 *     CONFIG SET ... nothing, as for all commands of administrators; what was refused did not run
 *
 * Promises: while nobody monitors, a command costs the question whether anybody does; passwords are
 * not shown; what waits for a monitor is bounded by `client-output-buffer-limit normal`, even in the
 * middle of a line.
 */

import type { Client } from "../commands/client.ts";
import type { CommandData } from "../commands/command_data.ts";
import type { Monitors as MonitorsHandle } from "../commands/context.ts";
import { secretsOf } from "../commands/shown_arguments.ts";
import type { Clock } from "../platform/clock.ts";
import type { Args } from "../resp/args.ts";
import { MonitorLine } from "./monitor_line.ts";

/** What monitors need of the server. */
export interface MonitorsHost {
  readonly clock: Clock;
  /** Whether the data is being loaded: nothing is shown meanwhile. */
  readonly isLoading: () => boolean;
  /** Closes a client if too much waits for it. */
  readonly checkOutput: (client: Client) => void;
}

/** Everybody who monitors. */
export class Monitors implements MonitorsHandle {
  /** Whether there is anybody: a plain field, as it is asked at every command. */
  isActive = false;

  readonly #host: MonitorsHost;
  /** In the order in which they began. */
  readonly #clients = new Set<Client>();
  readonly #line = new MonitorLine((piece, length) => this.#deliver(piece, length));
  /** Whose command is being shown. */
  #sender: Client | undefined;

  /** @param host what is needed of the server. */
  constructor(host: MonitorsHost) {
    this.#host = host;
  }

  add(client: Client): void {
    this.#clients.add(client);
    client.isMonitor = true;
    this.isActive = true;
  }

  remove(client: Client): void {
    if (!this.#clients.delete(client)) return;
    client.isMonitor = false;
    this.isActive = this.#clients.size > 0;
  }

  /** Shows a command that a client has run. */
  show(client: Client, command: CommandData, args: Args): void {
    if (this.#host.isLoading() || isHidden(command)) return;
    this.#sender = client;
    const now_us = this.#host.clock.now_us();
    const seconds = Math.floor(now_us / 1e6);
    const fraction = String(now_us % 1e6).padStart(6, "0");
    const head = `+${seconds}.${fraction} [${client.db.index} ${addressOf(client)}]`;
    this.#line.write(head, args, secretsOf(command, args));
    this.#sender = undefined;
  }

  /** A piece of a line. Returns whether anybody has got it and goes on listening. */
  #deliver(piece: Uint8Array, length: number): boolean {
    let listeners = 0;
    for (const client of this.#clients) {
      if (client.closing || !this.#listens(client)) continue;
      client.deliver(piece, 0, length);
      this.#host.checkOutput(client);
      if (!client.closing) listeners++;
    }
    return listeners > 0;
  }

  /** As in Redis, CLIENT REPLY holds for these lines too; they are no replies to SKIP's own command. */
  #listens(client: Client): boolean {
    const { replyMode } = client;
    return replyMode === "on" || (replyMode === "skip-next" && client === this.#sender);
  }
}

/** Whether a command is never shown. */
function isHidden({ flags }: CommandData): boolean {
  return flags.includes("admin") || flags.includes("skip_monitor");
}

function addressOf({ link }: Client): string {
  if (link === undefined) return "";
  return link.isUnix ? `unix:${link.address.replace(/:0$/, "")}` : link.address;
}
