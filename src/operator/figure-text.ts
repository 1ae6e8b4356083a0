/**
 * One figure of many objects in Prometheus' text format, written straight away: a registry would keep what it was told about
 * each of ten thousand backups, and take seconds to print it.
 */
export class FigureText {
  readonly #name: string;
  readonly #lines: string[];

  /** @param help - one line */
  constructor(name: string, help: string) {
    this.#name = name;
    this.#lines = [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`];
  }

  /** To be called once for each combination of labels. */
  set(labels: Readonly<Record<string, string>>, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    this.#lines.push(`${this.#name}{${pairs.join(',')}} ${value}`);
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}
