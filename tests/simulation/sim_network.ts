/**
 * Clients without sockets: connections in memory, through the same code of the server that serves
 * those of TCP.
 *
 * The one place where the server touches the network is `Deno.listen`; while a server starts here,
 * {@linkcode SimNetwork.during} stands in for it.
 */

import { ReplyScanner } from "../kit/resp_reply.ts";
import { latin1, latin1Bytes } from "../persistence/memory_disk.ts";

/** What a client hears. */
export interface ClientEvents {
  /** The server has done with the input number `index` (from 0), as far as it could at once. */
  served(index: number): void;
  /** A whole reply has arrived: one character a byte. */
  replied(reply: string): void;
}

const ADDRESS: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 50_000 };

/** A connection in memory. */
export class SimConnection {
  readonly remoteAddr = ADDRESS;
  readonly localAddr = ADDRESS;
  readonly #events: ClientEvents;
  readonly #scanner = new ReplyScanner();
  #input: Uint8Array[] = [];
  #reader: { into: Uint8Array; resolve: (count: number | null) => void } | undefined;
  /** Inputs handed to the server. */
  #handed = 0;
  #closed = false;
  #received: Uint8Array = new Uint8Array(0);

  /** @param events who hears of it. */
  constructor(events: ClientEvents) {
    this.#events = events;
  }

  /** Sends one input: whole commands, one character a byte. */
  send(text: string): void {
    this.#input.push(latin1Bytes(text));
    this.#hand();
  }

  /** The server reads. */
  read(into: Uint8Array): Promise<number | null> {
    if (this.#handed > 0) this.#events.served(this.#handed - 1);
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.#reader = { into, resolve };
    this.#hand();
    return promise;
  }

  /** The server writes. */
  write(bytes: Uint8Array): Promise<number> {
    const all = new Uint8Array(this.#received.length + bytes.length);
    all.set(this.#received);
    all.set(bytes, this.#received.length);
    let rest = all;
    for (let end = this.#scan(rest); end !== undefined; end = this.#scan(rest)) {
      this.#events.replied(latin1(rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
    this.#received = rest;
    return Promise.resolve(bytes.length);
  }

  /** Either side closes. */
  close(): void {
    if (this.#closed) throw new Deno.errors.BadResource("closed already");
    this.#closed = true;
    this.#reader?.resolve(null);
    this.#reader = undefined;
  }

  /** Part of TCP. */
  setNoDelay(): void {}

  /** Part of TCP. */
  setKeepAlive(): void {}

  #scan(bytes: Uint8Array): number | undefined {
    return bytes.length === 0 ? undefined : this.#scanner.scan(bytes);
  }

  /** An input is read in one piece or, if the server has less room, in several. */
  #hand(): void {
    const reader = this.#reader;
    const input = this.#input[0];
    if (reader === undefined || input === undefined) return;
    this.#reader = undefined;
    const count = Math.min(input.length, reader.into.length);
    reader.into.set(input.subarray(0, count));
    if (count === input.length) {
      this.#input.shift();
      this.#handed++;
    } else {
      this.#input[0] = input.subarray(count);
    }
    reader.resolve(count);
  }
}

/** What a server that starts meanwhile listens on. */
export class SimNetwork {
  readonly addr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 6379 };
  #waiting: ((conn: Deno.TcpConn) => void) | undefined;

  /** Starts something that listens. */
  async during<T>(start: () => Promise<T>): Promise<T> {
    const real = Deno.listen;
    Object.assign(Deno, { listen: () => this });
    try {
      return await start();
    } finally {
      Object.assign(Deno, { listen: real });
    }
  }

  /** A client connects; the server takes notice within a few microtasks. */
  connect(events: ClientEvents): SimConnection {
    if (this.#waiting === undefined) throw new Error("nobody accepts connections");
    const connection = new SimConnection(events);
    const welcome = this.#waiting;
    this.#waiting = undefined;
    welcome(connection as unknown as Deno.TcpConn); // the part of it that the server uses
    return connection;
  }

  /** The server accepts. */
  accept(): Promise<Deno.TcpConn> {
    return new Promise((resolve) => this.#waiting = resolve);
  }

  /** The server stops listening. */
  close(): void {
    this.#waiting = undefined;
  }
}
