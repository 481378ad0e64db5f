/**
 * Loading: the file and what it includes, then standard input, then the command line; a later
 * value wins over an earlier one, `save` and `client-output-buffer-limit` add up as in Redis.
 *
 * Promise: the first thing that is wrong ends it with a {@linkcode ConfigError} that names file,
 * line, the line itself and the reason. Files are read through {@linkcode ConfigFiles} only.
 */

import { forgottenDirectives, refusedDirectives } from "./accepted_directives.ts";
import { fromByteText, toByteText } from "./byte_text.ts";
import type { Override } from "./command_line.ts";
import { Config } from "./config.ts";
import { findDirective } from "./directives.ts";
import { ConfigError, ValueError } from "./errors.ts";
import { configLines } from "./lines.ts";
import { resolvePath } from "./paths.ts";
import { messageOf } from "../platform/message_of.ts";

/** How deep files may include each other: beyond it, they go round in circles. */
export const INCLUDE_DEPTH_MAX = 16;
/** How many files one load may read. */
export const INCLUDE_FILES_MAX = 1024;

/** The disk, as loading needs it. Paths are Unicode. */
export interface ConfigFiles {
  /** The directory that relative paths start from. */
  readonly directory: string;
  /** A file's content as byte text; throws an Error that says why not. */
  readText(path: string): string;
  /** The files that match a pattern, in order; none is not an error. */
  expandGlob(pattern: string): string[];
}

/** What to load. */
export interface LoadOptions {
  /** The configuration file; its name may be a glob pattern. */
  readonly file?: string;
  /** What standard input held, as byte text. */
  readonly stdin?: string;
  /** Directives from the command line. */
  readonly overrides?: readonly Override[];
  /** The disk. */
  readonly files: ConfigFiles;
}

/** A loaded configuration. */
export interface LoadedConfig {
  /** The values. */
  readonly config: Config;
  /** One line for each directive that was set and has no effect. */
  readonly warnings: readonly string[];
  /** What was read, in order: paths, `standard input`, `command line`. */
  readonly sources: readonly string[];
}

/** Loads a configuration; throws {@linkcode ConfigError}. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const loader = new Loader(options);
  if (options.file !== undefined) loader.include(options.file, 0, options.file);
  if (options.stdin !== undefined) {
    loader.sources.push("standard input");
    loader.readLines("standard input", options.stdin, 0);
  }
  if (options.overrides && options.overrides.length > 0) loader.sources.push("command line");
  for (const { words, shown } of options.overrides ?? []) {
    loader.apply(words, `command line: '${fromByteText(shown)}'`, 0);
  }
  return { config: loader.config, warnings: loader.warnings(), sources: loader.sources };
}

class Loader {
  readonly config: Config;
  readonly sources: string[] = [];
  readonly #files: ConfigFiles;
  readonly #directory: string;
  readonly #seen = new Set<string>();
  readonly #ignored = new Map<string, string>();
  #filesRead = 0;

  constructor({ file, files }: LoadOptions) {
    this.#files = files;
    this.#directory = toByteText(files.directory);
    this.config = new Config(
      file === undefined
        ? { directory: this.#directory }
        : { directory: this.#directory, file: resolvePath(files.directory, file) },
    );
  }

  /** Reads the file or files of a name; `place` begins the message if that fails. */
  include(name: string, depth: number, place: string): void {
    if (depth > INCLUDE_DEPTH_MAX) {
      throw new ConfigError(`${place}: files include each other more than ${depth - 1} deep`);
    }
    for (const path of /[*?[]/.test(name) ? this.#files.expandGlob(name) : [name]) {
      if (++this.#filesRead > INCLUDE_FILES_MAX) {
        throw new ConfigError(`${place}: more than ${INCLUDE_FILES_MAX} files are included`);
      }
      this.sources.push(resolvePath(this.#files.directory, path));
      this.readLines(path, this.#readText(path, place), depth);
    }
  }

  /** Applies the lines of a file; `label` stands before their numbers in messages. */
  readLines(label: string, text: string, depth: number): void {
    for (const { raw, number, words } of configLines(text)) {
      const place = `${label}:${number}: '${fromByteText(raw.trim())}'`;
      if (!words) throw new ConfigError(`${place}: unbalanced quotes`);
      if (words.length > 0) this.apply(words, place, depth);
    }
  }

  /** Applies one directive; `place` begins the message if that fails. */
  apply(words: readonly string[], place: string, depth: number): void {
    const [given, ...values] = words;
    const name = given.toLowerCase();
    if (name === "include") {
      if (values.length !== 1) throw new ConfigError(`${place}: include takes one file`);
      return this.include(fromByteText(values[0]), depth + 1, place);
    }
    if (name === "rename-command") return this.#renameCommand(values, place);
    if (forgottenDirectives.includes(name)) {
      this.#ignored.set(name, `${place}: has no effect, not even in Redis`);
      return;
    }
    if (Object.hasOwn(refusedDirectives, name)) {
      throw new ConfigError(`${place}: ${refusedDirectives[name]}`);
    }
    const target = findDirective(name);
    if (!target) throw new ConfigError(`${place}: there is no directive '${fromByteText(given)}'`);
    try {
      const accumulate = this.#seen.has(target.name);
      this.config.load(target.name, values, { accumulate, directory: this.#directory });
    } catch (error) {
      if (error instanceof ValueError) throw new ConfigError(`${place}: ${error.plain}`);
      throw error;
    }
    this.#seen.add(target.name);
    if (target.status === "accepted") {
      this.#ignored.set(target.name, `${place}: accepted, but without effect in redeno`);
    }
  }

  #renameCommand(values: readonly string[], place: string): void {
    if (values.length !== 2) {
      throw new ConfigError(`${place}: rename-command takes a command and its new name`);
    }
    this.config.commandRenames.push({ name: values[0], newName: values[1], place });
  }

  /** One line for each directive without effect whose last value is not its default. */
  warnings(): string[] {
    return [...this.#ignored]
      .filter(([name]) => !findDirective(name) || !this.#isHarmless(name))
      .map(([, warning]) => warning);
  }

  /** No value to speak of: the default, or switching off snapshots that redeno never takes. */
  #isHarmless(name: string): boolean {
    return this.config.isDefault(name) || (name === "save" && this.config.text(name) === "");
  }

  #readText(path: string, place: string): string {
    try {
      return this.#files.readText(path);
    } catch (error) {
      const reason = messageOf(error);
      throw new ConfigError(`${place}: can't read the file: ${reason}`);
    }
  }
}
