import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { exists, projectFiles, read } from '../docs/document.ts';
import { OperatorCluster, SUCCESS } from '../kit/operator-cluster.ts';
import { build, single } from './manifests.ts';

const rules = z.looseObject({
  spec: z.looseObject({
    groups: z.array(
      z.looseObject({
        rules: z.array(
          z.looseObject({
            alert: z.string(),
            expr: z.string(),
            for: z.string(),
            labels: z.looseObject({ severity: z.enum(['warning', 'critical']) }),
            annotations: z.looseObject({ summary: z.string(), description: z.string() }),
          }),
        ),
      }),
    ),
  }),
});

type Alert = z.infer<typeof rules>['spec']['groups'][number]['rules'][number];

async function alerts(): Promise<readonly Alert[]> {
  const found = rules.parse(single(await build('monitoring'), 'PrometheusRule', 'holdfast'));
  return found.spec.groups.flatMap((group) => group.rules);
}

/** What an operator tells of a schedule whose first backup is still at work. */
async function atWork(): Promise<string> {
  const cluster = new OperatorCluster();
  await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' });
  await cluster.ask('nightly-1', { series: 'nightly' });
  return cluster.operator.metrics();
}

async function afterSuccess(): Promise<string> {
  const cluster = new OperatorCluster();
  await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' });
  await cluster.ask('nightly-1', { series: 'nightly' });
  await cluster.end('nightly-1', SUCCESS);
  return cluster.operator.metrics();
}

function value(text: string, name: string): number | undefined {
  const match = new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

describe('Each alert', () => {
  it('reads figures that the operator tells, by labels that they have', async () => {
    const told = await afterSuccess();
    const labels = new Map(
      [...told.matchAll(/^(\w+)\{([^}]*)\} /gm)].map(([, name = '', text = '']) => [name, text] as const),
    );
    for (const { alert, expr } of await alerts())
      for (const [name] of expr.matchAll(/\b(?:holdfast|etcd)_\w+/g)) {
        if (name === 'holdfast_operator_leader') continue;
        expect(told, `${alert} reads ${name}`).toMatch(new RegExp(`^# TYPE ${name} gauge$`, 'm'));
        expect(labels.get(name), `${alert} reads ${name}`).toContain('backup_policy="nightly"');
      }
  });

  it('has a runbook, and each runbook an alert', async () => {
    const names = (await alerts()).map(({ alert }) => alert);
    for (const { alert, expr, annotations } of await alerts()) {
      expect(await exists(`docs/runbooks/${alert}.md`)).toBe(true);
      expect(annotations.description).toContain(`docs/runbooks/${alert}.md`);
      expect(await read(`docs/runbooks/${alert}.md`)).toContain(`\`\`\`promql\n${expr}\n\`\`\``);
    }
    const pages = (await projectFiles()).flatMap((path) => /^docs\/runbooks\/(Holdfast\w+)\.md$/.exec(path)?.[1] ?? []);
    expect(pages.toSorted()).toEqual(names.toSorted());
  });
});

describe('While a first backup is running', () => {
  it('nothing is told that an alert would fire for', async () => {
    const told = await atWork();
    expect(value(told, 'holdfast_backup_running')).toBe(1);
    expect(value(told, 'holdfast_backup_consecutive_failures')).toBe(0);
    expect(value(told, 'holdfast_backup_schedule_missed')).toBe(0);
    // What is absent fires nothing.
    for (const name of ['last_success_time', 'last_verified_time', 'volume_free_bytes', 'certificates_expiry_time'])
      expect(value(told, `holdfast_backup_${name}`)).toBeUndefined();
    const never = (await alerts()).find(({ alert }) => alert === 'HoldfastNeverSucceeded');
    expect(never?.expr).toMatch(/unless on \(backup_policy\) holdfast_backup_running == 1$/);
  });
});
