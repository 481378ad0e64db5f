/**
 * A server's life on a simulated disk, watched from outside: which states it went through, and
 * what it had promised to its clients by when.
 *
 * A **state** is the digest of all data after one unit (a command, a whole transaction, an expiry);
 * state number n is the prefix of n units. A reply **promises** the state that the server had when
 * it had served the input: whatever that client wrote or could have seen.
 */

import type { Seeded } from "../kit/flags.ts";
import { resp } from "../persistence/kit.ts";
import type { Journal } from "./journal.ts";
import { drive, settle, SimClock } from "./sim_clock.ts";
import type { SimDisk } from "./sim_disk.ts";
import type { SimConnection } from "./sim_network.ts";
import { type Directives, SimServer } from "./sim_server.ts";
import { WRITE_COMMANDS, type WriteCommand } from "./write_commands.ts";

/** What must have survived if there is a crash when the disk's journal has this length, or later. */
export interface Mark {
  /** Length of the journal. */
  readonly position: number;
  /** Number of the state that the end of the process must not undo. */
  readonly kill: number;
  /** Number of the state that the end of the machine must not undo. */
  readonly power: number;
  /** Number of the state that the archive must have; -1: none. */
  readonly archived: number;
}

/** A backup that was begun. */
export interface BackupMade {
  /** Its directory. */
  readonly path: string;
  /** Number of the state when it was begun: it holds that one or a later one. */
  readonly from: number;
  /** Length of the journal from which on it must be there; Infinity: it was never complete. */
  completeFrom: number;
}

/** The time at which every life begins. */
export const BIRTH_MS = 1_700_000_000_000;
const CLIENTS = 4;

interface Input {
  /** Replies that are still to come. */
  replies: number;
  readonly touchesData: boolean;
  /** State after it was served; undefined: not yet. */
  state: number | undefined;
  /** Whether what it wrote went to the log, and whether under `always`. */
  logged: boolean;
  always: boolean;
}

/** What a client sends at once. */
export interface InputOptions {
  /** Whether the commands read or write data. Default: they do. */
  readonly touchesData?: boolean;
}

/** A client of the life. */
export class SimClient {
  /** Replies, the last ones last; for steps that look at them. */
  readonly replies: string[] = [];
  readonly #life: Life;
  readonly #inputs: Input[] = [];
  #served = 0;
  #connection: SimConnection | undefined;

  /** Not connected yet. */
  constructor(life: Life) {
    this.#life = life;
  }

  /** Connects to the life's server. */
  async connect(): Promise<void> {
    this.#inputs.length = 0;
    this.#served = 0;
    this.#connection = await this.#life.sim.connect({
      served: (index) => this.#wasServed(index),
      replied: (reply) => this.#hear(reply),
    });
  }

  /** Sends commands in one piece; `settle()` lets them be served. */
  send(commands: readonly (readonly string[])[], options: InputOptions = {}): void {
    this.#inputs.push({
      replies: commands.length,
      touchesData: options.touchesData ?? true,
      state: undefined,
      logged: false,
      always: false,
    });
    this.#connection!.send(commands.map((words) => resp(...words)).join(""));
  }

  /** Whether it waits for replies. */
  get isWaiting(): boolean {
    return this.#inputs.some(({ replies }) => replies > 0);
  }

  #wasServed(index: number): void {
    if (index < this.#served) return;
    this.#served = index + 1;
    const input = this.#inputs[index];
    this.#life.noticeState();
    input.state = this.#life.states.length - 1;
    input.logged = this.#life.isLogged;
    input.always = this.#life.isAlways;
  }

  #hear(reply: string): void {
    this.replies.push(reply);
    const input = this.#inputs.find(({ replies }) => replies > 0);
    if (input === undefined) { // thrown here it would be the server's error
      this.#life.problem ??= `a reply that nobody waits for: ${reply}`;
      return;
    }
    input.replies--;
    if (reply.startsWith("-") || !input.touchesData || input.state === undefined) return;
    if (input.replies > 0 || !input.logged || this.#life.hasGivenUpLog) return;
    this.#life.promise(input.state, input.always);
  }
}

/** What a life is lived with. */
export interface LifeOptions {
  readonly disk: SimDisk;
  readonly random: Seeded;
  /** Draws what the server is started with, each time it is. */
  readonly directives: () => Directives;
  /** What was lived on this disk before: keeps new values apart from those. */
  readonly generation?: number;
  /** What clients write. */
  readonly commands?: readonly WriteCommand[];
}

