import { kindsFromDefinition } from '../custom/kinds-from-definition.ts';
import { about, each, flag, int64, list, listBy, loose, object, oneOf, text, time } from '../declare.ts';
import type { JsonSchema, ValidationRule } from '../json.ts';
import type { Kind } from '../kind.ts';

/**
 * The two kinds of OpenShift that its backup procedures read or write. There they are custom resources, so they are such
 * here; they stand from the start, and no CustomResourceDefinition is listed for them.
 * Source of names, values and rules: github.com/openshift/api, config/v1 (types_feature.go, types_cluster_version.go).
 */

const changeRule = (set: string): ValidationRule => ({
  rule: `oldSelf == '${set}' ? self == '${set}' : true`,
  message: `${set} may not be changed`,
});

const featureSet: JsonSchema = {
  ...oneOf('CustomNoUpgrade', 'DevPreviewNoUpgrade', 'TechPreviewNoUpgrade', 'OKD', ''),
  description:
    'A set of features that are not yet part of the platform. Choosing one cannot be undone and keeps a cluster from being ' +
    'upgraded to the next minor release; `TechPreviewNoUpgrade` brings automated backups.',
  'x-kubernetes-validations': [
    changeRule('CustomNoUpgrade'),
    changeRule('TechPreviewNoUpgrade'),
    changeRule('DevPreviewNoUpgrade'),
    { rule: "oldSelf == 'OKD' ? self != '' : true", message: 'OKD cannot transition to Default' },
  ],
};

const featureName: JsonSchema = { ...text, pattern: '^([A-Za-z0-9-]+\\.)*[A-Za-z0-9-]+\\.?$' };
const features = list(object({ name: featureName }, { required: ['name'] }));
const condition = object({ ...each(text, 'type', 'status', 'reason', 'message'), lastTransitionTime: time });

const featureGateSchema = object(
  {
    spec: about('Which features are on.', {
      ...object({
        featureSet,
        customNoUpgrade: { ...object(each(list(featureName), 'enabled', 'disabled')), nullable: true },
      }),
      'x-kubernetes-validations': [
        {
          rule: 'has(oldSelf.featureSet) ? has(self.featureSet) : true',
          message: '.spec.featureSet cannot be removed',
        },
      ],
    }),
    status: object({
      conditions: listBy(['type'], condition),
      featureGates: listBy(
        ['version'],
        object({ version: text, enabled: features, disabled: features }, { required: ['version'] }),
      ),
    }),
  },
  {
    description: 'Which features of the platform are on. There is one object of this kind: `cluster`.',
    required: ['spec'],
  },
);

const clusterVersionSchema = object(
  {
    spec: {
      ...object({
        clusterID: text,
        channel: text,
        upstream: text,
        desiredUpdate: object({ ...each(text, 'architecture', 'version', 'image', 'mode'), force: flag }),
        capabilities: loose,
        signatureStores: list(loose),
        overrides: list(loose),
      }),
    },
    status: object({
      desired: object({ ...each(text, 'version', 'image', 'url'), channels: list(text) }),
      history: list(
        object({
          ...each(text, 'state', 'version', 'image', 'acceptedRisks'),
          startedTime: time,
          completionTime: { ...time, nullable: true },
          verified: flag,
        }),
      ),
      observedGeneration: int64,
      versionHash: text,
      capabilities: loose,
      conditions: listBy(['type'], condition),
      availableUpdates: { ...list(loose), nullable: true },
      ...each(list(loose), 'conditionalUpdates', 'conditionalUpdateRisks'),
    }),
  },
  { description: 'Which release runs, and which is wanted.', required: ['spec'] },
);

function openshiftKind(kind: string, plural: string, schema: JsonSchema, columns: readonly object[]): readonly Kind[] {
  return kindsFromDefinition({
    metadata: { name: `${plural}.config.openshift.io` },
    spec: {
      group: 'config.openshift.io',
      scope: 'Cluster',
      names: { kind, plural },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          subresources: { status: {} },
          additionalPrinterColumns: columns,
        },
      ],
    },
  });
}

const progressing = '.status.conditions[?(@.type=="Progressing")]';

const clusterVersion = openshiftKind('ClusterVersion', 'clusterversions', clusterVersionSchema, [
  { name: 'Version', type: 'string', jsonPath: '.status.history[?(@.state=="Completed")].version' },
  { name: 'Available', type: 'string', jsonPath: '.status.conditions[?(@.type=="Available")].status' },
  { name: 'Progressing', type: 'string', jsonPath: `${progressing}.status` },
  { name: 'Since', type: 'date', jsonPath: `${progressing}.lastTransitionTime` },
  { name: 'Status', type: 'string', jsonPath: `${progressing}.message` },
]);

const featureGate = openshiftKind('FeatureGate', 'featuregates', featureGateSchema, []).map((kind) => ({
  ...kind,
  validName: (name: string) => (name === 'cluster' ? [] : ['must be cluster']),
}));

export const openshiftKinds: readonly Kind[] = [...featureGate, ...clusterVersion];
