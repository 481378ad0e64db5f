/**
 * A plain RESP client for tests: one connection, nothing automatic, exact bytes on demand.
 *
 * Strings are latin1 both ways. Replies come in the order they were sent; pushes of RESP3 and
 * messages of pub/sub are ordinary replies of {@linkcode RespClient.read}. Promise: a server that
 * does not answer fails the test after `timeout_ms` instead of hanging it.
 */

import { latin1, parseReply, type Reply, ReplyScanner } from "./resp_reply.ts";

export type { Reply } from "./resp_reply.ts";

/** One argument of a command: latin1 text or bytes. */
export type Part = string | Uint8Array;
/** A command: its name and arguments. */
export type Command = readonly Part[];

/** How to connect. */
export interface ConnectOptions {
  /** The address; 127.0.0.1 where not given. */
  hostname?: string;
  /** How long a reply may take; 10,000 where not given. */
  timeout_ms?: number;
}

const TIMEOUT_MS = 10_000;
const READ_SIZE_BYTES = 64 * 1024;

/** Opens a connection to a server on this machine. */
export async function connect(port: number, options: ConnectOptions = {}): Promise<RespClient> {
  const conn = await Deno.connect({ hostname: options.hostname ?? "127.0.0.1", port });
  conn.setNoDelay(true);
  return new RespClient(conn, options.timeout_ms ?? TIMEOUT_MS);
}

/** One connection. Not for use by several tasks at a time. */
export class RespClient implements AsyncDisposable {
  readonly #conn: Deno.Conn;
  readonly #timeout_ms: number;
  readonly #chunk = new Uint8Array(READ_SIZE_BYTES);
  readonly #scanner = new ReplyScanner();
  #buf = new Uint8Array(READ_SIZE_BYTES);
  #start = 0;
  #end = 0;
  #reading: Promise<number | null> | undefined;
  #closed = false;

  /** Takes over an open connection; use {@linkcode connect}. */
  constructor(conn: Deno.Conn, timeout_ms: number) {
    this.#conn = conn;
    this.#timeout_ms = timeout_ms;
  }

  /** Sends a command and does not wait for its reply. */
  send(...parts: Command): Promise<void> {
    return this.sendRaw(encodeCommand(parts));
  }

  /** Sends bytes as they are. */
  async sendRaw(bytes: Part): Promise<void> {
    const all = typeof bytes === "string" ? fromLatin1(bytes) : bytes;
    let sent = 0;
    while (sent < all.length) sent += await this.#conn.write(all.subarray(sent));
  }

  /** Sends a command and reads the next reply. */
  async call(...parts: Command): Promise<Reply> {
    return parseReply(await this.callRaw(...parts));
  }

  /** Sends a command and reads the exact bytes of the next reply, as latin1. */
  async callRaw(...parts: Command): Promise<string> {
    await this.send(...parts);
    return await this.readRaw();
  }

  /** Sends all commands at once and reads as many replies. */
  async pipeline(commands: readonly Command[]): Promise<Reply[]> {
    return (await this.pipelineRaw(commands)).map(parseReply);
  }

  /** Sends all commands at once and reads the exact bytes of as many replies. */
  async pipelineRaw(commands: readonly Command[]): Promise<string[]> {
    const replies: string[] = [];
    const read = async () => {
      while (replies.length < commands.length) replies.push(await this.readRaw());
    };
    // Both at once: a server may stop reading while nobody takes its replies.
    await Promise.all([this.sendRaw(concat(commands.map(encodeCommand))), read()]);
    return replies;
  }

  /** Reads the next reply or push. */
  async read(): Promise<Reply> {
    return parseReply(await this.readRaw());
  }

  /**
   * Reads the exact bytes of the next reply or push.
   *
   * @throws {Error} where the server closes the connection, or does not answer in time.
   */
  async readRaw(): Promise<string> {
    const raw = await this.readRawWithin(this.#timeout_ms);
    if (raw !== undefined) return raw;
    const got = latin1(this.#unread().subarray(0, 200));
    this.close();
    throw new Error(`no reply within ${this.#timeout_ms} ms; got so far ${JSON.stringify(got)}`);
  }

  /** Reads the next reply or push, or undefined where none is there within the time. */
  async readWithin(timeout_ms: number): Promise<Reply | undefined> {
    const raw = await this.readRawWithin(timeout_ms);
    return raw === undefined ? undefined : parseReply(raw);
  }

  /** `readWithin`, as exact bytes. */
  async readRawWithin(timeout_ms: number): Promise<string | undefined> {
    const deadline = performance.now() + timeout_ms;
    while (true) {
      const end = this.#scanner.scan(this.#unread());
      if (end !== undefined) return this.#take(end);
      const read = await this.#fill(deadline - performance.now());
      if (read === undefined) return undefined;
      if (read === null) throw new Error("the server closed the connection");
    }
  }

  /** Everything the server still sends before it closes the connection, as latin1. */
  async readToEnd(): Promise<string> {
    const deadline = performance.now() + this.#timeout_ms;
    while (true) {
      const read = await this.#fill(deadline - performance.now());
      if (read === null) return this.#take(this.#end - this.#start);
      if (read === undefined) {
        this.close();
        throw new Error(`the connection is still open after ${this.#timeout_ms} ms`);
      }
    }
  }

  /** Closes the connection; once is enough, more does no harm. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A read that was given up is cancelled by closing; nobody waits for its failure.
    this.#reading?.catch(() => {});
    this.#conn.close();
  }

  /** Closes the connection and waits for a read that was given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    const reading = this.#reading;
    this.close();
    await reading?.catch(() => {});
  }

  /** Reads once: the bytes read, null at the end, undefined where the time is up. */
  async #fill(timeout_ms: number): Promise<number | null | undefined> {
    this.#reading ??= this.#conn.read(this.#chunk);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), Math.max(0, timeout_ms));
    });
    const read = await Promise.race([this.#reading, late]).finally(() => clearTimeout(timer));
    if (read === undefined) return undefined;
    this.#reading = undefined;
    if (read !== null) this.#append(this.#chunk.subarray(0, read));
    return read;
  }

  #unread(): Uint8Array {
    return this.#buf.subarray(this.#start, this.#end);
  }

  #append(bytes: Uint8Array): void {
    const unread = this.#unread();
    if (this.#end + bytes.length > this.#buf.length) {
      const wanted = unread.length + bytes.length;
      const target = wanted * 2 > this.#buf.length ? new Uint8Array(wanted * 2) : this.#buf;
      target.set(unread);
      this.#buf = target;
      this.#start = 0;
      this.#end = unread.length;
    }
    this.#buf.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #take(length: number): string {
    const raw = latin1(this.#unread().subarray(0, length));
    this.#start += length;
    return raw;
  }
}

/** A command as an array of bulk strings. */
export function encodeCommand(parts: Command): Uint8Array {
  const pieces: Uint8Array[] = [fromLatin1(`*${parts.length}\r\n`)];
  for (const part of parts) {
    const bytes = typeof part === "string" ? fromLatin1(part) : part;
    pieces.push(fromLatin1(`$${bytes.length}\r\n`), bytes, fromLatin1("\r\n"));
  }
  return concat(pieces);
}

/** One byte a character; a character above 255 is an error of the test. */
export function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new RangeError(`${JSON.stringify(text)} is not latin1: send bytes`);
    bytes[i] = code;
  }
  return bytes;
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