/** Steps of a life take numbers below this. */
const NUMBERS_PER_GENERATION = 10_000;

/** The life. */
export class Life {
  readonly disk: SimDisk;
  readonly random: Seeded;
  /** What clients write. */
  readonly commands: readonly WriteCommand[];
  clock!: SimClock;
  readonly clients: SimClient[] = [];
  /** Digests; the first one is what was loaded. */
  readonly states: string[] = [];
  /** What was promised, in order; all figures only grow. */
  readonly marks: Mark[] = [{ position: 0, kill: 0, power: 0, archived: -1 }];
  /** Backups that were begun. */
  readonly backups: BackupMade[] = [];
  /** What the server was started with. */
  directives: Directives = {};
  /** What the server did wrong in the eyes of its clients. */
  problem: string | undefined;
  /** The server; another one after a restart. */
  sim!: SimServer;
  readonly #drawDirectives: () => Directives;
  #end: number | undefined;
  #awaited: { line: string; state: number; from: number } | undefined;
  #unique = 0;

  private constructor(options: LifeOptions) {
    this.disk = options.disk;
    this.random = options.random;
    this.commands = options.commands ?? WRITE_COMMANDS;
    this.#drawDirectives = options.directives;
    this.#unique = NUMBERS_PER_GENERATION * (options.generation ?? 0);
  }

  /** Starts a server; where that fails because calls on the disk fail, the life is over at once. */
  static async begin(options: LifeOptions): Promise<Life> {
    const life = new Life(options);
    life.#startClock(BIRTH_MS);
    await life.#attempt(() => life.#start());
    return life;
  }

  /** Whether the server goes on. */
  get isAlive(): boolean {
    if (this.sim.exitCode !== undefined) this.#end ??= this.disk.position;
    return this.#end === undefined;
  }

  /** The journal, as far as the process lived. */
  get journal(): Journal {
    const { journal } = this.disk;
    return { ...journal, ops: journal.ops.slice(0, this.#end) };
  }

  /** Whether changes go to the log that a restart finds. */
  get isLogged(): boolean {
    const { config, persistence: { appendLog, logReady } } = this.sim.server;
    return config.values.appendonly && appendLog.isOpen && logReady === undefined;
  }

  /** Whether the log was turned off when it could not be written: that is said, and no promise. */
  get hasGivenUpLog(): boolean {
    return this.sim.lines.some((line) => line.startsWith("The end of the append-only file is not"));
  }

  /** Whether replies wait for stable storage. */
  get isAlways(): boolean {
    return this.sim.server.config.values.appendfsync === "always";
  }

  /** A number that no other call gives. */
  next(): number {
    return ++this.#unique;
  }

  /** One of the clients that wait for nothing. */
  client(): SimClient {
    const free = this.clients.filter((client) => !client.isWaiting);
    return this.random.pick(free.length > 0 ? free : this.clients);
  }

  /** Remembers the present state, if it is a new one. */
  noticeState(): void {
    if (this.sim.server.keyspace.loading) return; // that is no state of the data
    const { digest } = this.sim;
    if (digest !== this.states.at(-1)) this.states.push(digest);
  }

  /** From now on a crash must not undo `state`; `stable`: not even one of the machine. */
  promise(state: number, stable: boolean): void {
    if (!this.isAlive) return;
    const last = this.marks.at(-1)!;
    const kill = Math.max(last.kill, state);
    const power = stable && this.isAlways ? Math.max(last.power, state) : last.power;
    this.#mark({ kill, power });
  }

  /** From now on nothing at all may undo the state: by default the present one. */
  promiseSafe(state = this.states.length - 1): void {
    const last = this.marks.at(-1)!;
    this.#mark({ kill: Math.max(last.kill, state), power: Math.max(last.power, state) });
  }

  /** If the archive has caught up, it is not to lose the present state any more. */
  noticeArchive(): void {
    const { appendLog, archiver } = this.sim.server.persistence;
    const facts = appendLog.facts();
    const archive = new Map(archiver.infoLines());
    const isIdle = appendLog.position === appendLog.safePosition && this.disk.backgroundCount === 0;
    if (!this.isLogged || !isIdle || facts === undefined || facts.written_bytes === 0) return;
    const left = ["aof_archive_lag_bytes", "aof_archive_pending_files"];
    if (archive.get("aof_archive_status") !== "ok") return;
    if (left.some((name) => archive.get(name) !== 0)) return;
    this.noticeState();
    this.#mark({ archived: this.states.length - 1 });
  }

  /** A backup has begun. */
  backupBegun(path: string): void {
    this.noticeState();
    this.backups.push({ path, from: this.states.length - 1, completeFrom: Infinity });
  }

  /** When the server's log says `line`, the present state is safe from everything. */
  safeWhenSaid(line: string): void {
    this.#awaited = { line, state: this.states.length - 1, from: this.sim.lines.length };
  }

  /** Looks at what the server's log says since the last look. */
  noticeLog(): void {
    const { state, path } = this.sim.server.persistence.backups.status;
    const backup = this.backups.find((made) => made.path === path);
    if (state === "done" && backup?.completeFrom === Infinity) {
      backup.completeFrom = this.disk.position;
    }
    const awaited = this.#awaited;
    if (awaited === undefined || !this.sim.lines.slice(awaited.from).includes(awaited.line)) return;
    this.#awaited = undefined;
    this.promiseSafe(awaited.state);
  }

  /** An orderly end and a new start on the same disk. */
  async restart(): Promise<void> {
    await this.#attempt(async () => {
      const wasLogged = this.isLogged;
      this.disk.holdBackground = false;
      await this.#drive(this.sim.server.stop());
      this.noticeState();
      if (wasLogged) this.promiseSafe();
      await this.#start();
    });
  }

