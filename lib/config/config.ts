/**
 * The configuration of a running server: typed values, CONFIG GET and CONFIG SET.
 *
 * Promise: {@linkcode Config.set} is all or nothing. Every value is checked before the first one
 * changes; when a listener then refuses, everything is as it was, and the listeners that had
 * already run have been told the old values again.
 */

import { globMatch } from "../numbers/glob.ts";
import { bytesOf } from "./byte_text.ts";
import {
  type Directive,
  directiveNames,
  directives,
  findDirective,
  shownNames,
} from "./directives.ts";
import { ConfigCommandError, ConfigLoadingError, ValueError } from "./errors.ts";
import { type Parsed, wordsFor } from "./kind.ts";
import { attempt, inOrder } from "./maybe_async.ts";
import type { CommandRename } from "./command_rename.ts";
import type { ConfigValues } from "./values.ts";
import { messageOf } from "../platform/message_of.ts";

/**
 * A listener for one value. It may refuse a value by throwing an Error that says why, or by
 * rejecting with it: the next listener hears of its value when this one has resolved.
 */
export type ChangeListener<Value> = (value: Value) => void | Promise<void>;

/** Who sets, and when. */
interface SetOptions {
  readonly local?: boolean;
  readonly loading?: boolean;
}

interface Change {
  readonly directive: Directive;
  /** The name that was used: a directive's own or an alias, in small letters. */
  readonly name: string;
  readonly before: Parsed<unknown>;
  readonly after: Parsed<unknown>;
}

/** The values of all directives. */
export class Config {
  /** The live directives' values: plain fields, always up to date. Do not keep copies of it. */
  readonly values: ConfigValues;
  /** The configuration file as an absolute Unicode path, if the server runs with one. */
  readonly file: string | undefined;
  /** Where the process started, as byte text: what relative paths in the file start from. */
  readonly directory: string;
  /** The lines of `rename-command`, in order; loading adds them. */
  readonly commandRenames: CommandRename[] = [];
  readonly #values: Record<string, unknown>;
  readonly #parsed = new Map<string, Parsed<unknown>>();
  readonly #defaults = new Map<string, Parsed<unknown>>();
  readonly #listeners = new Map<string, ChangeListener<never>[]>();
  /** A `set` whose listeners take their time; never rejects. */
  #underWay: Promise<void> | undefined;

  /**
   * Starts with the defaults.
   * @param options.directory where the process started, as byte text: the default of `dir`
   * @param options.file the configuration file, as an absolute Unicode path
   */
  constructor(options: { directory: string; file?: string }) {
    const values: Record<string, unknown> = {};
    for (const each of directives) {
      const parsed = each.kind.parse(wordsFor(each.kind, [each.default]), {
        current: undefined,
        accumulate: false,
        directory: options.directory,
      });
      this.#parsed.set(each.name, parsed);
      this.#defaults.set(each.name, parsed);
      if (each.status === "live") values[each.name] = parsed.value;
    }
    // The copy matters: V8 makes a dictionary of an object that grew key by key, and a spread of
    // it has fast fields again.
    this.#values = { ...values };
    this.values = this.#values as unknown as ConfigValues;
    this.file = options.file;
    this.directory = options.directory;
  }

  /** A value as CONFIG GET shows it; throws RangeError for a name that is none. */
  text(name: string): string {
    return this.parsed(name).text;
  }

  /** Whether a directive has its default value; throws RangeError for a name that is none. */
  isDefault(name: string): boolean {
    return same(this.parsed(name), this.defaultOf(name));
  }

  /** A directive's default; throws RangeError for a name that is none. */
  defaultOf(name: string): Parsed<unknown> {
    const parsed = this.#defaults.get(known(name).name);
    if (!parsed) throw new RangeError(`no default for ${name}`);
    return parsed;
  }

  /** A value as it was read, for directives without a typed field, too. */
  parsed(name: string): Parsed<unknown> {
    const parsed = this.#parsed.get(known(name).name);
    if (!parsed) throw new RangeError(`no value for ${name}`);
    return parsed;
  }

