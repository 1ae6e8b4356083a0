import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { exists, projectFiles, PROJECT, read } from '../docs/document.ts';
import { temporaryFolder } from '../kit/index.ts';
import { OperatorCluster, SUCCESS } from '../kit/operator-cluster.ts';
import { alertsOf, clusterRules, hostRules } from './alert-rules.ts';
import { expectMade } from './made-file.ts';
import { checkRules } from './promtool.ts';
import { textOf } from '../kit/text-of.ts';

const HOST_RULES = 'packaging/prometheus/holdfast.rules.yaml';
const HEAD = `# Alerts for hosts with \`holdfast standalone\`, scraped by a job of the name holdfast. Each has a page in docs/runbooks.
# Made from deploy/monitoring/alerts.yaml by test/deploy/alerts.test.ts with HOLDFAST_WRITE_DOCS=1; do not edit.
`;

async function afterSuccess(): Promise<string> {
  const cluster = new OperatorCluster();
  await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' });
  await cluster.ask('nightly-1', { series: 'nightly' });
  await cluster.end('nightly-1', SUCCESS);
  return textOf(cluster.operator.metrics());
}

describe('Each alert', () => {
  it('reads figures that the operator tells, by labels that they have', async () => {
    const told = await afterSuccess();
    const labels = new Map(
      [...told.matchAll(/^(\w+)\{([^}]*)\} /gm)].map(([, name = '', text = '']) => [name, text] as const),
    );
    for (const { alert, expr } of alertsOf(await clusterRules()))
      for (const [name] of expr.matchAll(/\b(?:holdfast|etcd)_\w+/g)) {
        // Told by whoever leads and whoever does not: src/operator/leading-operator.test.ts.
        if (name === 'holdfast_operator_leader') continue;
        expect(told, `${alert} reads ${name}`).toMatch(new RegExp(`^# TYPE ${name} gauge$`, 'm'));
        expect(labels.get(name), `${alert} reads ${name}`).toContain('backup_policy="nightly"');
      }
  });

  it('has a runbook that says when it fires, and each runbook an alert', async () => {
    const alerts = alertsOf(await clusterRules());
    const overview = await read('docs/runbooks/README.md');
    for (const { alert, expr, for: time, labels, annotations } of alerts) {
      const runbook = await read(`docs/runbooks/${alert}.md`);
      expect(annotations.description).toBe(`See docs/runbooks/${alert}.md.`);
      expect(runbook).toContain(
        `After ${time}, severity ${labels.severity}, while this holds:\n\n\`\`\`promql\n${expr}\n\`\`\``,
      );
      expect(overview).toContain(`| [${alert}](${alert}.md) | ${labels.severity} |`);
      expect(await exists(`docs/runbooks/${alert}.md`)).toBe(true);
    }
    const pages = (await projectFiles()).flatMap((path) => /^docs\/runbooks\/(Holdfast\w+)\.md$/.exec(path)?.[1] ?? []);
    expect(pages.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
  });

  it('is one that Prometheus loads', async () => {
    const path = join(await temporaryFolder(), 'rules.yaml');
    await writeFile(path, JSON.stringify(await clusterRules()));
    const found = `SUCCESS: ${alertsOf(await clusterRules()).length} rules found`;
    expect(await checkRules(path)).toContain(found);
    expect(await checkRules(join(PROJECT, HOST_RULES))).toContain(found);
  });

  it('is the same for hosts as for clusters', async () => {
    const rules = hostRules(await clusterRules());
    await expectMade(HOST_RULES, HEAD, rules);
    expect(load(await read(HOST_RULES))).toEqual(rules);
  });
});