  /** The process is killed, and started again on the same disk. */
  async kill(): Promise<void> {
    const { kill } = this.marks.at(-1)!;
    this.disk.endProcess();
    this.#startClock(this.clock.now_ms()); // the timers of the dead never ring
    await this.#attempt(() => this.#start());
    const found = this.states.lastIndexOf(this.sim.digest);
    if (this.isAlive && found < kill) {
      throw new Error(`after a kill there is state ${found}, but ${kill} was promised`);
    }
  }

  /** Lets background calls of the disk end: some, or all. */
  async endBackground(all: boolean): Promise<void> {
    const { disk, random } = this;
    while (disk.backgroundCount > 0 && (all || random.chance(0.7))) {
      disk.endBackground(random.below(disk.backgroundCount));
      await settle();
    }
  }

  async #start(): Promise<void> {
    this.disk.holdBackground = false;
    this.#awaited = undefined;
    this.directives = this.#drawDirectives();
    const started = SimServer.start(this.disk, this.clock, this.directives, (sim) => {
      const { effects, persistence: { appendLog } } = sim.server;
      for (const way of ["append", "appendLazily"] as const) {
        const append = appendLog[way].bind(appendLog);
        appendLog[way] = (bytes, start, end, commands) => {
          append(bytes, start, end, commands);
          this.noticeState();
        };
      }
      const endUnit = effects.endUnit.bind(effects);
      effects.endUnit = () => { // the log may be off
        endUnit();
        this.noticeState();
      };
      this.sim = sim;
    });
    await this.#drive(started);
    this.noticeState();
    this.disk.holdBackground = true;
    this.clients.length = 0;
    for (let i = 0; i < CLIENTS; i++) {
      const client = new SimClient(this);
      await client.connect();
      this.clients.push(client);
    }
  }

  /** Ends the life if `action` fails where calls on the disk fail: the process would have ended. */
  async #attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (this.disk.fault === undefined) throw error;
      this.#end ??= this.disk.position;
      if (this.states.length === 0) this.states.push(this.sim.digest);
    }
  }

  #startClock(start_ms: number): void {
    this.clock = new SimClock(start_ms);
    this.clock.reading_ms = this.random.pick([0, 0.01, 0.3, 0.6]);
  }

  #drive<T>(promise: Promise<T>): Promise<T> {
    return drive(promise, this.clock, () => {
      while (this.disk.backgroundCount > 0) this.disk.endBackground(0);
    });
  }

  #mark(promised: Partial<Omit<Mark, "position">>): void {
    const last = this.marks.at(-1)!;
    const next = { ...last, ...promised, position: this.disk.position };
    const { kill, power, archived } = next;
    if (kill === last.kill && power === last.power && archived === last.archived) return;
    this.marks.push(next);
  }
}
