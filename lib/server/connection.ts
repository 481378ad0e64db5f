/**
 * One connection: reads into the decoder's buffer, runs what is whole, sends the replies.
 *
 * Promises: whatever arrives can cost this connection only; a client that does not read its replies
 * is not served once {@linkcode OUTPUT_BYTES_MAX} wait for it, and soon not read from either, so that
 * its memory is bounded; per turn there is one read and, as a rule, one write.
 *
 * It does not assume TCP: any `Deno.Conn` will do.
 */

import type { Client, Link } from "../commands/client.ts";
import type { Context } from "../commands/context.ts";
import { Decoder, type DecoderLimits, ProtocolError, QueryTooLargeError } from "../resp/decoder.ts";
import { releaseReply, replyBytes, type ReplyPart } from "../resp/reply.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { isLocal } from "./door.ts";
import { COMMANDS_AHEAD, type Lookahead } from "../keyspace/lookahead.ts";
import type { TurnArrival, TurnMember } from "./turn.ts";

/** With more than this waiting to be sent, a connection is not served. */
export const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** A client that sends on without reading its replies is read so much ahead. */
const STALLED_INPUT_BYTES_MAX = 32 * 1024 * 1024;
/** The time of commands is read again after so many of one pipeline. */
const COMMANDS_PER_CLOCK = 64;
/** Whether serving must pause is asked after so many of them, or after replies of this size. */
const COMMANDS_PER_CHECK = 16;
const CHECKED_FROM_BYTES = 16 * 1024;

const NOTHING = new Uint8Array(0);

/** What a connection needs of the server. */
export interface ConnectionHost {
  readonly dispatcher: Dispatcher;
  readonly limits: {
    readonly bulkBytesMax: number;
    readonly queryBytesMax: number;
    /** With so much waiting for a client, {@linkcode ConnectionHost.checkOutput} is to be called. */
    readonly outputWatchedFrom_bytes: number;
  };
  /** Resolves when the log has room again; undefined: it has. */
  logRoom(): Promise<void> | undefined;
  /** For the commands of a long pipeline. */
  readonly lookahead: Lookahead;
  /** Name of the Unix socket: its clients have no other address. */
  readonly socketName: string;
  /** Moves the time of commands on. */
  tick(): void;
  /** Input has come: the connection is to be asked to {@linkcode Connection.process} it. */
  arrive(connection: Connection): void;
  /** The connection has replies for the end of the turn. */
  enlist(member: TurnMember): void;
  /** Position of the log after all that was changed so far. */
  readonly logPosition: number;
  countInput(bytes: number): void;
  countOutput(bytes: number): void;
  log(level: "verbose" | "warning", text: string): void;
  /** Closes the client if more waits for it than `client-output-buffer-limit` allows. */
  checkOutput(client: Client): void;
  closed(connection: Connection): void;
}

/** A client's connection. */
export class Connection implements Link, TurnMember, TurnArrival, DecoderLimits {
  readonly client: Client;
  readonly address: string;
  readonly localAddress: string;
  readonly isLocal: boolean;
  readonly isUnix: boolean;
  enlisted = false;

  readonly #conn: Deno.Conn;
  readonly #host: ConnectionHost;
  readonly #context: Context;
  readonly #decoder: Decoder;
  /** Parts under way to the client, the first one being written. */
  #sending: ReplyPart[] | undefined;
  #sendingBytes = 0;
  /** So much waited to be sent that the limits for it took notice. */
  #outputWatched = false;
  /** What is left of the part that is being written. */
  #unsent: Uint8Array = NOTHING;
  /**
   * A command is suspended until this settles: input is read, up to `client-query-buffer-limit`, but
   * not decoded. Not to read would be not to notice that a client which waits for a key has gone.
   */
  #suspended: Promise<void> | undefined;
  /** There is too much to send, or the log is full: resolves when serving has gone on. */
  #stalled: Promise<void> | undefined;
  #closed = false;
  #needs = 0;
  /** Something was sent that may tell of the command under way, which is not yet in the log. */
  #wasTold = false;
  /** Called when everything has been sent. */
  #sent: (() => void) | undefined;

