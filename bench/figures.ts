import { loadavg } from 'node:os';
import type { Taken } from './watched-run.ts';

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this share of the values lies; between two values, in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

/** What one side of a comparison took, over all runs. */
export interface Side {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of all runs the most. */
  readonly residentMiB: number;
  readonly ownMiB: number;
}

export interface Comparison {
  readonly ours: Side;
  readonly theirs: Side;
  /** The median of the ratios of neighbouring runs: what else the machine does hits both alike. */
  readonly ratio: number;
  /** The machine's load average of the last minute when it ended. */
  readonly load: number;
}

/** Runs two things in turn, several times each, after one run of each that does not count. */
export async function compare(
  runs: number,
  ours: () => Promise<Taken>,
  theirs: () => Promise<Taken>,
): Promise<Comparison> {
  const taken: { readonly ours: Taken; readonly theirs: Taken }[] = [];
  await theirs();
  await ours();
  for (let run = 0; run < runs; run++) {
    // Who goes first changes from run to run, so that neither profits from the other.
    const first = run % 2 === 0 ? await theirs() : await ours();
    const second = run % 2 === 0 ? await ours() : await theirs();
    taken.push(run % 2 === 0 ? { theirs: first, ours: second } : { ours: first, theirs: second });
  }
  return {
    ours: sideOf(taken.map((pair) => pair.ours)),
    theirs: sideOf(taken.map((pair) => pair.theirs)),
    ratio: median(taken.map((pair) => pair.ours.seconds / pair.theirs.seconds)),
    load: loadavg()[0] ?? 0,
  };
}

/** Runs one thing several times, after one run that does not count. */
export async function alone(runs: number, ours: () => Promise<Taken>): Promise<Side & { readonly load: number }> {
  await ours();
  const taken: Taken[] = [];
  for (let run = 0; run < runs; run++) taken.push(await ours());
  return { ...sideOf(taken), load: loadavg()[0] ?? 0 };
}

function sideOf(taken: readonly Taken[]): Side {
  return {
    seconds: median(taken.map(({ seconds }) => seconds)),
    cpuSeconds: median(taken.map(({ cpuSeconds }) => cpuSeconds)),
    residentMiB: Math.max(...taken.map(({ residentMiB }) => residentMiB)),
    ownMiB: Math.max(...taken.map(({ ownMiB }) => ownMiB)),
  };
}
