/**
 * The server, put together: keyspace, commands, log, listener, and the order in which they start
 * and end.
 *
 *     start   take the log's directory -> listen (answering -LOADING) -> replay -> open the log
 *     stop    no new connections -> replies of the turn -> log written and forced -> sockets closed
 */

import type { Decoder } from "../resp/decoder.ts";
import { Client, type Link } from "../commands/client.ts";
import type { Command } from "../commands/command.ts";
import { Context, type ServerHandle, type ShutdownOptions } from "../commands/context.ts";
import { InfoSections } from "../commands/info_sections.ts";
import { allCommands } from "../commands/command_lookup.ts";
import { addCommonSections } from "../commands/info_providers.ts";
import { renamedCommands } from "../commands/command_renames.ts";
import { commands } from "../commands/table.ts";
import type { Config } from "../config/config.ts";
import { keyEvent } from "../keyspace/events.ts";
import { noKeyspaceStats } from "../keyspace/shared.ts";
import { Keyspace } from "../keyspace/keyspace.ts";
import { drawHashSeed } from "../memory/hash.ts";
import type { Clock } from "../platform/clock.ts";
import type { Disk } from "../platform/disk.ts";
import type { Logger } from "../platform/logger.ts";
import { messageOf } from "../platform/message_of.ts";
import type { Random } from "../platform/random.ts";
import { Args } from "../resp/args.ts";
import { KeyBlocking } from "./blocking.ts";
import { ClientRegistry } from "./client_registry.ts";
import { CommandTable } from "./command_table.ts";
import { CommandTimer, markLight } from "./command_timer.ts";
import { obeyConfig } from "./config_effects.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import { Cron } from "./cron.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Durability } from "./durability.ts";
import { type Admission, admission } from "./door.ts";
import type { Poll } from "./gathering.ts";
import { LatencyMonitor } from "./latency_monitor.ts";
import { Listeners } from "./listeners.ts";
import { Monitors } from "./monitors.ts";
import { Notifications } from "./notifications.ts";
import { OutputLimits } from "./output_limits.ts";
import { Pause } from "./pause.ts";
import { Propagation } from "./propagation.ts";
import { PubSub } from "./pubsub.ts";
import { addServerInfo } from "./server_info.ts";
import { SlowCommands } from "./slow_log.ts";
import { Stats } from "./stats.ts";
import { Lookahead } from "../keyspace/lookahead.ts";
import { Turn } from "./turn.ts";

/** What a server is made of that comes from outside. */
export interface ServerOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly logger: Logger;
  /** Opens what makes the event loop look for input; not given: a connection to itself. */
  readonly openPoll?: () => Promise<Poll>;
  /** Whether `port 0` means a free port (embedding, tests) rather than none. */
  readonly freePort?: boolean;
  /** Ends the process: after SHUTDOWN with 0, when the log cannot be trusted with 1. */
  readonly exit: (code: number) => void;
}

const EXPIRED = keyEvent("expired", "expired");

/** A server. */
export class Server implements ServerHandle {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly keyspace: Keyspace;
  readonly commands: ReadonlyMap<string, Command>;
  readonly clients: ClientRegistry;
  readonly info = new InfoSections();
  readonly effects = new Propagation();
  readonly runId: string;
  readonly stats = new Stats();
  readonly blocking: KeyBlocking;
  readonly pubsub: PubSub;
  readonly monitors: Monitors;
  readonly slowLog: SlowCommands;
  readonly latency: LatencyMonitor;
  readonly started_ms: number;
  activeExpiry = true;

  readonly persistence: Durability;

  readonly #options: ServerOptions;
  readonly #dispatcher: Dispatcher;
  readonly #notifications: Notifications;
  readonly #lookahead = new Lookahead();
  readonly #turn: Turn;
  readonly #cron: Cron;
  readonly #connections = new Set<Connection>();
  /** Copies of directives as plain fields: they are read at every command. */
  readonly #limits = { bulkBytesMax: 0, queryBytesMax: 0, outputWatchedFrom_bytes: 0 };
  readonly #outputLimits: OutputLimits;
  readonly #host: ConnectionHost;
  readonly #listeners: Listeners;
  #ending: Promise<void> | undefined;

