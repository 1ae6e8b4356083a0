import type { CronJob } from '../apiserver/index.ts';
import { nextRun } from './schedule.ts';
import type { ResolvedSettings } from './settings.ts';

/** More than a week, so that a weekend without runs counts. */
const LOOK_AHEAD_MS = 8 * 24 * 3_600_000;
/** A run every four minutes for that long; what runs more often has short intervals anyway. */
const MOST_RUNS = 3_000;
const FEWEST_RUNS = 2;
const LARGEST_CACHE = 1_000;

/** By schedule and zone: it follows from them alone, but for the moment at which one begins to count. */
const known = new Map<string, number | undefined>();

/** The longest time between two runs that follow each other, seconds; undefined where there are not two. */
export function intervalOf(
  { spec }: Pick<CronJob, 'spec'>,
  { defaultTimeZone }: Pick<ResolvedSettings, 'defaultTimeZone'>,
  now: Date,
): number | undefined {
  const plan = { schedule: spec.schedule, timeZone: spec.timeZone ?? defaultTimeZone };
  const key = JSON.stringify(plan);
  if (known.has(key)) return known.get(key);
  if (known.size >= LARGEST_CACHE) known.clear();
  const longest = longestGap(plan, now);
  known.set(key, longest);
  return longest;
}

function longestGap(plan: Parameters<typeof nextRun>[0], now: Date): number | undefined {
  const first = nextRun(plan, now);
  let last = first;
  let longest: number | undefined;
  for (let runs = 1; first !== undefined && last !== undefined && runs < MOST_RUNS; runs += 1) {
    if (runs >= FEWEST_RUNS && last.getTime() - first.getTime() > LOOK_AHEAD_MS) break;
    const next = nextRun(plan, last);
    if (next !== undefined) longest = Math.max(longest ?? 0, (next.getTime() - last.getTime()) / 1000);
    last = next;
  }
  return longest;
}
