/**
 * Stages crashes of a life at every moment of it, recovers from each, and holds what is found
 * against what was promised.
 */

import { Seeded } from "../kit/flags.ts";
import { Aftermath, type Survival } from "./aftermath.ts";
import { Copies, type Copy, NO_COPY, withoutCopies } from "./copies.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Image, Journal } from "./journal.ts";
import type { BackupMade, Mark } from "./life.ts";
import { recover, type Recovery } from "./recovery.ts";
import type { Directives } from "./sim_server.ts";

/** What remains of a life when it is over. */
export interface LifeRecord {
  /** How to live it again, for messages. */
  readonly title: string;
  /** Chance in the crashes begins here. */
  readonly seed: number;
  /** What those who come after the crash are started with. */
  readonly directives: Directives;
  readonly journal: Journal;
  readonly states: readonly string[];
  readonly marks: readonly Mark[];
  /** Backups that were begun. */
  readonly backups: readonly BackupMade[];
  /** Whether it began with nothing, so that all copies are of its own states. */
  readonly isFirst: boolean;
}

/** Figures of a campaign. */
export interface Tally {
  /** Crashes staged. */
  crashes: number;
  /** Different disks among them: each was recovered from once. */
  recoveries: number;
}

/** Crashes a life at every place of its journal, `outcomes` times by power each. */
export class Campaign {
  readonly #record: LifeRecord;
  readonly #tally: Tally;
  readonly #known = new Map<string, Recovery>();
  readonly #copies = new Copies();
  /** Digest to the number of the last state that has it. */
  readonly #stateOf: ReadonlyMap<string, number>;
  /** Whether an fsync has failed: the archive's own may then have saved what the log has lost. */
  readonly #hasDoubts: boolean;
  #place = "";

  /** @param tally is counted up. */
  constructor(record: LifeRecord, tally: Tally) {
    this.#record = record;
    this.#tally = tally;
    this.#hasDoubts = record.journal.ops.some(({ kind }) => kind === "doubt");
    this.#stateOf = new Map(record.states.map((digest, state) => [digest, state]));
  }

  /**
   * Crashes everywhere.
   *
   * @param survivals one power failure for each of them at each place
   * @throws {Error} a promise was broken; says how to repeat it
   */
  async everywhere(survivals: readonly Survival[]): Promise<void> {
    const { journal, marks, seed } = this.#record;
    const aftermath = new Aftermath(journal);
    let next = 0;
    do {
      const { position } = aftermath;
      while (next < marks.length && marks[next].position <= position) next++;
      const mark = marks[next - 1];
      const random = new Seeded(seed * 31 + position);
      await this.#check(aftermath.kill(), mark, "kill", position);
      const torn_bytes = random.below(Math.max(1, aftermath.nextWrite_bytes));
      if (torn_bytes > 0) {
        const how = `kill within the next write, at byte ${torn_bytes}`;
        await this.#check(aftermath.kill(torn_bytes), mark, how, position);
      }
      for (const survival of survivals) {
        const how = `power failure, ${survival} survives`;
        await this.#check(aftermath.power(survival, random), mark, how, position);
      }
    } while (aftermath.advance());
  }

  /** One crash at a place by chance: what is left on the disk, after it was checked. */
  async anywhere(
    random: Seeded,
    survivals: readonly Survival[],
  ): Promise<{ image: Image; state: number }> {
    const { journal, marks } = this.#record;
    const aftermath = new Aftermath(journal);
    const place = random.between(0, journal.ops.length);
    while (aftermath.position < place) aftermath.advance();
    const mark = marks.findLast(({ position }) => position <= place)!;
    if (random.chance(0.3)) {
      const image = aftermath.kill();
      return { image, state: await this.#check(image, mark, "kill", place) };
    }
    const survival = random.pick(survivals);
    const image = aftermath.power(survival, random);
    const how = `power failure, ${survival} survives`;
    return { image, state: await this.#check(image, mark, how, place) };
  }

  /** Recovers, and holds what is there against what was promised; returns the state's number. */
  async #check(image: Image, mark: Mark, how: string, position: number): Promise<number> {
    this.#tally.crashes++;
    const atLeast = how.startsWith("power") ? mark.power : mark.kill;
    this.#place = `${this.#record.title}: ${how}, at place ${position} of the journal`;
    const { digest, error, lines } = await this.#recover(image);
    if (digest === undefined) this.#fail(`does not load: ${error}`, lines, image);
    const state = this.#stateOf.get(digest);
    if (state === undefined) this.#fail("holds what is no prefix of the commands", lines, image);
    if (state < atLeast) {
      this.#fail(`holds state ${state}, but ${atLeast} was promised`, lines, image);
    }
    await this.#checkCopies(image, mark, position, state);
    return state;
  }

  /** The archive, and the backups that were begun: none of them may be mistaken for what it is not. */
  async #checkCopies(
    image: Image,
    { archived }: Mark,
    position: number,
    logState: number,
  ): Promise<void> {
    const { backups, isFirst } = this.#record;
    if (archived >= 0 || isFirst) {
      const copy = await this.#copies.archive(image);
      this.#checkCopy(copy, "the archive", archived, image);
      const first = this.#record.states.indexOf(copy.digest ?? "");
      if (first > logState && !this.#hasDoubts) {
        this.#fail(`the archive holds state ${first}, the log ${logState} only`, [], image);
      }
    }
    for (const { path, from, completeFrom } of backups) {
      const least = position >= completeFrom ? from : -1;
      this.#checkCopy(await this.#copies.backup(image, path), path, least, image);
    }
  }

  /** @param atLeast number of the state that it must have reached; -1: it need not be there. */
  #checkCopy(copy: Copy, what: string, atLeast: number, image: Image): void {
    if (copy === NO_COPY && atLeast < 0) return;
    const { digest, error } = copy;
    if (digest === undefined) this.#fail(`${what} gives nothing: ${error}`, [], image);
    const state = this.#stateOf.get(digest);
    if (state === undefined) {
      this.#fail(`${what} holds what is no prefix of the commands`, [], image);
    }
    if (state < atLeast) {
      this.#fail(`${what} holds state ${state}, but ${atLeast} was promised`, [], image);
    }
  }

  async #recover(image: Image): Promise<Recovery> {
    const name = fingerprint(withoutCopies(image));
    let recovery = this.#known.get(name);
    if (recovery === undefined) {
      this.#tally.recoveries++;
      recovery = await recover(image, this.#record.directives);
      this.#known.set(name, recovery);
    }
    return recovery;
  }

  #fail(what: string, lines: readonly string[], image: Image): never {
    const files = [...image.files].map(([path, { length }]) => `  ${path} ${length} bytes`);
    const { ops } = this.#record.journal;
    const position = Number(/place (\d+)/.exec(this.#place)![1]);
    const before = ops.slice(Math.max(0, position - 12), position)
      .map((op) => `  ${describe(op)}`);
    throw new Error(
      [`${this.#place}: ${what}`, "its log:", ...lines.map((line) => `  ${line}`), "its disk:"]
        .concat(files, "done before:", before).join("\n"),
    );
  }
}

function describe(op: Journal["ops"][number]): string {
  return JSON.stringify(op, (_key, value) => value instanceof Uint8Array ? value.length : value);
}
