/**
 * The sections of INFO. Each room of the server adds its own figures here; INFO prints them.
 */

/** A line of INFO: its name and value. */
export type InfoLine = readonly [name: string, value: string | number];

/** Sections by name, in the order they were added. */
export class InfoSections {
  readonly #sections = new Map<string, (() => Iterable<InfoLine>)[]>();

  /** Adds figures to a section (`Server`, `Clients` ...); they are read when INFO is asked. */
  add(section: string, lines: () => Iterable<InfoLine>): void {
    const sources = this.#sections.get(section);
    if (sources === undefined) this.#sections.set(section, [lines]);
    else sources.push(lines);
  }

  /** Names of all sections. */
  names(): readonly string[] {
    return [...this.#sections.keys()];
  }

  /** The lines of one section, `name:value\r\n` each, read now. */
  text(section: string): string {
    let text = "";
    for (const source of this.#sections.get(section) ?? []) {
      for (const line of source()) text += `${line[0]}:${line[1]}\r\n`;
    }
    return text;
  }
}

/** Figures of what redeno does not do: monitors add them up, and would stumble if they were missing. */
export function none(...names: readonly string[]): readonly InfoLine[] {
  return names.map((name) => [name, 0]);
}
