/**
 * The server, put together: keyspace, commands, log, listener, and the order in which they start
 * and end.
 *
 *     start   take the log's directory -> listen (answering -LOADING) -> replay -> open the log
 *     stop    no new connections -> replies of the turn -> log written and forced -> sockets closed
 */

import { Client, type Link } from "../commands/client.ts";
import type { Command } from "../commands/command.ts";
import { Context, type ServerHandle, type ShutdownOptions } from "../commands/context.ts";
import { InfoSections } from "../commands/info_sections.ts";
import { addCommonSections } from "../commands/info_providers.ts";
import { commands } from "../commands/table.ts";
import { fromByteText } from "../config/byte_text.ts";
import type { Config } from "../config/config.ts";
import { lfuTuning } from "../keyspace/access.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { drawHashSeed } from "../memory/hash.ts";
import type { AofError } from "../persistence/aof/errors.ts";
import { snapshotCommands } from "../persistence/aof/snapshot.ts";
import type { Clock } from "../platform/clock.ts";
import type { Disk } from "../platform/disk.ts";
import type { Logger } from "../platform/logger.ts";
import type { Random } from "../platform/random.ts";
import { Args } from "../resp/args.ts";
import { AppendLog } from "./append_log.ts";
import { ClientRegistry } from "./client_registry.ts";
import { CommandTable } from "./command_table.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import { Cron } from "./cron.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type Admission, Listener } from "./listener.ts";
import { Pause } from "./pause.ts";
import { Propagation } from "./propagation.ts";
import { addServerInfo } from "./server_info.ts";
import { Stats } from "./stats.ts";
import { NO_LOG, Turn } from "./turn.ts";

/** What a server is made of that comes from outside. */
export interface ServerOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly logger: Logger;
  /** Ends the process: after SHUTDOWN with 0, when the log cannot be trusted with 1. */
  readonly exit: (code: number) => void;
}

/** Directives whose values are copied to where they are needed fast. */
const COPIED_DIRECTIVES = [
  "maxmemory-policy",
  "lfu-log-factor",
  "lfu-decay-time",
  "proto-max-bulk-len",
  "client-query-buffer-limit",
] as const;

const PROTECTED_MODE_ERROR =
  "DENIED redeno is running in protected mode: it accepts connections from this machine only, " +
  "because no password is set. To connect from elsewhere set 'requirepass', or if no stranger " +
  "can reach this port turn it off with 'CONFIG SET protected-mode no' from this machine or " +
  "'protected-mode no' in the configuration file.";
const MAX_CLIENTS_ERROR = "ERR max number of clients reached";

/** A server. */
export class Server implements ServerHandle {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly keyspace: Keyspace;
  readonly commands: ReadonlyMap<string, Command> = commands;
  readonly clients: ClientRegistry;
  readonly info = new InfoSections();
  readonly effects = new Propagation();
  readonly runId: string;
  readonly stats = new Stats();
  readonly appendLog: AppendLog;
  readonly started_ms: number;
  activeExpiry = true;

  readonly persistence = {
    reload: () => this.#reload(),
    lastSave_s: 0,
    server: this as Server,
    get refusal(): string | undefined {
      return this.server.appendLog.refusal;
    },
  };

  readonly #options: ServerOptions;
  readonly #dispatcher: Dispatcher;
  readonly #turn = new Turn();
  readonly #cron: Cron;
  readonly #connections = new Set<Connection>();
  /** Copies of two directives as plain fields: the decoder reads them at every command. */
  readonly #inputLimits = { bulkBytesMax: 0, queryBytesMax: 0 };
  readonly #host: ConnectionHost;
  #listener: Listener | undefined;
  #ending: Promise<void> | undefined;

