/**
 * The command line, as redis-server takes it.
 *
 *     redeno /etc/redis.conf --port 7000 --save 900 1 --appendfsync always
 *     redeno --port 7000 -            a configuration on standard input
 *     redeno "--port 7000"            name and value in one word
 *     redeno redis.conf port 7000     the first option after a file needs no dashes
 *
 * A word after an option's name is its value even if it begins with `--`, so that a password may.
 */

import { toByteText } from "./byte_text.ts";
import { ConfigError } from "./errors.ts";
import { quoteWord, splitWords } from "./words.ts";

/** A directive given on the command line. */
export interface Override {
  /** Name and values, as byte text. */
  readonly words: readonly string[];
  /** The option as it is shown in messages. */
  readonly shown: string;
}

/** An option being read. */
interface Option {
  /** What stands before its name. */
  readonly dashes: "--" | "";
  readonly words: string[];
}

/** What a command line asks for. */
export interface CommandLine {
  /** Start the server, or print the version or the help and end. */
  readonly action: "start" | "version" | "help";
  /** The configuration file as given. */
  readonly file?: string;
  /** Whether standard input holds a configuration, to be read after the file. */
  readonly stdin: boolean;
  /** Directives that override both, in order. */
  readonly overrides: readonly Override[];
}

/** Reads the arguments of the program; throws {@linkcode ConfigError}. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const [first] = argv;
  if (first === "-v" || first === "--version") return ending("version");
  if (first === "-h" || first === "--help") return ending("help");
  const file = first !== undefined && !first.startsWith("-") ? first : undefined;
  let stdin = false;
  const options: Option[] = [];
  for (let i = file === undefined ? 0 : 1; i < argv.length; i++) {
    const word = argv[i];
    const last = options[options.length - 1];
    if (word === "-" && (i === 0 || i === argv.length - 1)) {
      stdin = true;
    } else if (word.startsWith("--") && !(last && awaitsValue(last.words, word))) {
      options.push({ dashes: "--", words: optionStart(word) });
    } else if (last) {
      last.words.push(toByteText(word));
    } else if (file !== undefined && !word.startsWith("-")) {
      options.push({ dashes: "", words: [toByteText(word)] });
    } else {
      throw new ConfigError(`command line: '${word}': options start with --, as in --port 7000`);
    }
  }
  const overrides = options.map(finishOption);
  return file === undefined
    ? { action: "start", stdin, overrides }
    : { action: "start", file, stdin, overrides };
}

function ending(action: "version" | "help"): CommandLine {
  return { action, stdin: false, overrides: [] };
}

/** The words of `--port` or of `--port 7000`. */
function optionStart(word: string): string[] {
  const words = splitWords(toByteText(word.slice(2)));
  if (!words) throw new ConfigError(`command line: '${word}': unbalanced quotes`);
  if (words.length === 0) throw new ConfigError(`command line: '${word}': a name is missing`);
  return words;
}

/** Whether `next` is the value of an option although it begins with `--`. */
function awaitsValue(option: readonly string[], next: string): boolean {
  // --save --port 7000 has always meant --save "" --port 7000
  return option.length === 1 && option[0].toLowerCase() !== "save" && next.startsWith("--");
}

function finishOption({ dashes, words }: Option): Override {
  const complete = words.length === 1 && words[0].toLowerCase() === "save" ? [words[0], ""] : words;
  const values = complete.slice(1).map((value) =>
    /^[\x21-\x7e]+$/.test(value) && !/["'\\]/.test(value) ? value : quoteWord(value)
  );
  return { words: complete, shown: [dashes + complete[0], ...values].join(" ") };
}
