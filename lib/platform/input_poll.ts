/**
 * Makes the event loop look for input once more, without waiting for any.
 *
 * Nothing that the language offers does so: microtasks, `setImmediate` and messages all run before the
 * loop looks at the sockets again, and a timer waits for a millisecond. A byte that is sent to oneself
 * does it, for some 8 us: when it has come, so has all input that was there.
 */

const LOOPBACK = "127.0.0.1";

/** A connection to oneself. */
export class InputPoll {
  readonly #out: Deno.Conn;
  readonly #in: Deno.Conn;
  readonly #byte = new Uint8Array(1);
  readonly #read = new Uint8Array(16);
  #then: (() => void) | undefined;
  #isBroken = false;

  private constructor(out: Deno.Conn, into: Deno.Conn) {
    this.#out = out;
    this.#in = into;
  }

  /** @throws {Error} without permission, a loopback, or room for a connection */
  static async open(): Promise<InputPoll> {
    const { state } = Deno.permissions.querySync({ name: "net", host: LOOPBACK });
    if (state !== "granted") throw new Error(`not to be asked for: net access to ${LOOPBACK}`);
    const listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
    try {
      const out = await Deno.connect({ hostname: LOOPBACK, port: listener.addr.port });
      try {
        out.setNoDelay(true);
        return new InputPoll(out, await acceptFrom(listener, out.localAddr.port));
      } catch (error) {
        out.close();
        throw error;
      }
    } finally {
      listener.close();
    }
  }

  /** Whether it does not work any more, or was closed. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Calls `then` when whoever reads has been told of the input that was there. One call at a time. */
  poll(then: () => void): void {
    if (this.#then !== undefined) throw new Error("the input is being looked for");
    this.#then = then;
    this.#in.read(this.#read).then(this.#come, this.#broken);
    this.#out.write(this.#byte).catch(this.#broken);
  }

  /** What waits is called. */
  close(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#in.close();
    this.#out.close();
    this.#come();
  }

  /** Its turn comes after those who were told in the same go. */
  readonly #come = (): void => {
    const then = this.#then;
    this.#then = undefined;
    if (then !== undefined) queueMicrotask(then);
  };

  readonly #broken = (): void => this.close();
}

/** Somebody else may connect first. */
async function acceptFrom(listener: Deno.TcpListener, port: number): Promise<Deno.Conn> {
  while (true) {
    const conn = await listener.accept();
    if (conn.remoteAddr.port === port) return conn;
    conn.close();
  }
}
