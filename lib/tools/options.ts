/**
 * A tool's command line: flags with a value, flags without, and words. What is not declared is
 * refused, so that a misspelt `--to-tiem` never means "all of it".
 */

// @ts-types="./std_parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
import { parseTime } from "../numbers/time_text.ts";

/** A command line that makes no sense; the message says what is wrong with it. */
export class UsageError extends Error {
  /** The class, for logs. */
  override readonly name = "UsageError";
}

/** The flags of a tool, without their dashes. */
export interface OptionNames {
  /** Those that take a value. */
  readonly values?: readonly string[];
  /** Those that are on or off. */
  readonly switches?: readonly string[];
}

/** What was given. */
export class Options {
  /** The arguments that are no flags. */
  readonly words: readonly string[];
  readonly #values: ReadonlyMap<string, string>;
  readonly #switches: ReadonlySet<string>;

  /** @throws {UsageError} an unknown flag, or one without its value. */
  constructor(argv: readonly string[], names: OptionNames) {
    const values = names.values ?? [];
    const switches = names.switches ?? [];
    const parsed = parseArgs(argv, {
      string: ["_", ...values],
      boolean: switches,
      unknown: (arg) => {
        if (arg.startsWith("-") && arg !== "-") throw new UsageError(`unknown option '${arg}'`);
      },
    });
    this.words = parsed._.map(String);
    this.#values = new Map(
      values.filter((name) => parsed[name] !== undefined).map((name) => [name, `${parsed[name]}`]),
    );
    this.#switches = new Set(switches.filter((name) => parsed[name] === true));
    for (const [name, value] of this.#values) {
      if (value === "") throw new UsageError(`--${name} needs a value`);
    }
  }

  /** Whether a switch was given. */
  has(name: string): boolean {
    return this.#switches.has(name);
  }

  /** The value of a flag; undefined: not given. */
  value(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** A value that must be there. @throws {UsageError} */
  required(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw new UsageError(`--${name} is needed`);
    return value;
  }

  /** A value that is a whole number, not negative. @throws {UsageError} */
  number(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    if (!/^[0-9]{1,15}$/.test(value)) {
      throw new UsageError(`--${name} must be a whole number, not '${value}'`);
    }
    return Number(value);
  }

  /** A value that is a moment, in seconds since the epoch. @throws {UsageError} */
  time(name: string): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    const time_s = parseTime(value);
    if (typeof time_s === "string") throw new UsageError(`--${name} ${value}: ${time_s}`);
    return time_s;
  }

  /** The one word there must be. @param what for the message: `DIR`. @throws {UsageError} */
  word(what: string): string {
    if (this.words.length !== 1) {
      throw new UsageError(
        this.words.length === 0 ? `${what} is missing` : `one ${what} only, please`,
      );
    }
    return this.words[0];
  }
}
