import { formatBytes, type Clock, type Log, type Progress, type ProgressStage } from '../../base/index.ts';
import type { Terminal } from '../environment.ts';

const REDRAW_MS = 100;
const LINE_EVERY_MS = 5000;
const BAR_WIDTH = 24;

/** What is known of a stage at one moment. */
interface Figures {
  readonly label: string;
  readonly done: number;
  readonly total: number | undefined;
  readonly elapsedMs: number;
}

/** On a terminal: one line, redrawn; it vanishes when the stage ends, so that only results stay on the screen. */
export function createBarProgress(terminal: Terminal, clock: Clock): Progress {
  return createProgress(clock, REDRAW_MS, {
    show: (figures) => terminal.write(`\r\u001b[2K${barLine(figures, terminal.columns)}`),
    clear: () => terminal.write('\r\u001b[2K'),
  });
}

/** Elsewhere: a plain line every five seconds and one at the end of long stages. */
export function createLineProgress(log: Log, clock: Clock): Progress {
  return createProgress(clock, LINE_EVERY_MS, {
    show: (figures) => log.info(plainLine(figures)),
    clear: () => undefined,
  });
}

interface Display {
  show(figures: Figures): void;
  clear(): void;
}

function createProgress(clock: Clock, everyMs: number, display: Display): Progress {
  return {
    begin(label, total): ProgressStage {
      const start = clock.monotonicMs();
      let shownAt = start;
      let done = 0;
      let ended = false;
      let shown = false;
      return {
        advance(bytes) {
          if (ended) return;
          done += bytes;
          const now = clock.monotonicMs();
          if (now - shownAt < everyMs) return;
          shownAt = now;
          shown = true;
          display.show({ label, done, total, elapsedMs: now - start });
        },
        end() {
          if (!ended && shown) display.clear();
          ended = true;
        },
      };
    },
  };
}

function rateAndRest({ done, total, elapsedMs }: Figures): { readonly rate: string; readonly rest: string } {
  const perSecond = elapsedMs > 0 ? (done / elapsedMs) * 1000 : 0;
  const secondsLeft =
    total === undefined || perSecond === 0 ? undefined : Math.max(0, Math.ceil((total - done) / perSecond));
  return {
    rate: `${formatBytes(Math.round(perSecond))}/s`,
    rest: secondsLeft === undefined ? '' : `${secondsLeft} s left`,
  };
}

function amount({ done, total }: Figures): string {
  return total === undefined ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`;
}

function plainLine(figures: Figures): string {
  const { rate, rest } = rateAndRest(figures);
  return [figures.label, amount(figures), rate, rest].filter((part) => part !== '').join(', ');
}

function barLine(figures: Figures, columns: number): string {
  const { rate, rest } = rateAndRest(figures);
  const share =
    figures.total === undefined || figures.total === 0 ? undefined : Math.min(1, figures.done / figures.total);
  const filled = share === undefined ? 0 : Math.round(share * BAR_WIDTH);
  const bar =
    share === undefined ? '' : `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${Math.floor(share * 100)} %`;
  // The label comes last: on a narrow terminal it is what can be spared.
  const line = [bar, amount(figures), rate, rest, figures.label].filter((part) => part !== '').join('  ');
  return line.slice(0, Math.max(20, columns - 1));
}