  /** @param options what comes from outside. */
  constructor(options: ServerOptions) {
    const { config, clock, random } = options;
    this.#options = options;
    this.config = config;
    this.clock = clock;
    this.random = random;
    this.runId = random.hex(40);
    this.started_ms = clock.now_ms();
    this.persistence.lastSave_s = Math.floor(this.started_ms / 1000);
    this.keyspace = new Keyspace(
      config.values.databases,
      drawHashSeed(random),
      random,
      this.started_ms,
    );
    const pause = new Pause(clock);
    this.clients = new ClientRegistry(pause);
    this.#dispatcher = new Dispatcher({
      server: this,
      table: new CommandTable(commands),
      propagation: this.effects,
      stats: this.stats,
      pause,
    });
    this.appendLog = this.#makeLog();
    this.#cron = new Cron(this, this.stats, () => this.#endBackgroundUnit());
    this.#host = this.#connectionHost();
    this.keyspace.observer = {
      expired: (db, key) => this.effects.add(db, ["DEL", key]),
      notify() {},
    };
    addServerInfo(this.info, this);
    addCommonSections(this);
    this.#obeyConfig();
  }

  /** The port that is listened on; 0: none. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /**
   * Starts: when this resolves the data is loaded and commands are served.
   *
   * @throws {Error} that says what is wrong and what to do; the server is then stopped
   */
  async start(): Promise<void> {
    const { config } = this;
    try {
      this.keyspace.loading = true;
      if (config.values.appendonly) this.appendLog.openDirectory();
      if (config.values.port !== 0 || config.isDefault("port")) this.#listen();
      if (config.values.appendonly) {
        await this.appendLog.load(this.#replayTarget());
        this.appendLog.open();
        this.#attachLog();
      }
      this.keyspace.loading = false;
      this.#cron.start(config.values.hz);
    } catch (error) {
      this.keyspace.loading = false;
      await this.#close();
      throw error;
    }
  }

  call(ctx: Context, command: Command, args: Args): Promise<void> | undefined {
    return this.#dispatcher.call(ctx, command, args);
  }

  resetStatistics(): void {
    this.stats.reset();
    Object.assign(this.keyspace.stats, { hits: 0, misses: 0, expired: 0, evicted: 0 });
    for (const command of commands.values()) {
      for (const each of [command, ...command.subcommands ?? []]) {
        each.usage.reset();
      }
    }
  }

  async shutdown(options: ShutdownOptions): Promise<void> {
    this.#log("notice", "User requested shutdown...");
    try {
      await this.appendLog.flush();
    } catch (error) {
      this.#log("warning", `Can't write and force the append-only file: ${error}`);
      if (!options.force) throw new Error("Errors trying to SHUTDOWN. Check logs.");
    }
    try {
      await this.stop();
    } catch (error) {
      this.#log("warning", `The end was not in order: ${error}`);
      return this.#options.exit(options.force ? 0 : 1);
    }
    this.#options.exit(0);
  }

  /** Ends in order: everything acknowledged is written and forced. Rejects if that fails. */
  stop(): Promise<void> {
    this.#ending ??= this.#stop();
    return this.#ending;
  }

  /** Loses nothing that was acknowledged, but waits for nothing either: for tests and embedding. */
  async #stop(): Promise<void> {
    this.#listener?.close();
    this.#turn.release();
    try {
      await this.appendLog.flush();
    } finally {
      await this.#close();
    }
    this.#log("notice", "redeno is now ready to exit, bye bye...");
  }

  async #close(): Promise<void> {
    this.#cron.stop();
    this.clients.pause(0, false);
    this.#listener?.close();
    for (const connection of this.#connections) connection.close(false);
    this.#detachLog();
    await this.appendLog.close();
  }

  #makeLog(): AppendLog {
    const { config, clock, disk } = this.#options;
    return new AppendLog({
      config,
      clock,
      disk,
      log: (level, text) => this.#log(level, text),
      owner: () => `pid ${Deno.pid}, port ${this.config.values.port}`,
      onSafe: () => this.#turn.release(),
      onFatal: (error) => this.#die(error),
      snapshot: () => snapshotCommands(this.keyspace),
    });
  }

  #attachLog(): void {
    this.#turn.log = this.appendLog;
    this.effects.attach(this.appendLog);
  }

  #detachLog(): void {
    this.#turn.log = NO_LOG;
    this.effects.attach(undefined);
  }

  #die(error: AofError): void {
    this.#log("warning", error.message);
    this.#options.exit(1);
  }

  #listen(): void {
    const { values } = this.config;
    this.#listener = Listener.open({
      addresses: values.bind.length > 0 ? values.bind : ["127.0.0.1"],
      port: values.port,
      backlog: values["tcp-backlog"],
      keepalive_s: () => this.config.values["tcp-keepalive"],
      admit: (conn) => this.#admit(conn),
      serve: (conn) => this.#serve(conn),
      log: (level, text) => this.#log(level, text),
    });
    this.#listener.start();
  }

  #admit(conn: Deno.Conn): Admission {
    const { values } = this.config;
    if (this.clients.count >= values.maxclients) {
      this.stats.connectionsRejected++;
      return { admit: false, error: MAX_CLIENTS_ERROR };
    }
    if (values["protected-mode"] && values.requirepass === "" && !isLocal(conn.remoteAddr)) {
      this.stats.connectionsRejected++;
      return { admit: false, error: PROTECTED_MODE_ERROR };
    }
    return { admit: true };
  }

  #serve(conn: Deno.Conn): void {
    this.stats.connectionsReceived++;
    const id = this.clients.nextId();
    const context = (link: Link) => this.#contextFor(this.#newClient(id, link));
    const connection = new Connection(conn, this.#host, context, id);
    this.clients.add(connection.client);
    this.#connections.add(connection);
    connection.serve();
  }

  #newClient(id: number, link: Link | undefined): Client {
    const client = new Client(id, this.keyspace.database(0), this.clock.now_ms(), link);
    client.authenticated = this.config.values.requirepass === "" || link === undefined;
    return client;
  }

  #contextFor(client: Client): Context {
    return new Context(this, client, NO_ARGS, commands.get("ping")!);
  }

  #connectionHost(): ConnectionHost {
    const { stats, clients, keyspace, clock, appendLog } = this;
    const turn = this.#turn;
    const connections = this.#connections;
    return {
      dispatcher: this.#dispatcher,
      limits: this.#inputLimits,
      logRoom: () => appendLog.room(),
      tick: () => {
        keyspace.now_ms = clock.now_ms();
      },
      enlist: (member) => turn.enlist(member),
      get logPosition() {
        return appendLog.position;
      },
      countInput: (bytes) => {
        stats.inputBytes += bytes;
      },
      countOutput: (bytes) => {
        stats.outputBytes += bytes;
      },
      log: (level, text) => this.#log(level, text),
      closed: (connection) => {
        clients.remove(connection.client);
        connections.delete(connection);
      },
    };
  }

  /** Expiry outside of any command: its DELs are a unit each round. */
  #endBackgroundUnit(): void {
    if (!this.effects.pending) return;
    this.effects.endUnit();
    this.appendLog.commit();
  }

  /** Who the log's commands are carried out for. */
  #replayTarget() {
    const client = this.#newClient(0, undefined);
    const ctx = this.#contextFor(client);
    return {
      reset: () => {
        client.transaction = undefined;
        client.db = this.keyspace.database(0);
      },
      execute: (args: Args) => this.#dispatcher.replay(ctx, args),
    };
  }

  /** DEBUG RELOAD and LOADAOF: empties the keyspace and loads it from the log. */
  async #reload(): Promise<void> {
    if (!this.appendLog.isOpen) {
      throw new Error("the append-only file is off: there is no log to load");
    }
    if (this.keyspace.loading) throw new Error("the append-only file is being loaded already");
    this.keyspace.loading = true; // from here on nobody else reads or changes anything
    try {
      await this.appendLog.flush();
    } catch (error) {
      this.keyspace.loading = false;
      throw error;
    }
    this.#detachLog();
    try {
      await this.appendLog.close();
      for (const db of this.keyspace.databases()) db.clear();
      await this.appendLog.load(this.#replayTarget());
      this.appendLog.open();
      this.#attachLog();
    } catch (error) {
      this.#log("warning", `The log cannot be loaded back: ${error}. Exiting`);
      this.#options.exit(1);
      throw error;
    } finally {
      this.keyspace.loading = false;
    }
  }

  /** Directives that mean something to the running server when CONFIG SET changes them. */
  #obeyConfig(): void {
    const { config, keyspace } = this;
    const obey = () => {
      const { values } = config;
      keyspace.lfu = values["maxmemory-policy"].endsWith("-lfu");
      lfuTuning.logFactor = values["lfu-log-factor"];
      lfuTuning.decay_minutes = values["lfu-decay-time"];
      this.#inputLimits.bulkBytesMax = values["proto-max-bulk-len"];
      this.#inputLimits.queryBytesMax = values["client-query-buffer-limit"];
    };
    obey();
    for (const name of COPIED_DIRECTIVES) config.onChange(name, obey);
    config.onChange("hz", (hz) => this.#cron.start(hz));
    config.onChange("appendfsync", () => this.appendLog.setPolicy());
    config.onChange("appendonly", (on) => this.#switchLog(on));
    config.onChange("loglevel", (level) => {
      this.#options.logger.level = level;
    });
    config.onChange("requirepass", (password) => {
      if (password === "") { for (const client of this.clients.all()) client.authenticated = true; }
    });
    config.onChange("dir", (dir) => {
      const path = fromByteText(dir);
      if (this.#options.disk.stat(path)?.isDirectory !== true) {
        throw new Error("No such file or directory");
      }
    });
  }

  #switchLog(on: boolean): void {
    if (this.keyspace.loading) throw new Error("the append-only file is being loaded");
    if (on === this.appendLog.isOpen) return;
    if (on) {
      this.appendLog.openWithSnapshot();
      this.#attachLog();
    } else {
      this.#detachLog();
      this.#turn.release();
      this.appendLog.close().catch((error) => this.#log("warning", String(error)));
    }
  }

  #log(level: "debug" | "verbose" | "notice" | "warning", text: string): void {
    this.#options.logger.log(level, text);
  }
}

const NO_ARGS = new Args();

function isLocal(addr: Deno.Addr): boolean {
  if (addr.transport !== "tcp" && addr.transport !== "udp") return true;
  const host = addr.hostname.replace(/^::ffff:/, "");
  return host.startsWith("127.") || host === "::1";
}
