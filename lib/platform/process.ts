/**
 * The process and the machine it runs on. Nothing else asks the operating system for such figures.
 *
 * Promise: each is one system call or a few, and none needs more than `--allow-sys`; what cannot
 * be had is 0 or empty rather than an error, for INFO must never fail.
 */

import { nodeProcess } from "./node_builtins.ts";

/** Memory of the process, in bytes. */
export interface MemoryUsage {
  /** Resident in RAM. */
  readonly rss_bytes: number;
  /** V8's heap, as far as objects fill it. */
  readonly heapUsed_bytes: number;
  /** V8's heap, as reserved. */
  readonly heapTotal_bytes: number;
  /** Buffers outside of V8's heap. */
  readonly external_bytes: number;
}

/** Processor time of the process, in microseconds. */
export interface CpuUsage {
  readonly user_us: number;
  readonly system_us: number;
}

/** Memory that the process uses now. */
export function memoryUsage(): MemoryUsage {
  const { rss, heapUsed, heapTotal, external } = Deno.memoryUsage();
  return {
    rss_bytes: rss,
    heapUsed_bytes: heapUsed,
    heapTotal_bytes: heapTotal,
    external_bytes: external,
  };
}

/** Processor time used since the start, all threads together. */
export function cpuUsage(): CpuUsage {
  const { user, system } = allowed(() => nodeProcess().cpuUsage(), { user: 0, system: 0 });
  return { user_us: user, system_us: system };
}

/** RAM of the machine in bytes. */
export function systemMemory_bytes(): number {
  return memory_bytes ??= allowed(() => Deno.systemMemoryInfo().total, 0);
}

/** What does not change while the process lives is asked for once. */
let memory_bytes: number | undefined;
let system: string | undefined;
let program: string | undefined;

/** Number of the process. */
export function processId(): number {
  return Deno.pid;
}

/** System, release and architecture: `Linux 6.1.0 x86_64`. */
export function systemName(): string {
  if (system !== undefined) return system;
  const { os, arch } = Deno.build;
  const release = allowed(() => Deno.osRelease(), "");
  return system = [os[0].toUpperCase() + os.slice(1), release, arch].filter((word) => word !== "")
    .join(" ");
}

/** Path of the program that runs. */
export function executable(): string {
  return program ??= allowed(() => Deno.execPath(), "");
}

/** What `ask` answers, or `otherwise` where the permission for it is missing. */
function allowed<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return otherwise;
    throw error;
  }
}

/** Directory that the process works in. */
export function workingDirectory(): string {
  return Deno.cwd();
}