  /**
   * @param options what comes from outside
   * @throws {ConfigError} if `rename-command` names what is not there
   */
  constructor(options: ServerOptions) {
    const { config, clock, random } = options;
    this.commands = renamedCommands(commands, config.commandRenames);
    this.#options = options;
    this.#turn = new Turn(this.#lookahead, options.openPoll);
    this.config = config;
    this.clock = clock;
    this.random = random;
    this.runId = random.hex(40);
    this.started_ms = clock.now_ms();
    this.keyspace = new Keyspace(
      config.values.databases,
      drawHashSeed(random),
      random,
      this.started_ms,
    );
    const pause = new Pause(clock, this.keyspace);
    this.clients = new ClientRegistry(pause);
    this.slowLog = new SlowCommands(clock, () => config.values["slowlog-max-len"]);
    this.latency = new LatencyMonitor(clock, () => config.values["latency-monitor-threshold"]);
    this.monitors = new Monitors({
      clock,
      isLoading: () => this.keyspace.loading,
      checkOutput: (client) => this.#outputLimits.check(client),
    });
    const timer = new CommandTimer({ clock, slowLog: this.slowLog, latency: this.latency });
    markLight(allCommands(commands));
    this.blocking = new KeyBlocking({
      clock,
      dirty: () => this.keyspace.dirty,
      endUnit: () => this.effects.endUnit(),
      served: (ctx, elapsed_ms) => timer.served(ctx, elapsed_ms),
    });
    this.#turn.onServed = () => timer.endTurn();
    const table = new CommandTable(this.commands);
    this.#dispatcher = new Dispatcher({
      server: this,
      table,
      ownNames: this.commands === commands ? table : new CommandTable(commands),
      propagation: this.effects,
      stats: this.stats,
      pause,
      blocking: this.blocking,
      monitors: this.monitors,
      timer,
    });
    this.persistence = new Durability({
      server: this,
      stats: this.stats,
      disk: options.disk,
      effects: this.effects,
      turn: this.#turn,
      replayTarget: () => this.#replayTarget(),
      log: (level, text) => this.#log(level, text),
      onEvent: (event, duration_ms) => this.latency.add(event, duration_ms),
      exit: options.exit,
    });
    this.#cron = new Cron(
      this,
      this.stats,
      () => this.#endBackgroundUnit(),
      (now_ms) => {
        this.persistence.cron(now_ms);
        this.#turn.watch();
      },
    );
    this.#outputLimits = new OutputLimits({
      clock,
      limits: () => config.values["client-output-buffer-limit"],
      log: (text) => this.#log("warning", text),
    });
    this.#listeners = new Listeners({
      config,
      freePort: options.freePort === true,
      admit: (conn) => this.#admit(conn),
      serve: (conn) => this.#serve(conn),
      log: (level, text) => this.#log(level, text),
      clock,
    });
    this.#host = this.#connectionHost();
    this.pubsub = new PubSub(this.#outputLimits);
    this.#notifications = new Notifications(this.pubsub);
    this.keyspace.observer = {
      expired: (db, key) => {
        this.effects.add(db, ["DEL", key]);
        const { notifyClasses } = this.keyspace;
        if ((notifyClasses & EXPIRED.eventClass) !== 0) {
          this.#notifications.publish(db, EXPIRED, key);
        }
      },
      fieldsExpired: (db, key, fields) => {
        this.effects.add(db, fields.length === 0 ? ["DEL", key] : ["HDEL", key, ...fields]);
      },
      notify: (db, event, key) => this.#notifications.publish(db, event, key),
    };
    addServerInfo(this.info, this);
    addCommonSections(this);
    obeyConfig({
      server: this,
      limits: this.#limits,
      cron: this.#cron,
      notifications: this.#notifications,
      timer,
      disk: options.disk,
      logger: options.logger,
      listen: () => this.#listeners.moveTcp(),
    });
  }

  /** The TCP port that is listened on; 0: none. */
  get port(): number {
    return this.#listeners.port;
  }

  /** The Unix socket that is listened on, as configured; empty: none. */
  get socketName(): string {
    return this.#listeners.socketName;
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
      this.persistence.claim();
      await this.#listeners.open();
      await this.persistence.start();
      this.keyspace.loading = false;
      this.#cron.start(config.values.hz);
    } catch (error) {
      this.keyspace.loading = false;
      await this.#close();
      throw error;
    }
  }

  get backups() {
    return this.persistence.backups;
  }

  call(ctx: Context, command: Command, args: Args): Promise<void> | undefined {
    return this.#dispatcher.call(ctx, command, args);
  }

  resetStatistics(): void {
    this.stats.reset();
    this.persistence.resetStatistics();
    Object.assign(this.keyspace.stats, noKeyspaceStats());
    for (const { usage } of allCommands(commands)) usage.reset();
  }

  async shutdown(options: ShutdownOptions): Promise<void> {
    this.#log("notice", "User requested shutdown...");
    let doing = "Can't write and force the data";
    try {
      await this.persistence.flush();
      doing = "Error trying to save the DB, can't exit";
      this.persistence.saveLast(options.save);
    } catch (error) {
      this.#log("warning", `${doing}: ${messageOf(error)}`);
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
    this.#listeners.close();
    this.#turn.release();
    try {
      await this.persistence.flush();
    } finally {
      await this.#close();
    }
    this.#log("notice", "redeno is now ready to exit, bye bye...");
  }

  async #close(): Promise<void> {
    this.#cron.stop();
    this.clients.pause(0, false);
    const gone = this.#listeners.close();
    for (const connection of this.#connections) connection.close(false);
    this.blocking.close();
    await Promise.all([this.persistence.close(), this.#turn.close(), gone]);
  }

  #admit(conn: Deno.Conn): Admission {
    const answer = admission(conn.remoteAddr, this.config.values, this.clients.count);
    if (!answer.admit) this.stats.connectionsRejected++;
    return answer;
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
    const { stats, clients, keyspace, clock, persistence: { appendLog } } = this;
    const turn = this.#turn;
    const connections = this.#connections;
    const listeners = this.#listeners;
    return {
      dispatcher: this.#dispatcher,
      limits: this.#limits,
      logRoom: () => appendLog.room(),
      tick: () => {
        keyspace.now_ms = clock.now_ms();
      },
      lookahead: this.#lookahead,
      arrive: (connection) => turn.arrive(connection),
      enlist: (member) => turn.enlist(member),
      get logPosition() {
        return appendLog.position;
      },
      get socketName() {
        return listeners.socketName;
      },
      countInput: (bytes) => {
        stats.inputBytes += bytes;
        stats.reads++;
      },
      countOutput: (bytes) => {
        stats.outputBytes += bytes;
        stats.writes++;
      },
      log: (level, text) => this.#log(level, text),
      checkOutput: (client) => this.#outputLimits.check(client),
      closed: (connection) => {
        this.#outputLimits.forget(connection.client);
        this.pubsub.unsubscribeAll(connection.client);
        this.monitors.remove(connection.client);
        clients.remove(connection.client);
        connections.delete(connection);
      },
    };
  }

  /** Expiry outside of any command: its DELs are a unit each round. */
  #endBackgroundUnit(): void {
    if (!this.effects.pending && !this.blocking.hasReady) return;
    this.effects.endUnit();
    this.blocking.serve();
    this.persistence.appendLog.commit();
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
      lookAhead: (decoder: Decoder) => {
        this.#lookahead.add(decoder, client.db);
        this.#lookahead.run();
      },
    };
  }

  #log(level: "debug" | "verbose" | "notice" | "warning", text: string): void {
    this.#options.logger.log(level, text);
  }
}

const NO_ARGS = new Args();
