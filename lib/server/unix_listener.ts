/**
 * Listens on the Unix socket of `unixsocket`, for clients on this machine.
 *
 * Promise: while it listens the file is there, and it goes when listening ends; after a crash the
 * next start takes its place.
 */

import { resolvePath } from "../config/paths.ts";
import { messageOf } from "../platform/message_of.ts";
import { closeAtPath, listenAtPath, SOCKET_PATH_BYTES_MAX } from "../platform/unix_socket.ts";
import { workingDirectory } from "../platform/process.ts";
import type { Entrance } from "./entrance.ts";

const CURE = "it needs a directory that is there and may be written to, and a name that is free";

/** A socket that listens. */
interface Listening {
  /** As configured. */
  readonly name: string;
  readonly path: string;
  readonly socket: Deno.UnixListener;
}

/** A listening Unix socket, or none. */
export class UnixListener {
  readonly #entrance: Entrance;
  readonly #log: (level: "notice" | "warning", text: string) => void;
  #listening: Listening | undefined;
  /** Resolves when nothing is accepted any more. */
  #over: Promise<void> = Promise.resolve();

  /** Listens nowhere at first. */
  constructor(entrance: Entrance, log: (level: "notice" | "warning", text: string) => void) {
    this.#entrance = entrance;
    this.#log = log;
  }

  /** Where it listens, as configured; empty: nowhere. */
  get name(): string {
    return this.#listening?.name ?? "";
  }

  /**
   * Listens; to be called once.
   *
   * @param name a path, absolute or from the working directory
   * @param permissions of the file; 0: as the process makes files
   * @throws {Error} that names the path, and says what is wrong and what to do
   */
  open(name: string, permissions: number): void {
    const path = resolvePath(workingDirectory(), name);
    const refusal = (why: string) => new Error(`Could not listen at 'unixsocket' ${path}: ${why}`);
    const pathBytes = new TextEncoder().encode(path).length;
    if (pathBytes > SOCKET_PATH_BYTES_MAX) {
      throw refusal(`a path of ${pathBytes} bytes is too long, choose one of less than 108`);
    }
    let socket: Deno.UnixListener;
    try {
      socket = listenAtPath(path, permissions);
    } catch (error) {
      throw refusal(`${messageOf(error)}; ${CURE}`);
    }
    this.#listening = { name, path, socket };
    this.#over = this.#entrance.accept(socket);
  }

  /** Stops listening, for good; when the promise resolves others may have the path. */
  close(): Promise<void> {
    if (this.#listening !== undefined) this.#remove(this.#listening);
    this.#listening = undefined;
    return this.#over;
  }

  #remove({ path, socket }: Listening): void {
    this.#log("notice", "Removing the unix socket file.");
    try {
      closeAtPath(socket, path);
    } catch (error) {
      this.#log("warning", `Could not remove 'unixsocket' ${path}: ${messageOf(error)}`);
    }
  }
}
