import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTemporaryFolder } from '../kit/index.ts';
import { parseRelease } from '../kit/releases.ts';
import { runCommand, succeed } from '../kit/run-command.ts';
import type { RuleFile } from './alert-rules.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

let provided: Promise<string> | undefined;

/** Prometheus' own tool, fetched as a package where it is not there yet. */
async function promtool(...args: readonly string[]): Promise<string> {
  provided ??= succeed([process.execPath, 'scripts/provide-etcd.mjs', 'promtool'], {
    cwd: PROJECT,
    timeoutMs: 10 * 60_000,
  }).then((told) => join(parseRelease(JSON.parse(told)).folder, 'promtool'));
  const { code, stdout, stderr } = await runCommand([await provided, ...args], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`promtool ${args.join(' ')} ended with ${String(code)}\n${stdout}${stderr}`);
  return stdout;
}

/** Throws unless Prometheus would load the rules. */
export async function checkRules(path: string): Promise<string> {
  return promtool('check', 'rules', path);
}

/** A series by its name and labels, as text, and its figures in promtool's notation, one for each step. */
export type Series = readonly [series: string, values: string];

export interface Firing {
  readonly alert: string;
  /** Labels that tell it from others of its name. */
  readonly which?: string;
  /** Minutes from the beginning: the first and the last at which it fires. */
  readonly from: number;
  readonly until: number;
}

export interface RuleTest {
  /** Between two figures of a series. */
  readonly stepMinutes: number;
  readonly minutes: number;
  readonly series: readonly Series[];
  /** All that fires, and nothing else does at any time. */
  readonly fires: readonly Firing[];
  /** What an alert says at a minute at which it fires. */
  readonly says?: undefined | { readonly at: number; readonly alert: string; readonly alerts: readonly object[] };
}

/** Has promtool judge rules by series; throws with what it says where something else fires. */
export async function testRules(rules: RuleFile, test: RuleTest): Promise<void> {
  const folder = await makeTemporaryFolder();
  const path = join(folder, 'rules.yaml');
  await writeFile(path, JSON.stringify(rules));
  const { stepMinutes, minutes, series, fires, says } = test;
  const interval = `${stepMinutes}m`;
  const ends = (which: 'min' | 'max', minuteOf: (firing: Firing) => number): object => ({
    expr: `${which}_over_time(timestamp(ALERTS{alertstate="firing"})[${minutes}m:${interval}]) / 60`,
    eval_time: `${minutes}m`,
    exp_samples: fires.map((each) => ({ labels: labelsOf(each, rules), value: minuteOf(each) })),
  });
  const tests = [
    {
      interval,
      input_series: series.map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [ends('min', ({ from }) => from), ends('max', ({ until }) => until)],
      ...(says && {
        alert_rule_test: [{ eval_time: `${says.at}m`, alertname: says.alert, exp_alerts: says.alerts }],
      }),
    },
  ];
  const file = join(folder, 'test.yaml');
  await writeFile(file, JSON.stringify({ rule_files: [path], evaluation_interval: interval, tests }));
  await promtool('test', 'rules', file);
}

function labelsOf({ alert, which }: Firing, { groups }: RuleFile): string {
  const rule = groups.flatMap(({ rules }) => rules).find((each) => each.alert === alert);
  if (rule === undefined) throw new Error(`no alert ${alert}`);
  const labels = Object.entries(rule.labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${[`alertname="${alert}"`, 'alertstate="firing"', ...labels, ...(which ? [which] : [])].join(',')}}`;
}
