// @ts-check
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { PROJECT } from '../provide/cache.mjs';
import { Failure } from '../provide/failure.mjs';
import { provideKubectl } from '../provide/kubectl.mjs';
import { run } from '../provide/run.mjs';

/** @typedef {Record<string, any> & { kind: string, metadata: { name: string, namespace?: string, labels?: Record<string, string> } }} KubeObject */

/** Objects that become a part of the ClusterServiceVersion. */
const IN_CSV = ['Deployment', 'ServiceAccount', 'ClusterRole', 'ClusterRoleBinding'];
/** Objects that lie beside it, each in a file. Every OLM of every OpenShift since OLDEST_OPENSHIFT takes them. */
const BESIDE_CSV = [
  'CustomResourceDefinition',
  'Service',
  'PodDisruptionBudget',
  'Role',
  'RoleBinding',
  'ServiceMonitor',
  'PrometheusRule',
];

/**
 * What the bundle carries: all that `oc apply -k` of deploy/openshift and deploy/monitoring would apply, but for what
 * deploy/openshift/beside-olm does.
 *
 * @returns {Promise<readonly KubeObject[]>}
 */
export async function carriedObjects() {
  const [installed, monitoring, beside] = await Promise.all(
    ['openshift', 'monitoring', 'openshift/beside-olm'].map(kustomized),
  );
  const others = new Set((beside ?? []).map(idOf));
  const carried = [...(installed ?? []), ...(monitoring ?? [])].filter((each) => !others.has(idOf(each)));
  for (const each of carried)
    if (![...IN_CSV, ...BESIDE_CSV].includes(each.kind))
      throw new Failure(
        `${idOf(each)} is of a kind that no bundle carries`,
        'Leave it in deploy/openshift/beside-olm.',
      );
  return carried;
}

/** Those with a file of their own. OLM puts them into the operator's namespace. @param {readonly KubeObject[]} objects */
export function withOwnFile(objects) {
  return objects
    .filter(({ kind }) => BESIDE_CSV.includes(kind))
    .map((each) => {
      const { namespace, ...metadata } = each.metadata;
      if (namespace !== undefined && namespace !== 'holdfast')
        throw new Failure(
          `${idOf(each)} would come into the namespace holdfast`,
          'Leave it in deploy/openshift/beside-olm.',
        );
      return { ...each, metadata };
    });
}

/** @param {KubeObject} object */
function idOf({ kind, metadata }) {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
}

/** @param {string} folder below deploy/ @returns {Promise<readonly KubeObject[]>} */
async function kustomized(folder) {
  const kubectl = await provideKubectl();
  const { code, stdout, output } = await run(join(kubectl.folder, 'kubectl'), [
    'kustomize',
    join(PROJECT, 'deploy', folder),
  ]);
  if (code !== 0) throw new Failure(`deploy/${folder} cannot be built:\n${output.trim()}`, 'Mend it.');
  return /** @type {KubeObject[]} */ (loadAll(stdout));
}
