import {
  about,
  byDefault,
  each,
  flag,
  int32,
  labels,
  list,
  loose,
  mapOf,
  named,
  object,
  oneOf,
  quantities,
  quantity,
  text,
  texts,
} from '../declare.ts';
import type { JsonSchema } from '../json.ts';
import { labelSelector } from '../metadata-schema.ts';

/** Kinds of volumes that the engine stores but never mounts: their fields are kept as they come. */
const FOREIGN_SOURCES = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'glusterfs',
  'iscsi',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
] as const;

const hostPath = named(
  'core.v1.HostPathVolumeSource',
  { path: about('A path on the host.', text), type: byDefault('', text) },
  { required: ['path'] },
);
const nfs = named(
  'core.v1.NFSVolumeSource',
  { ...each(text, 'server', 'path'), readOnly: flag },
  { required: ['server', 'path'] },
);

export const objectReference: JsonSchema = named(
  'core.v1.ObjectReference',
  each(text, 'apiVersion', 'fieldPath', 'kind', 'name', 'namespace', 'resourceVersion', 'uid'),
  { 'x-kubernetes-map-type': 'atomic' },
);

export const nodeSelectorTerm: JsonSchema = named(
  'core.v1.NodeSelectorTerm',
  each(
    list(
      named(
        'core.v1.NodeSelectorRequirement',
        { ...each(text, 'key', 'operator'), values: texts },
        { required: ['key', 'operator'] },
      ),
    ),
    'matchExpressions',
    'matchFields',
  ),
  { 'x-kubernetes-map-type': 'atomic' },
);

export const nodeSelector: JsonSchema = named(
  'core.v1.NodeSelector',
  { nodeSelectorTerms: list(nodeSelectorTerm) },
  { required: ['nodeSelectorTerms'], 'x-kubernetes-map-type': 'atomic' },
);

const accessModes = about(
  'How the volume may be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.',
  texts,
);

/** Where a persistent volume's data lies: exactly one of these fields. */
export const PERSISTENT_SOURCES: readonly string[] = ['hostPath', 'local', 'nfs', ...FOREIGN_SOURCES];

export const persistentVolumeSpec: JsonSchema = named(
  'core.v1.PersistentVolumeSpec',
  {
    accessModes,
    capacity: about('How much the volume holds, as `storage`.', quantities),
    claimRef: about('The claim that the volume is bound to.', {
      ...objectReference,
      'x-kubernetes-map-type': 'granular',
    }),
    hostPath,
    nfs,
    local: about(
      'A folder of one node.',
      named('core.v1.LocalVolumeSource', { path: text, fsType: text }, { required: ['path'] }),
    ),
    ...each(loose, ...FOREIGN_SOURCES),
    mountOptions: texts,
    nodeAffinity: about(
      'On which nodes the volume can be used.',
      named('core.v1.VolumeNodeAffinity', { required: nodeSelector }),
    ),
    persistentVolumeReclaimPolicy: about('What happens when its claim is deleted.', byDefault('Retain', text)),
    storageClassName: text,
    volumeAttributesClassName: text,
    volumeMode: byDefault('Filesystem', text),
  },
  { description: 'What a volume offers and where its data lies.' },
);

const dataSource = named('core.v1.TypedLocalObjectReference', each(text, 'apiGroup', 'kind', 'name'), {
  required: ['kind', 'name'],
});
const dataSourceRef = named('core.v1.TypedObjectReference', each(text, 'apiGroup', 'kind', 'name', 'namespace'), {
  required: ['kind', 'name'],
});

export const claimSpec: JsonSchema = named(
  'core.v1.PersistentVolumeClaimSpec',
  {
    accessModes,
    dataSource,
    dataSourceRef,
    resources: about(
      'How much is asked for, as `requests.storage`.',
      byDefault({}, named('core.v1.VolumeResourceRequirements', each(quantities, 'limits', 'requests'))),
    ),
    selector: about('Which volumes may be bound, by their labels.', labelSelector),
    storageClassName: about('The class; the default one where it is absent, none where it is empty.', text),
    volumeAttributesClassName: text,
    volumeMode: byDefault('Filesystem', text),
    volumeName: about('The volume that the claim is bound to.', text),
  },
  { description: 'What kind of volume is asked for.' },
);

const keyToPath = object({ ...each(text, 'key', 'path'), mode: int32 }, { required: ['key', 'path'] });
const fileMode = byDefault(0o644, int32);

/** A volume of a pod. */
export const volume: JsonSchema = named(
  'core.v1.Volume',
  {
    name: about('The name by which containers mount it.', text),
    persistentVolumeClaim: about(
      'A claim of the same namespace.',
      named(
        'core.v1.PersistentVolumeClaimVolumeSource',
        { claimName: text, readOnly: flag },
        { required: ['claimName'] },
      ),
    ),
    hostPath,
    nfs,
    emptyDir: named('core.v1.EmptyDirVolumeSource', { medium: text, sizeLimit: quantity }),
    configMap: object({ name: text, optional: flag, defaultMode: fileMode, items: list(keyToPath) }),
    secret: object({ secretName: text, optional: flag, defaultMode: fileMode, items: list(keyToPath) }),
    downwardAPI: object({ defaultMode: fileMode, items: list(loose) }),
    projected: object({ defaultMode: fileMode, sources: list(loose) }),
    ...each(loose, 'ephemeral', 'image', 'gitRepo', ...FOREIGN_SOURCES),
  },
  { description: 'A volume that containers of the pod can mount.', required: ['name'] },
);

export const storageClassFields: Readonly<Record<string, JsonSchema>> = {
  provisioner: about('Who makes volumes; `kubernetes.io/no-provisioner` where nobody does.', text),
  parameters: about('What the provisioner is told.', labels),
  reclaimPolicy: about('What happens to a volume when its claim is deleted.', byDefault('Delete', text)),
  volumeBindingMode: about(
    'Whether a claim is bound at once or when a pod first mounts it.',
    byDefault('Immediate', oneOf('Immediate', 'WaitForFirstConsumer')),
  ),
  allowVolumeExpansion: flag,
  mountOptions: texts,
  allowedTopologies: list(
    object(
      {
        matchLabelExpressions: list(object({ key: text, values: texts }, { required: ['key', 'values'] })),
      },
      { 'x-kubernetes-map-type': 'atomic' },
    ),
  ),
};

/** A map from resources to what is being done about them. */
export const resourceStates: JsonSchema = mapOf(text, { 'x-kubernetes-map-type': 'granular' });
