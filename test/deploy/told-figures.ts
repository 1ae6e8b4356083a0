import type { Series } from './promtool.ts';

/** A run of a schedule; times are minutes, and may lie before the beginning. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly ok: boolean;
}

/** What becomes of one Backup. */
export interface Life {
  readonly policy: string;
  /** Since when it has its schedule. */
  readonly since: number;
  /** Between two runs. */
  readonly interval: number;
  readonly runs: readonly Run[];
  /** From when it has no schedule any more. */
  readonly scheduleEnds?: number;
  /** From when it is not there any more. */
  readonly removed?: number;
  /** Runs that were due and have not started: from when until when. */
  readonly missed?: readonly (readonly [from: number, until: number])[];
  /** Free after a backup that was complete at a minute, in sizes of a backup. */
  readonly room?: (minute: number) => number;
  /** When the first certificate runs out that a backup has seen that was complete at a minute. */
  readonly expiry?: (minute: number) => number;
}

/** Who is scraped. */
export interface Replica {
  readonly instance: string;
  readonly isUp?: (minute: number) => boolean;
  readonly leads?: (minute: number) => boolean;
}

export interface Span {
  readonly minutes: number;
  readonly stepMinutes: number;
}

type Figures = Readonly<Record<string, number | undefined>>;

const BYTES = 120_000_000;
const YEAR = 365 * 24 * 60;

/** The figures that the operator tells of a Backup at a minute (src/operator/metrics.ts). */
export function figuresOf(life: Life, minute: number): Figures {
  const { since, interval, runs, missed = [], room = () => 100, expiry = (at: number) => at + YEAR } = life;
  const isScheduled = minute < (life.scheduleEnds ?? Infinity);
  const ended = runs.filter(({ to }) => to <= minute);
  const newest = ended.findLast(({ ok }) => ok);
  return {
    policy_info: 1,
    schedule_enabled: isScheduled ? 1 : 0,
    schedule_missed: isScheduled && missed.some(([from, until]) => from <= minute && minute < until) ? 1 : 0,
    schedule_since_time: isScheduled ? since * 60 : undefined,
    schedule_interval_seconds: isScheduled ? interval * 60 : undefined,
    running: runs.some(({ from, to }) => from <= minute && minute < to) ? 1 : 0,
    consecutive_failures: ended.length - 1 - ended.findLastIndex(({ ok }) => ok),
    last_success_time: newest && newest.to * 60,
    last_verified_time: newest && newest.to * 60,
    last_success_bytes: newest && BYTES,
    volume_free_bytes: newest && BYTES * room(newest.to),
    certificates_expiry_time: newest && expiry(newest.to) * 60,
  };
}

/** The series that Prometheus gets of replicas of which each tells of all Backups while it leads. */
export function seriesOf(replicas: readonly Replica[], lives: readonly Life[], span: Span): readonly Series[] {
  return replicas.flatMap(({ instance, isUp = () => true, leads = () => true }) => {
    const target = `instance="${instance}",job="holdfast"`;
    const series = (name: string, at: (minute: number) => number | undefined): Series => [name, notation(at, span)];
    const tells = (minute: number): boolean => isUp(minute) && leads(minute);
    const told = lives.flatMap((life) =>
      Object.keys(figuresOf(life, 0)).map((name) =>
        series(`holdfast_backup_${name}{${target},backup_policy="${life.policy}"}`, (minute) =>
          tells(minute) && minute < (life.removed ?? Infinity) ? figuresOf(life, minute)[name] : undefined,
        ),
      ),
    );
    return [
      series(`up{${target}}`, (minute) => (isUp(minute) ? 1 : 0)),
      series(`holdfast_operator_leader{${target}}`, (minute) => (isUp(minute) ? Number(leads(minute)) : undefined)),
      ...told,
    ];
  });
}

/** Promtool's notation: equal figures are counted, and what is told no longer is marked, as a scrape without it does. */
export function notation(at: (minute: number) => number | undefined, { minutes, stepMinutes }: Span): string {
  const words: string[] = [];
  let last: number | undefined;
  let times = 0;
  const put = (): void => {
    if (times > 0) words.push(last === undefined ? `_x${times}` : `${last}x${times - 1}`);
  };
  for (let minute = 0; minute <= minutes; minute += stepMinutes) {
    const figure = at(minute);
    if (figure === last && times > 0) times += 1;
    else {
      put();
      const vanishes = figure === undefined && last !== undefined;
      if (vanishes) words.push('stale');
      times = vanishes ? 0 : 1;
      last = figure;
    }
  }
  put();
  return words.join(' ');
}

const DAY = 24 * 60;

/** Runs of every `interval` from the first on, each of which takes some minutes. */
export function runsEvery(
  interval: number,
  {
    first,
    until,
    takes = 3,
    ok = () => true,
  }: { first: number; until: number; takes?: number; ok?: (from: number) => boolean },
): readonly Run[] {
  const runs: Run[] = [];
  for (let from = first; from < until; from += interval) runs.push({ from, to: from + takes, ok: ok(from) });
  return runs;
}

/** A Backup of every day that had its first run days ago. */
export function daily(changes: Partial<Life> = {}): Life {
  const runs = runsEvery(DAY, { first: -3 * DAY + 260, until: 60 * DAY });
  return { policy: 'nightly', since: -4 * DAY, interval: DAY, runs, ...changes };
}
