/**
 * `client-output-buffer-limit`: how much may wait to be sent to a client of each class.
 *
 *     client-output-buffer-limit normal 0 0 0
 *     client-output-buffer-limit replica 256mb 64mb 60
 *
 * A line names one class or several and leaves the others as they are.
 */

import { ValueError } from "./errors.ts";
import type { ValueKind } from "./kind.ts";
import { formatMemorySize, parseMemorySize } from "./memory_size.ts";

/** The limits of one class; a limit of 0 is none. */
export interface BufferLimit {
  /** A client is closed at once above this. */
  readonly hard_bytes: number;
  /** A client is closed when it stays above this for `soft_seconds`. */
  readonly soft_bytes: number;
  /** How long a client may stay above `soft_bytes`. */
  readonly soft_seconds: number;
}

/** The limits of every class. */
export interface BufferLimits {
  /** Clients that are neither of the others. */
  readonly normal: BufferLimit;
  /** Replicas. */
  readonly replica: BufferLimit;
  /** Clients that are subscribed to something. */
  readonly pubsub: BufferLimit;
}

const CLASSES: Readonly<Record<string, keyof BufferLimits>> = {
  normal: "normal",
  slave: "replica",
  replica: "replica",
  pubsub: "pubsub",
};
const IN_ORDER: readonly (keyof BufferLimits)[] = ["normal", "replica", "pubsub"];
const NONE: BufferLimit = { hard_bytes: 0, soft_bytes: 0, soft_seconds: 0 };

/** The kind of `client-output-buffer-limit`. */
export const bufferLimits: ValueKind<BufferLimits> = {
  family: "special",
  multiple: true,
  parse(words, { current }) {
    if (words.length % 4 !== 0) {
      throw new ValueError("Wrong number of arguments in buffer limit configuration.");
    }
    const value = { normal: NONE, replica: NONE, pubsub: NONE, ...current?.value };
    for (let i = 0; i < words.length; i += 4) {
      const name = words[i].toLowerCase();
      if (!Object.hasOwn(CLASSES, name)) {
        throw new ValueError("Invalid client class specified in buffer limit configuration.");
      }
      value[CLASSES[name]] = parseLimit(words[i + 1], words[i + 2], words[i + 3]);
    }
    const text = IN_ORDER.map((name) => {
      const { hard_bytes, soft_bytes, soft_seconds } = value[name];
      // CONFIG GET keeps the class's older name
      return `${name === "replica" ? "slave" : name} ${hard_bytes} ${soft_bytes} ${soft_seconds}`;
    }).join(" ");
    return { value, text };
  },
  lines: ({ value }) =>
    IN_ORDER.map((name) => {
      const { hard_bytes, soft_bytes, soft_seconds } = value[name];
      const sizes = [hard_bytes, soft_bytes].map((size) => formatMemorySize(BigInt(size)));
      return `${name} ${sizes.join(" ")} ${soft_seconds}`;
    }),
};

function parseLimit(hard: string, soft: string, seconds: string): BufferLimit {
  const hard_bytes = parseMemorySize(hard);
  const soft_bytes = parseMemorySize(soft);
  if (hard_bytes === undefined || soft_bytes === undefined || !/^\d{1,15}$/.test(seconds)) {
    const reason = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    throw new ValueError(reason);
  }
  return {
    hard_bytes: Number(hard_bytes),
    soft_bytes: Number(soft_bytes),
    soft_seconds: Number(seconds),
  };
}