  /** @param context makes the client's context. @param fd its number, for CLIENT LIST. */
  constructor(
    conn: Deno.Conn,
    host: ConnectionHost,
    context: (link: Link) => Context,
    readonly fd: number,
  ) {
    this.#conn = conn;
    this.#host = host;
    this.isUnix = conn.localAddr.transport === "unix";
    this.address = addressText(conn.remoteAddr, host.socketName);
    this.localAddress = addressText(conn.localAddr, host.socketName);
    this.isLocal = isLocal(conn.remoteAddr);
    this.#context = context(this);
    this.client = this.#context.client;
    this.#decoder = new Decoder(this);
  }

  get bulkBytesMax(): number {
    return this.#host.limits.bulkBytesMax;
  }

  get queryBytesMax(): number {
    return this.#host.limits.queryBytesMax;
  }

  get needs(): number {
    if (this.#wasTold) { // by the end of the turn the log holds what it was told of
      this.#wasTold = false;
      this.#needs = this.#host.logPosition;
    }
    return this.#needs;
  }

  get authenticated(): boolean {
    return this.client.authenticated;
  }

  get inputBytes(): number {
    return this.#decoder.pendingBytes;
  }

  get inputFreeBytes(): number {
    return this.#decoder.bufferBytes - this.#decoder.pendingBytes;
  }

  get outputBytes(): number {
    return this.client.reply.length + this.#sendingBytes;
  }

