import * as z from 'zod';
import { build, single } from './manifests.ts';

const rule = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string(),
  labels: z.strictObject({ severity: z.enum(['warning', 'critical']), namespace: z.string().optional() }),
  annotations: z.strictObject({ summary: z.string(), description: z.string() }),
});
const groups = z.array(z.strictObject({ name: z.string(), rules: z.array(rule) }));
const prometheusRule = z.looseObject({ spec: z.strictObject({ groups }) });

export type Alert = z.infer<typeof rule>;
/** What Prometheus itself reads from a file of rules. */
export interface RuleFile {
  readonly groups: z.infer<typeof groups>;
}

/** The rules for a cluster, as they are applied there. */
export async function clusterRules(): Promise<RuleFile> {
  return prometheusRule.parse(single(await build('monitoring'), 'PrometheusRule', 'holdfast')).spec;
}

export function alertsOf(file: RuleFile): readonly Alert[] {
  return file.groups.flatMap(({ rules }) => rules);
}

/** No replica stands by on a single host: where it is not scraped, it is not there. */
const ABSENT = 'up{job="holdfast"} == 0 or absent(up{job="holdfast"})';
const ABSENT_SUMMARY = 'Nothing takes care of backups, or it cannot be asked: {{ $labels.job }} {{ $labels.instance }}';

/** The same for hosts with `holdfast standalone`, where each has series of its own. */
export function hostRules({ groups: forCluster }: RuleFile): RuleFile {
  return { groups: forCluster.map(({ name, rules }) => ({ name, rules: rules.map(forHosts) })) };
}

function forHosts({ labels: { severity }, annotations, ...each }: Alert): Alert {
  const { summary, description } = annotations;
  if (each.alert === 'HoldfastOperatorAbsent')
    return { ...each, expr: ABSENT, labels: { severity }, annotations: { summary: ABSENT_SUMMARY, description } };
  const policy = '{{ $labels.backup_policy }}';
  return {
    ...each,
    expr: each.expr.replaceAll(/\b(by|on) \(backup_policy\)/g, '$1 (instance, backup_policy)'),
    labels: { severity },
    // What is of no Backup tells its host by its labels.
    annotations: { summary: summary.replaceAll(policy, `${policy} on {{ $labels.instance }}`), description },
  };
}
