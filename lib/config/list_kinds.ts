/**
 * The kinds of value that are several words, and paths: addresses, save points, percentiles, the
 * out-of-memory scores, flags for shutdown, the primary to replicate and the working directory.
 */

import { ValueError } from "./errors.ts";
import type { ValueKind } from "./kind.ts";
import { bare, notOneOf } from "./scalar_kinds.ts";
import { quoteWord } from "./words.ts";
import { resolvePath } from "./paths.ts";

/** Redis's bound on the addresses of `bind`. */
const BIND_ADDRESSES_MAX = 16;

/** Addresses to listen on; one that starts with `-` may be missing on this machine. */
export const addresses: ValueKind<readonly string[]> = {
  family: "string-list",
  multiple: true,
  parse(words) {
    if (words.length > BIND_ADDRESSES_MAX) {
      throw new ValueError("Too many bind addresses specified.");
    }
    const value = words.length === 1 && words[0] === "" ? [] : [...words];
    return { value, text: value.join(" ") };
  },
  lines: listLine,
};

/** One point of `save`. */
export interface SavePoint {
  /** Seconds after which it is checked; at least 1. */
  readonly after_seconds: number;
  /** Changes it takes; at least 0. */
  readonly changes: number;
}

/** Pairs of seconds and changes; lines of one load add up, and an empty one starts over. */
export const savePoints: ValueKind<readonly SavePoint[]> = {
  family: "special",
  multiple: true,
  parse(words, { current, accumulate }) {
    if (words.length === 0) return { value: [], text: "" };
    if (words.length % 2 !== 0) throw new ValueError("Invalid save parameters");
    const points = accumulate && current ? [...current.value] : [];
    for (let i = 0; i < words.length; i += 2) {
      const after_seconds = wholeNumber(words[i]);
      const changes = wholeNumber(words[i + 1]);
      if (!(after_seconds >= 1) || !(changes >= 0)) {
        throw new ValueError("Invalid save parameters");
      }
      points.push({ after_seconds, changes });
    }
    return { value: points, text: points.map(pointText).join(" ") };
  },
  lines: ({ value }) => value.length === 0 ? ['""'] : value.map(pointText),
};

function pointText(point: SavePoint): string {
  return `${point.after_seconds} ${point.changes}`;
}

/** Percentiles, each from 0 to 100. */
export const percentiles: ValueKind<readonly number[]> = {
  family: "special",
  multiple: true,
  parse(words) {
    const value = words.map((word) => {
      if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(word)) {
        throw new ValueError("Invalid latency-tracking-info-percentiles parameters");
      }
      const percentile = Number(word);
      if (percentile < 0 || percentile > 100) {
        const range = "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
        throw new ValueError(range);
      }
      return percentile;
    });
    return { value, text: value.map(sixDecimals).join(" ") };
  },
  lines: listLine,
};

/** Three scores from -2000 to 2000. */
export const oomScores: ValueKind<readonly number[]> = {
  family: "special",
  multiple: true,
  parse(words) {
    if (words.length !== 3) throw new ValueError("wrong number of arguments");
    const value = words.map((word) => /^[-+]?\d+$/.test(word) ? Number(word) : NaN);
    if (value.some((score) => !(score >= -2000 && score <= 2000))) {
      const reason = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
      throw new ValueError(reason);
    }
    return { value, text: value.join(" ") };
  },
  lines: bare,
};

const SHUTDOWN_FLAGS: readonly string[] = ["default", "save", "nosave", "now", "force"];

/** What a signal's shutdown does: `default`, or some of the other flags. */
export const shutdownFlags: ValueKind<readonly string[]> = {
  family: "enum",
  multiple: true,
  parse(words) {
    const given = words.map((word) => word.toLowerCase());
    if (given.length === 0 || given.some((flag) => !SHUTDOWN_FLAGS.includes(flag))) {
      throw notOneOf(SHUTDOWN_FLAGS);
    }
    if (given.includes("save") && given.includes("nosave")) {
      throw new ValueError("shutdown options SAVE and NOSAVE can't be used simultaneously");
    }
    const value = SHUTDOWN_FLAGS.filter((flag) => flag !== "default" && given.includes(flag));
    return { value, text: value.join(" ") || "default" };
  },
  lines: bare,
};

/** Host and port of a primary, or `no one`. */
export const primary: ValueKind<{ host: string; port: number } | null> = {
  family: "special",
  multiple: true,
  parse(words) {
    if (words.length !== 2) throw new ValueError("wrong number of arguments");
    const [host, portText] = words;
    if (host.toLowerCase() === "no" && portText.toLowerCase() === "one") {
      return { value: null, text: "" };
    }
    const port = wholeNumber(portText);
    if (!(port >= 0 && port <= 65535)) throw new ValueError("Invalid master port");
    return { value: { host, port }, text: `${host} ${port}` };
  },
  lines: (parsed) => [parsed.value === null ? "no one" : parsed.text],
};

/** A directory; a relative one starts from the context's directory. */
export const directoryPath: ValueKind<string> = {
  family: "special",
  multiple: false,
  parse([word], { directory }) {
    if (word === "") throw new ValueError("No such file or directory");
    const path = resolvePath(directory, word);
    return { value: path, text: path };
  },
  lines: (parsed) => [quoteWord(parsed.text)],
};

function listLine(parsed: { text: string }): string[] {
  return [parsed.text === "" ? '""' : parsed.text];
}

/** C's `%.6f` without the zeros at its end. */
function sixDecimals(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, "");
}

function wholeNumber(word: string): number {
  return /^-?\d{1,15}$/.test(word) ? Number(word) : NaN;
}
