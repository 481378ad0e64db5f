/**
 * Listens on the addresses of `bind` and hands on what connects, checked at the door: `maxclients`
 * and protected mode answer with an error and close.
 *
 * An address that begins with `-` may be missing on this machine; any other must work.
 */

import type { Clock } from "../platform/clock.ts";
import type { Admission } from "./door.ts";
import { messageOf } from "../platform/message_of.ts";

/** What a listener needs. */
export interface ListenOptions {
  /** As in `bind`: addresses, `*`, `::*`, with a leading `-` if they may be missing. */
  readonly addresses: readonly string[];
  /** 0: a free one, the same for all addresses. */
  readonly port: number;
  /** Length of the kernel's queue. */
  readonly backlog: number;
  /** Seconds between keep-alive probes; 0: none. */
  readonly keepalive_s: () => number;
  /** Asked for each connection. */
  readonly admit: (conn: Deno.Conn) => Admission;
  /** Takes an admitted connection. */
  readonly serve: (conn: Deno.Conn) => void;
  readonly log: (level: "notice" | "warning", text: string) => void;
  readonly clock: Clock;
}

/** `accept` failed: the machine is out of files, say. Trying again at once would only spin. */
const ACCEPT_PAUSE_MS = 100;

/** Open listening sockets. */
export class Listener {
  readonly #options: ListenOptions;
  readonly #sockets: Deno.TcpListener[] = [];
  #closed = false;

  private constructor(options: ListenOptions) {
    this.#options = options;
  }

  /**
   * Listens.
   *
   * @throws {Error} that says which address could not be had, and why
   */
  static open(options: ListenOptions): Listener {
    const listener = new Listener(options);
    try {
      for (const address of withoutOverlap(options.addresses)) listener.#bind(address);
      if (listener.#sockets.length === 0) {
        throw new Error(`none of the addresses of 'bind' is there: ${options.addresses.join(" ")}`);
      }
    } catch (error) {
      listener.close();
      throw error;
    }
    return listener;
  }

  /** Begins to accept; {@linkcode Listener.open} only takes the addresses. */
  start(): void {
    for (const socket of this.#sockets) this.#accept(socket);
  }

  /** The port that is listened on. */
  get port(): number {
    return (this.#sockets[0].addr as Deno.NetAddr).port;
  }

  /** Stops listening. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.close();
    this.#sockets.length = 0;
  }

  #bind(address: string): void {
    const optional = address.startsWith("-");
    const name = optional ? address.slice(1) : address;
    const hostname = name === "*" ? "0.0.0.0" : name === "::*" ? "::" : name;
    const port = this.#options.port || (this.#sockets.length > 0 ? this.port : 0);
    try {
      this.#sockets.push(
        Deno.listen(
          { hostname, port, tcpBacklog: this.#options.backlog } as Deno.ListenOptions & {
            tcpBacklog: number;
          },
        ),
      );
    } catch (error) {
      const text = messageOf(error);
      // As Redis: an optional address is given up only if the machine does not have it.
      if (optional && !(error instanceof Deno.errors.AddrInUse)) {
        this.#options.log("notice", `Not listening on ${name}:${port}: ${text}`);
        return;
      }
      throw new Error(`Could not listen on ${name}:${port}: ${text}`);
    }
  }

  async #accept(socket: Deno.TcpListener): Promise<void> {
    while (!this.#closed) {
      let conn: Deno.TcpConn;
      try {
        conn = await socket.accept();
      } catch (error) {
        if (this.#closed) return;
        this.#options.log("warning", `Accepting client connection: ${error}`);
        await new Promise<void>((resolve) =>
          void this.#options.clock.after(ACCEPT_PAUSE_MS, resolve)
        );
        continue;
      }
      this.#welcome(conn);
    }
  }

  #welcome(conn: Deno.TcpConn): void {
    try {
      conn.setNoDelay(true);
      if (this.#options.keepalive_s() > 0) conn.setKeepAlive(true);
      const admission = this.#options.admit(conn);
      if (admission.admit) this.#options.serve(conn);
      else this.#turnAway(conn, admission.error);
    } catch {
      closeQuietly(conn); // it had gone before it was served
    }
  }

  async #turnAway(conn: Deno.TcpConn, error: string): Promise<void> {
    try {
      await conn.write(new TextEncoder().encode(`-${error}\r\n`));
    } catch {
      // It did not wait for the answer.
    }
    closeQuietly(conn);
  }
}

/**
 * `::` takes IPv4 connections as well, so beside it `*` is left out; where the machine has no IPv6
 * it is the other way round.
 */
function withoutOverlap(addresses: readonly string[]): readonly string[] {
  const isAny4 = (address: string) => /^-?(\*|0\.0\.0\.0)$/.test(address);
  const isAny6 = (address: string) => /^-?(::\*|::)$/.test(address);
  if (!addresses.some(isAny4) || !addresses.some(isAny6)) return addresses;
  const unwanted = hasIPv6() ? isAny4 : isAny6;
  return addresses.filter((address) => !unwanted(address));
}

function hasIPv6(): boolean {
  try {
    Deno.listen({ hostname: "::", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed already.
  }
}
