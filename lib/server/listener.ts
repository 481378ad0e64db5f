/**
 * Listens on the TCP addresses of `bind`; what connects goes to the entrance.
 *
 * An address that begins with `-` may be missing on this machine; any other must work. Promise: to
 * listen elsewhere ({@linkcode Listener.listen}) is done as a whole, or all is as it was before.
 */

import { messageOf } from "../platform/message_of.ts";
import type { Entrance } from "./entrance.ts";

/** What a listener needs. */
export interface ListenOptions {
  /** Length of the kernel's queue. */
  readonly backlog: number;
  /** Seconds between keep-alive probes; 0: none. */
  readonly keepalive_s: () => number;
  readonly entrance: Entrance;
  readonly log: (level: "notice", text: string) => void;
}

/** Errors for an address that the machine does not have: EADDRNOTAVAIL, and families without support. */
const MISSING_ADDRESS = /\(os error (92|93|94|96|97|99)\)/;

/** A socket that listens. */
interface Listening {
  /** The address as in `bind`, without a leading `-`. */
  readonly name: string;
  readonly socket: Deno.TcpListener;
  /** Resolves when nothing is accepted any more: only then has a closed socket left its port. */
  readonly over: Promise<void>;
}

/** Open listening sockets. */
export class Listener {
  readonly #options: ListenOptions;
  #sockets: readonly Listening[] = [];
  #closed = false;

  /** Listens nowhere at first. */
  constructor(options: ListenOptions) {
    this.#options = options;
  }

  /** The port that is listened on; 0: none. */
  get port(): number {
    const [first] = this.#sockets;
    return first === undefined ? 0 : (first.socket.addr as Deno.NetAddr).port;
  }

  /**
   * Listens on these addresses at this port, and when the promise resolves nowhere else.
   *
   * @param addresses as in `bind`: addresses, `*`, `::*`, with a leading `-` if they may be missing
   * @param port 0: a free one, the same for all addresses
   * @throws {Error} that says which address could not be had, and why; all is as it was then
   */
  listen(addresses: readonly string[], port: number): void | Promise<void> {
    const wanted = withoutOverlap(addresses);
    const twice = wanted.find((each, i) => wanted.findIndex((other) => same(each, other)) < i);
    if (twice !== undefined) throw new Error(`Could not listen on ${twice}:${port}: named twice`);
    const isSamePort = port !== 0 && port === this.port;
    const isWanted = ({ name }: Listening) => wanted.some((address) => same(address, name));
    const kept = isSamePort ? this.#sockets.filter(isWanted) : [];
    const surplus = this.#sockets.filter((socket) => !kept.includes(socket));
    const missing = wanted.filter((address) => !kept.some(({ name }) => same(name, address)));
    const isInTheWay = ({ name }: Listening) =>
      missing.some((address) => mayOverlap(name, address));
    if (isSamePort && surplus.some(isInTheWay)) return this.#swap(kept, surplus, missing, port);
    this.#sockets = [...kept, ...this.#openAll(missing, port)];
    if (surplus.length > 0) return closeAll(surplus);
  }

  /** Stops listening, for good. */
  close(): void {
    this.#closed = true;
    this.stop();
  }

  /** Stops listening; nobody is accepted any more when the promise resolves. */
  stop(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = [];
    return closeAll(sockets);
  }

  /**
   * As {@linkcode Listener.listen}, where `surplus` may be in the way of what is missing and has to go
   * first: `127.0.0.1` becomes `*` at the same port.
   */
  #swap(
    kept: readonly Listening[],
    surplus: readonly Listening[],
    missing: readonly string[],
    port: number,
  ): Promise<void> {
    // What can be known before anything is closed: whether the machine has these addresses.
    for (const address of missing) this.#bind(address, 0)?.close();
    this.#sockets = kept;
    return closeAll(surplus).then(() => {
      if (this.#closed) return;
      try {
        this.#sockets = [...kept, ...this.#openAll(missing, port)];
      } catch (error) {
        this.#sockets = [...kept, ...this.#openAll(surplus.map(({ name }) => name), port)];
        throw error;
      }
    });
  }

  /** Opens all of them or, with an error, none. */
  #openAll(addresses: readonly string[], port: number): Listening[] {
    const opened: { name: string; socket: Deno.TcpListener }[] = [];
    try {
      for (const address of addresses) {
        const samePort = (opened[0]?.socket.addr as Deno.NetAddr | undefined)?.port ?? port;
        const socket = this.#bind(address, samePort);
        if (socket !== undefined) opened.push({ name: nameOf(address), socket });
      }
    } catch (error) {
      for (const { socket } of opened) socket.close();
      throw error;
    }
    const { entrance } = this.#options;
    return opened.map((each) => ({ ...each, over: entrance.accept(each.socket, this.#prepare) }));
  }

  /** Undefined: the address is missing, and may be. */
  #bind(address: string, port: number): Deno.TcpListener | undefined {
    const name = nameOf(address);
    const hostname = name === "*" ? "0.0.0.0" : name === "::*" ? "::" : name;
    const tcpBacklog = this.#options.backlog;
    try {
      return Deno.listen(
        { hostname, port, tcpBacklog } as Deno.ListenOptions & { tcpBacklog: number },
      );
    } catch (error) {
      const text = messageOf(error);
      if (address.startsWith("-") && MISSING_ADDRESS.test(text)) {
        this.#options.log("notice", `Not listening on ${name}:${port}: ${text}`);
        return undefined;
      }
      throw new Error(`Could not listen on ${name}:${port}: ${text}`);
    }
  }

  /** For connections of TCP. */
  readonly #prepare = (conn: Deno.TcpConn): void => {
    conn.setNoDelay(true);
    if (this.#options.keepalive_s() > 0) conn.setKeepAlive(true);
  };
}

async function closeAll(sockets: readonly Listening[]): Promise<void> {
  for (const { socket } of sockets) socket.close();
  await Promise.all(sockets.map(({ over }) => over));
}

/** An address of `bind` without the `-` that says that it may be missing. */
function nameOf(address: string): string {
  return address.startsWith("-") ? address.slice(1) : address;
}

function same(a: string, b: string): boolean {
  return nameOf(a) === nameOf(b);
}

/** Whether two addresses may be in each other's way at one port, as far as is known without asking. */
function mayOverlap(a: string, b: string): boolean {
  const isOne4 = (address: string) => /^-?\d+(\.\d+){3}$/.test(address) && !isAny4(address);
  return !isOne4(a) || !isOne4(b);
}

const isAny4 = (address: string) => /^-?(\*|0\.0\.0\.0)$/.test(address);
const isAny6 = (address: string) => /^-?(::\*|::)$/.test(address);

/**
 * `::` takes IPv4 connections as well, so beside it `*` is left out; where the machine has no IPv6
 * it is the other way round.
 */
function withoutOverlap(addresses: readonly string[]): readonly string[] {
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
