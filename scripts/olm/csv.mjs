// @ts-check
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../provide/cache.mjs';
import { Failure } from '../provide/failure.mjs';

/** @typedef {import('./sources.mjs').KubeObject} KubeObject */

/** Jobs of scheduled runs read their own labels batch.kubernetes.io/…, which came with it. */
export const OLDEST_KUBERNETES = '1.27.0';
export const OLDEST_OPENSHIFT = 'v4.14';

/** What OLM's own parts read of an operator, beyond how it is installed (OLM, "ClusterServiceVersion annotations"). */
const FEATURES = {
  disconnected: true,
  'fips-compliant': false,
  'proxy-aware': false,
  'tls-profiles': false,
  'token-auth-aws': false,
  'token-auth-azure': false,
  'token-auth-gcp': false,
  cnf: false,
  cni: false,
  csi: false,
};

/**
 * The ClusterServiceVersion: how OLM installs the operator, made of the objects that are installed without OLM.
 *
 * @param {readonly KubeObject[]} objects those that the bundle carries
 * @param {{ version: string, image: string, args: readonly string[], created: Date, architectures: readonly string[] }} what
 */
export async function clusterServiceVersion(objects, { version, image, args, created, architectures }) {
  const deployment = only(objects, 'Deployment');
  const account = only(objects, 'ServiceAccount').metadata.name;
  const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  return {
    apiVersion: 'operators.coreos.com/v1alpha1',
    kind: 'ClusterServiceVersion',
    metadata: {
      name: `holdfast.v${version}`,
      labels: {
        'operatorframework.io/os.linux': 'supported',
        ...Object.fromEntries(architectures.map((name) => [`operatorframework.io/arch.${name}`, 'supported'])),
      },
      annotations: {
        'alm-examples': JSON.stringify(EXAMPLES, null, 2),
        capabilities: 'Seamless Upgrades',
        categories: 'Storage',
        containerImage: image,
        createdAt: created.toISOString().replace('.000Z', 'Z'),
        description: 'Backs up the control plane: etcd and the static pod resources.',
        ...Object.fromEntries(
          Object.entries(FEATURES).map(([name, has]) => [`features.operators.openshift.io/${name}`, String(has)]),
        ),
        'operatorframework.io/cluster-monitoring': 'true',
        'operatorframework.io/suggested-namespace': 'holdfast',
        // Any release replaces any before it; there is no step between them.
        'olm.skipRange': `<${version}`,
      },
    },
    spec: {
      displayName: 'Holdfast',
      description: await readFile(join(PROJECT, 'scripts', 'olm', 'description.md'), 'utf8'),
      version,
      minKubeVersion: OLDEST_KUBERNETES,
      maturity: 'alpha',
      provider: { name: 'Holdfast' },
      keywords: ['backup', 'restore', 'etcd', 'control plane', 'disaster recovery'],
      // What it works on lies in no namespace and in openshift-etcd, whatever its OperatorGroup names.
      installModes: [
        { type: 'OwnNamespace', supported: true },
        { type: 'SingleNamespace', supported: false },
        { type: 'MultiNamespace', supported: false },
        { type: 'AllNamespaces', supported: true },
      ],
      customresourcedefinitions: { owned: definitions.map(owned) },
      relatedImages: [{ name: 'holdfast', image }],
      install: {
        strategy: 'deployment',
        spec: {
          deployments: [
            {
              name: deployment.metadata.name,
              label: deployment.metadata.labels,
              spec: started(deployment, image, args),
            },
          ],
          clusterPermissions: [{ serviceAccountName: account, rules: clusterRules(objects, account) }],
        },
      },
    },
  };
}

/** @param {KubeObject} definition */
function owned({ metadata: { name }, spec }) {
  const [version] = spec.versions;
  const { description } = version.schema.openAPIV3Schema;
  return { name, version: version.name, kind: spec.names.kind, displayName: spec.names.kind, description };
}

/** @param {KubeObject} deployment @param {string} image @param {readonly string[]} args more than it has */
function started({ spec }, image, args) {
  const copy = structuredClone(spec);
  const [container, ...others] = copy.template.spec.containers;
  if (others.length > 0) throw new Failure('the operator has several containers', 'Say which image each has.');
  container.image = image;
  container.args.push(...args);
  return copy;
}

/** The rules of all ClusterRoles that the account is bound to. @param {readonly KubeObject[]} objects @param {string} account */
function clusterRules(objects, account) {
  const bindings = objects.filter(({ kind }) => kind === 'ClusterRoleBinding');
  return bindings.flatMap(({ roleRef, subjects, metadata }) => {
    if (subjects.length !== 1 || subjects[0].name !== account)
      throw new Failure(`${metadata.name} binds others than ${account}`, 'Put it into deploy/openshift/beside-olm.');
    const role = objects.find((each) => each.kind === 'ClusterRole' && each.metadata.name === roleRef.name);
    if (role === undefined) throw new Failure(`no ClusterRole ${roleRef.name}`, 'Put both into the same place.');
    return role.rules;
  });
}

/** @param {readonly KubeObject[]} objects @param {string} kind */
function only(objects, kind) {
  const found = objects.filter((each) => each.kind === kind);
  if (found[0] === undefined || found.length > 1)
    throw new Failure(`the bundle has ${found.length} of ${kind}, not one`, 'Look at deploy/openshift/beside-olm.');
  return found[0];
}

/** One of each kind, as the console offers them to be changed. */
const EXAMPLES = [
  {
    apiVersion: 'config.openshift.io/v1alpha1',
    kind: 'Backup',
    metadata: { name: 'nightly' },
    spec: {
      etcd: {
        schedule: '20 4 * * *',
        timeZone: 'UTC',
        pvcName: 'etcd-backup-pvc',
        retentionPolicy: { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups: 15 } },
      },
    },
  },
  {
    apiVersion: 'operator.openshift.io/v1alpha1',
    kind: 'EtcdBackup',
    metadata: { name: 'etcd-single-backup' },
    spec: { pvcName: 'etcd-backup-pvc' },
  },
];
