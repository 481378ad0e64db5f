/** The calls on the simulated disk, and how they fail. */

import { DiskError } from "../../lib/platform/disk.ts";

/** The names of the calls, for faults and messages. */
export type Operation =
  | "open"
  | "write"
  | "read"
  | "seek"
  | "truncate"
  | "size"
  | "sync"
  | "lock"
  | "close"
  | "rename"
  | "remove"
  | "mkdir"
  | "readdir"
  | "stat"
  | "link"
  | "syncdir";

/** A call on the disk, numbered from 1. */
export interface Call {
  readonly index: number;
  readonly operation: Operation;
  readonly path: string;
}

/** The errors that a fault can be, and their words. */
const REASONS = {
  EIO: "Input/output error",
  ENOSPC: "No space left on device",
  EACCES: "Permission denied",
} as const;

/** What goes wrong in a call: it fails, or a write (or read) does only part of its work. */
export interface Fault {
  /** The error; without it the call is only short. */
  readonly code?: keyof typeof REASONS;
  /** Bytes that a write stores, or a read gives, all the same. */
  readonly written?: number;
}

/** A call that failed because the test wants so. */
export function failed(operation: Operation, path: string, code: keyof typeof REASONS): DiskError {
  return new DiskError(operation, path, code, REASONS[code]);
}

/** Errors that the disk gives by itself. */
const REFUSALS = {
  ENOENT: "No such file or directory",
  EEXIST: "File exists",
  EISDIR: "Is a directory",
} as const;

/** A call that cannot be done. */
export function refused(
  operation: Operation,
  path: string,
  code: keyof typeof REFUSALS,
): DiskError {
  return new DiskError(operation, path, code, REFUSALS[code]);
}
