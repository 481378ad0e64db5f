/**
 * The way in, for TCP and for Unix sockets: accepts what connects, asks at the door, and hands it on
 * or turns it away.
 *
 * Promise: nothing that a peer or the machine does ends the accepting before its socket is closed.
 */

import type { Clock } from "../platform/clock.ts";
import type { Admission } from "./door.ts";

/** What is needed to let clients in. */
export interface EntranceOptions {
  /** Asked for each connection. */
  readonly admit: (conn: Deno.Conn) => Admission;
  /** Takes an admitted connection. */
  readonly serve: (conn: Deno.Conn) => void;
  readonly log: (level: "notice" | "warning", text: string) => void;
  readonly clock: Clock;
}

/** `accept` failed: the machine is out of files, say. Trying again at once would only spin. */
const ACCEPT_PAUSE_MS = 100;

/** Lets clients in. */
export class Entrance {
  readonly #options: EntranceOptions;
  #closed = false;

  /** Open at first. */
  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  /** Whoever comes from now on is not served. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Accepts until the socket is closed; never rejects.
   *
   * @param prepare is given each connection first; it may throw where the peer has gone
   */
  async accept<C extends Deno.Conn>(
    socket: { accept(): Promise<C> },
    prepare?: (conn: C) => void,
  ): Promise<void> {
    while (true) {
      let conn: C;
      try {
        conn = await socket.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        this.#options.log("warning", `Accepting client connection: ${error}`);
        await new Promise<void>((resolve) =>
          void this.#options.clock.after(ACCEPT_PAUSE_MS, resolve)
        );
        continue;
      }
      if (this.#closed) closeQuietly(conn);
      else this.#welcome(conn, prepare);
    }
  }

  #welcome<C extends Deno.Conn>(conn: C, prepare?: (conn: C) => void): void {
    try {
      prepare?.(conn);
      const admission = this.#options.admit(conn);
      if (admission.admit) this.#options.serve(conn);
      else turnAway(conn, admission.error);
    } catch {
      closeQuietly(conn); // it had gone before it was served
    }
  }
}

async function turnAway(conn: Deno.Conn, error: string): Promise<void> {
  try {
    await conn.write(new TextEncoder().encode(`-${error}\r\n`));
  } catch {
    // It did not wait for the answer.
  }
  closeQuietly(conn);
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed already.
  }
}