  /** Serves the client until either side closes. */
  serve(): void {
    if (this.#closed) return;
    try {
      this.#conn.read(this.#decoder.space()).then(this.#arrived, this.#failed);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Bytes have come, or the end. Callbacks, not `await`: see {@linkcode Connection.#send}. */
  readonly #arrived = (count: number | null): void => {
    if (this.#closed) return;
    if (count === null) return this.#close();
    this.#decoder.filled(count);
    this.#host.countInput(count);
    if (this.#isServable) this.#host.arrive(this);
    else this.readOn();
  };

  get #isServable(): boolean {
    return this.#suspended === undefined && this.#stalled === undefined;
  }

  lookAhead(ahead: Lookahead): void {
    if (this.#isServable) ahead.add(this.#decoder, this.client.db);
  }

  process(): void {
    try {
      if (this.#isServable && !this.#closed) this.#process();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Some input is read ahead of what can be served, so that a long pipeline is no deadlock. */
  readOn(): void {
    if (this.#stalled === undefined || !this.#isTooFarAhead()) return this.serve();
    this.#stalled.then(() => this.readOn()); // it never rejects
  }

  #isTooFarAhead(): boolean {
    return this.inputBytes > STALLED_INPUT_BYTES_MAX || this.#host.logRoom() !== undefined;
  }

  /** Sends the replies that wait; what comes meanwhile is sent after them. */
  flush(): void {
    if (this.#sending !== undefined || this.#closed) return;
    if (this.client.reply.length > 0) this.#send();
    else if (this.client.closing) this.#close();
  }

  send(): void {
    this.#wasTold = true;
    this.#host.enlist(this);
  }

  close(afterReplies: boolean): void {
    if (this.#closed) return;
    this.client.closing = true;
    if (afterReplies) this.#host.enlist(this);
    else this.#close();
  }

  /** Runs every command that has arrived whole. */
  #process(): void {
    const { client } = this;
    const { reply } = client;
    const decoder = this.#decoder;
    const host = this.#host;
    const { dispatcher } = host;
    let mustWait = false;
    host.tick();
    dispatcher.beginRead();
    try {
      for (let served = 1; !mustWait && !client.closing && decoder.next(); served++) {
        if (served % COMMANDS_PER_CLOCK === 0) host.tick();
        if (served % COMMANDS_AHEAD === 0) this.#lookFurther();
        const suspended = dispatcher.execute(this.#context, decoder);
        if (suspended !== undefined) {
          this.#suspend(suspended);
          break;
        }
        const isDue = served % COMMANDS_PER_CHECK === 0 || reply.length > CHECKED_FROM_BYTES;
        if (isDue) mustWait = this.#mustWait();
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (client.replyMode === "on") reply.error(`ERR Protocol error: ${error.message}`);
      host.log("verbose", `Protocol error from client ${this.address}: ${error.message}`);
      client.closing = true;
    }
    dispatcher.endRead(decoder.pendingBytes === 0); // else it has begun to decode the next one
    if (dispatcher.touchedData) this.#needs = host.logPosition;
    if (this.#suspended === undefined && !client.closing && (mustWait || this.#mustWait())) {
      this.#stalled = this.#goOn().catch(this.#failed);
    }
    host.enlist(this);
  }

  #lookFurther(): void {
    const { lookahead } = this.#host;
    lookahead.add(this.#decoder, this.client.db);
    lookahead.run();
  }

  #suspend(until: Promise<void>): void {
    this.#suspended = until.then(this.#goOnServing, this.#failed);
  }

  readonly #goOnServing = (): void => {
    this.#suspended = undefined;
    if (this.#closed) return;
    try {
      this.#needs = this.#host.logPosition;
      const { client } = this;
      if (this.#decoder.pendingBytes > 0 || client.closing || this.#mustWait()) this.#process();
      else if (client.reply.length > 0) this.#host.enlist(this);
    } catch (error) {
      this.#failed(error);
    }
  };

  readonly #failed = (error: unknown): void => {
    this.#readFailed(error);
    this.#close();
  };

  /** Whether serving must pause. */
  #mustWait(): boolean {
    const { outputBytes } = this;
    if (outputBytes >= this.#host.limits.outputWatchedFrom_bytes) {
      this.#outputWatched = true;
      this.#host.checkOutput(this.client);
    }
    return outputBytes > OUTPUT_BYTES_MAX || this.#host.logRoom() !== undefined;
  }

  /** Serves what had to wait, as soon as there is room. */
  async #goOn(): Promise<void> {
    while (!this.#closed && this.#mustWait()) {
      await (this.#host.logRoom() ?? new Promise<void>((resolve) => this.#sent = resolve));
    }
    this.#stalled = undefined;
    if (!this.#closed && this.#suspended === undefined) this.#process();
  }

  /** Takes what waits and sends it, part by part. Callbacks, not `await`: a third of the cost. */
  #send(): void {
    this.#sending = this.client.reply.take();
    for (const part of this.#sending) this.#sendingBytes += part.length;
    this.#write(replyBytes(this.#sending[0]));
  }

  #write(bytes: Uint8Array): void {
    this.#unsent = bytes;
    this.#conn.write(bytes).then(this.#written, this.#writeFailed);
  }

  readonly #written = (count: number): void => {
    if (count < this.#unsent.length) return this.#write(this.#unsent.subarray(count));
    const part = this.#sending!.shift()!;
    this.#sendingBytes -= part.length;
    this.#host.countOutput(part.length);
    releaseReply(part);
    if (this.#closed) return;
    if (this.#sending!.length > 0) return this.#write(replyBytes(this.#sending![0]));
    this.#sending = undefined;
    if (this.client.reply.length > 0 && !this.enlisted) return this.#send();
    if (this.#outputWatched) {
      this.#outputWatched = false;
      this.#host.checkOutput(this.client);
    }
    this.#sent?.();
    this.#sent = undefined;
    if (this.client.closing && !this.enlisted) this.#close();
  };

  /** The peer has gone. */
  readonly #writeFailed = (): void => {
    this.#sending = undefined;
    this.#close();
  };

  #readFailed(error: unknown): void {
    if (this.#closed || isDisconnect(error)) return;
    if (error instanceof QueryTooLargeError) {
      this.#host.log(
        "warning",
        `Closing client ${this.address} that reached max query buffer length`,
      );
    } else {
      const text = error instanceof Error ? error.stack : String(error);
      this.#host.log("warning", `Closing client ${this.address} after an internal error: ${text}`);
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.client.closing = true;
    this.#sent?.();
    this.#sent = undefined;
    try {
      this.#conn.close();
    } catch {
      // It was closed already.
    }
    this.client.unblock?.("error");
    this.client.unwatchAll();
    this.#host.closed(this);
  }
}

function addressText(addr: Deno.Addr, socketName: string): string {
  if (addr.transport === "unix") return `${socketName}:0`;
  if (addr.transport !== "tcp") throw new TypeError(`no address of clients: ${addr.transport}`);
  const host = addr.hostname.replace(/^::ffff:/, ""); // IPv4 through a socket of IPv6
  return host.includes(":") ? `[${host}]:${addr.port}` : `${host}:${addr.port}`;
}

/** Errors that say no more than that the peer has gone, or that we closed. */
function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.TimedOut;
}
