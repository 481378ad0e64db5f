/**
 * Everywhere that the server listens: TCP, which CONFIG SET moves, and a Unix socket.
 */

import { fromByteText } from "../config/byte_text.ts";
import type { Config } from "../config/config.ts";
import { Entrance, type EntranceOptions } from "./entrance.ts";
import { Listener } from "./listener.ts";
import { UnixListener } from "./unix_listener.ts";

/** What the listeners need. */
export interface ListenersOptions extends EntranceOptions {
  readonly config: Config;
  /** Whether `port 0` means a free port rather than none. */
  readonly freePort: boolean;
}

/** The server's listening sockets. */
export class Listeners {
  readonly #config: Config;
  readonly #freePort: boolean;
  readonly #entrance: Entrance;
  readonly #tcp: Listener;
  readonly #unix: UnixListener;

  /** Listens nowhere at first. */
  constructor(options: ListenersOptions) {
    const { config, freePort, log } = options;
    this.#config = config;
    this.#freePort = freePort;
    this.#entrance = new Entrance(options);
    this.#tcp = new Listener({
      backlog: config.values["tcp-backlog"],
      keepalive_s: () => config.values["tcp-keepalive"],
      entrance: this.#entrance,
      log,
    });
    this.#unix = new UnixListener(this.#entrance, log);
  }

  /** The TCP port that is listened on; 0: none. */
  get port(): number {
    return this.#tcp.port;
  }

  /** The Unix socket that is listened on, as configured; empty: none. */
  get socketName(): string {
    return this.#unix.name;
  }

  /**
   * Listens wherever the configuration says.
   *
   * @throws {Error} that says what could not be had, and why
   */
  async open(): Promise<void> {
    // TCP first: where another server has the port, it may have the socket too, and keeps it.
    await this.moveTcp();
    const { port, unixsocket, unixsocketperm } = this.#config.values;
    if (unixsocket !== "") this.#unix.open(fromByteText(unixsocket), unixsocketperm);
    else if (this.port === 0 && port !== 0) {
      throw new Error(`none of the addresses of 'bind' is there: '${this.#config.text("bind")}'`);
    }
  }

  /** Listens on TCP where `bind` and `port` say now; see {@linkcode Listener.listen}. */
  moveTcp(): void | Promise<void> {
    const { bind, port } = this.#config.values;
    if (port === 0 && !this.#freePort) return this.#tcp.stop();
    return this.#tcp.listen(bind, port || this.#tcp.port);
  }

  /** Stops listening, for good; when the promise resolves the Unix socket has gone. */
  close(): Promise<void> {
    this.#entrance.close();
    this.#tcp.close();
    return this.#unix.close();
  }
}
