/** Columns of text, padded to their widest cell and two spaces apart, as kubectl prints them. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => widthOf(cells[column] ?? ''))));
  const pad = (cell: string, column: number): string => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell));
  return lines.map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n');
}

/** Scripts, signs and pictures that terminals show two columns wide (Unicode, UAX #11). */
const WIDE =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
/** What stands on the character before it. */
const NARROWEST = /^[\p{Mark}\u200b-\u200d\ufe00-\ufe0f]/u;

/** How many columns of a terminal the text takes. */
function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  return Array.from(text).reduce((width, sign) => width + (NARROWEST.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1), 0);
}

/** How long, in the largest unit that makes sense: `42s`, `12m`, `5h`, `3d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
