/** The manifest of a directory: what it says, and replacing it on disk. */

import type { Disk } from "../../platform/disk.ts";
import { joinPath } from "../files.ts";
import {
  EMPTY_MANIFEST,
  formatManifest,
  type Manifest,
  type ManifestFile,
  parseManifest,
  saveManifest,
  saveManifestInBackground,
} from "./manifest.ts";

/** See above. */
export class ManifestStore {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #name: string;
  #manifest: Manifest;
  /** What was on disk at first; undefined: there was no manifest. */
  readonly firstText: string | undefined;

  /**
   * Reads it.
   *
   * @throws {StorageError} it cannot be trusted. {@linkcode DiskError}: it cannot be read.
   */
  constructor(disk: Disk, directory: string, name: string) {
    this.#disk = disk;
    this.#directory = directory;
    this.#name = name;
    this.firstText = this.#read();
    this.#manifest = this.firstText === undefined
      ? EMPTY_MANIFEST
      : parseManifest(this.firstText, this.path);
  }

  /** Where it is. */
  get path(): string {
    return joinPath(this.#directory, this.#name);
  }

  /** What it says, as a restart would read it. */
  get manifest(): Manifest {
    return this.#manifest;
  }

  /** Whether it names a file, in whatever part. */
  names(name: string): boolean {
    const { base, incrs, histories } = this.#manifest;
    const has = (file: ManifestFile) => file.name === name;
    return base?.name === name || incrs.some(has) || histories.some(has);
  }

  /**
   * Writes a manifest to disk and goes by it.
   *
   * @throws {DiskError} {@linkcode ManifestStore.manifest} is the one that a restart finds: the old
   * one, or - if only the last fsync failed - the new one
   */
  replace(manifest: Manifest): void {
    try {
      saveManifest(this.#disk, this.#directory, this.#name, manifest);
    } catch (error) {
      this.#believe(manifest);
      throw error;
    }
    this.#manifest = manifest;
  }

  /** As {@linkcode ManifestStore.replace}, but no turn of the event loop waits for an fsync. */
  async replaceInBackground(manifest: Manifest): Promise<void> {
    try {
      await saveManifestInBackground(this.#disk, this.#directory, this.#name, manifest);
    } catch (error) {
      this.#believe(manifest);
      throw error;
    }
    this.#manifest = manifest;
  }

  /** Saving has failed, perhaps in its last step: what counts is what can be read. */
  #believe(manifest: Manifest): void {
    if (this.#read() === formatManifest(manifest)) this.#manifest = manifest;
  }

  #read(): string | undefined {
    return this.#disk.stat(this.path) === undefined ? undefined : this.#disk.readText(this.path);
  }
}