  /**
   * CONFIG GET: names and values that match any of the patterns, each name once. A pattern without
   * `*`, `?` and `[` is a name and is answered as it was spelled, even if it is a hidden one.
   */
  get(patterns: readonly string[]): [name: string, value: string][] {
    const found: [string, string][] = [];
    const seen = patterns.length > 1 ? new Set<string>() : undefined; // one alone finds none twice
    const add = (key: string, shown: string, target: Directive) => {
      if (seen?.has(key)) return;
      seen?.add(key);
      found.push([shown, this.#parsed.get(target.name)!.text]);
    };
    for (const pattern of patterns) {
      if (/[*?[]/.test(pattern)) {
        const wanted = bytesOf(pattern);
        for (const { name, bytes, directive } of shownNames()) {
          if (globMatch(wanted, bytes, true)) add(name, name, directive);
        }
      } else {
        const key = pattern.toLowerCase();
        const target = directiveNames.get(key);
        if (target !== undefined) add(key, pattern, target);
      }
    }
    return found;
  }

  /**
   * CONFIG SET: all the pairs or, with a {@linkcode ConfigCommandError}, none of them. As a rule it
   * is done at once; where a listener takes its time, a promise tells when, and what is set
   * meanwhile has to wait.
   * @param options.local whether the client is on this machine, for protected directives
   * @param options.loading whether data is being loaded: {@linkcode ConfigLoadingError}, for some
   */
  set(
    pairs: readonly (readonly [name: string, value: string])[],
    options: SetOptions = {},
  ): void | Promise<void> {
    const wait = this.#underWay?.then(() => this.set(pairs, options));
    if (wait !== undefined) return wait;
    const done = this.#set(pairs, options);
    if (done === undefined) return;
    const settled = () => {
      this.#underWay = undefined;
    };
    this.#underWay = done.then(settled, settled);
    return done;
  }

  #set(
    pairs: readonly (readonly [name: string, value: string])[],
    options: SetOptions,
  ): void | Promise<void> {
    this.#refuseNames(pairs, options);
    const changes = this.#parseAll(pairs);
    for (const { directive, after } of changes) this.#store(directive, after);
    const changed = changes.filter(({ before, after }) => !same(before, after));
    const told: Change[] = [];
    const tell = (change: Change) => {
      told.push(change);
      return this.#notify(change.directive);
    };
    return attempt(() => inOrder(changed, tell), (error) => {
      const refusal = failed(told[told.length - 1].name, messageOf(error));
      return andThrow(this.#rollBack(changes, told), refusal);
    });
  }

  /**
   * Calls `listener` after CONFIG SET has changed a value; it sees all new values in `values`. What
   * it throws refuses the whole command with its message as the reason; it may then be called again
   * with the old value, which it must not refuse.
   */
  onChange<Name extends keyof ConfigValues>(
    name: Name,
    listener: ChangeListener<ConfigValues[Name]>,
  ): void {
    const listeners = this.#listeners.get(name) ?? [];
    listeners.push(listener as ChangeListener<never>);
    this.#listeners.set(name, listeners);
  }

  /**
   * Sets a value while the configuration is being loaded: no listener hears of it, immutable and
   * protected directives are free. Throws {@linkcode ValueError}.
   * @param options.accumulate whether the value adds to earlier lines of the load
   * @param options.directory what a relative path starts from, as byte text
   */
  load(
    name: string,
    words: readonly string[],
    options: { accumulate: boolean; directory: string },
  ): void {
    const target = known(name);
    const current = this.parsed(target.name);
    const parsed = target.kind.parse(wordsFor(target.kind, words), { current, ...options });
    this.#store(target, parsed);
  }

  /** The first pass of Redis: names alone, so that nothing is parsed when one may not be set. */
  #refuseNames(pairs: readonly (readonly [string, string])[], options: SetOptions): void {
    const { local = false, loading = false } = options;
    if (loading && pairs.some(([name]) => findDirective(name)?.deniedWhileLoading)) {
      throw new ConfigLoadingError("the data is being loaded");
    }
    const seen = new Set<string>();
    for (const [name] of pairs) {
      const target = findDirective(name);
      if (!target) {
        const reason = "Unknown option or number of arguments for CONFIG SET";
        throw new ConfigCommandError(`${reason} - '${name}'`);
      }
      const allowed = this.values["enable-protected-configs"];
      if (target.immutable) throw failed(name, "can't set immutable config");
      if (target.protected && allowed !== "yes" && !(allowed === "local" && local)) {
        throw failed(name, "can't set protected config");
      }
      // a directive and its alias are two parameters, as in Redis: the later one wins
      if (seen.has(name.toLowerCase())) throw failed(name, "duplicate parameter");
      seen.add(name.toLowerCase());
    }
  }

  #parseAll(pairs: readonly (readonly [string, string])[]): Change[] {
    const latest = new Map<string, Parsed<unknown>>();
    return pairs.map(([given, value]) => {
      const name = given.toLowerCase();
      const target = known(name);
      const current = this.parsed(target.name);
      try {
        const after = target.kind.parse(wordsFor(target.kind, [value]), {
          current: latest.get(target.name) ?? current,
          accumulate: false,
          directory: this.values.dir,
        });
        latest.set(target.name, after);
        return { directive: target, name, before: current, after };
      } catch (error) {
        if (error instanceof ValueError) throw failed(name, error.message);
        throw error;
      }
    });
  }

  #store(target: Directive, parsed: Parsed<unknown>): void {
    this.#parsed.set(target.name, parsed);
    if (target.status === "live") this.#values[target.name] = parsed.value;
  }

  /** Tells the listeners the present value; throws or rejects if one refuses it. */
  #notify(target: Directive): void | Promise<void> {
    const value = this.parsed(target.name).value;
    return inOrder(
      this.#listeners.get(target.name) ?? [],
      (listener) => listener(value as never),
    );
  }

  #rollBack(changes: readonly Change[], told: readonly Change[]): void | Promise<void> {
    for (const { directive, before } of changes) this.#store(directive, before);
    return inOrder(
      told.toReversed(),
      ({ directive }) =>
        attempt(() => this.#notify(directive), (error) => {
          const problem = messageOf(error);
          throw new Error(`${directive.name} refuses the value it had before: ${problem}`);
        }),
    );
  }
}

/** Throws, once `before` is done. */
function andThrow(before: void | Promise<void>, error: Error): Promise<void> {
  const raise = () => {
    throw error;
  };
  return before === undefined ? raise() : before.then(raise);
}

function known(name: string): Directive {
  const found = findDirective(name);
  if (!found) throw new RangeError(`there is no directive ${name}`);
  return found;
}

function same(a: Parsed<unknown>, b: Parsed<unknown>): boolean {
  // the text of notify-keyspace-events may hide one flag, so plain values are compared as well
  return a.text === b.text && (typeof a.value === "object" || a.value === b.value);
}

function failed(name: string, reason: string): ConfigCommandError {
  const place = `CONFIG SET failed (possibly related to argument '${name}')`;
  return new ConfigCommandError(`${place} - ${reason}`);
}
