import * as z from 'zod';

/**
 * Kubernetes objects as controllers see them: the fields that are read by name are typed, all others are kept as they came,
 * so that an object that was read, changed and written back loses nothing. Fields are as in the API reference of Kubernetes.
 */

const labels = z.record(z.string(), z.string());

export const ownerReference = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
  blockOwnerDeletion: z.boolean().optional(),
});

export const objectMeta = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().default(''),
  resourceVersion: z.string().default(''),
  generation: z.number().optional(),
  creationTimestamp: z.string().default(''),
  deletionTimestamp: z.string().optional(),
  labels: labels.optional(),
  annotations: labels.optional(),
  ownerReferences: z.array(ownerReference).optional(),
  finalizers: z.array(z.string()).optional(),
});

/** What every object has. */
export const kubeObject = z.looseObject({ apiVersion: z.string(), kind: z.string(), metadata: objectMeta });

/** A condition with metav1.Condition's fields; Jobs' own lack some of them. */
export const condition = z.looseObject({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastTransitionTime: z.string().optional(),
  observedGeneration: z.number().optional(),
});

const selector = z.looseObject({ matchLabels: labels.optional() });

const nodeSelectorTerm = z.looseObject({
  matchExpressions: z
    .array(z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
    .optional(),
});

const envVar = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.looseObject({ fieldRef: z.looseObject({ fieldPath: z.string() }).optional() }).optional(),
});

const container = z.looseObject({
  name: z.string(),
  image: z.string().optional(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.array(envVar).optional(),
  volumeMounts: z
    .array(
      z.looseObject({
        name: z.string(),
        mountPath: z.string(),
        subPath: z.string().optional(),
        readOnly: z.boolean().optional(),
      }),
    )
    .optional(),
  terminationMessagePath: z.string().optional(),
  terminationMessagePolicy: z.string().optional(),
});

const volume = z.looseObject({
  name: z.string(),
  persistentVolumeClaim: z.looseObject({ claimName: z.string(), readOnly: z.boolean().optional() }).optional(),
  hostPath: z.looseObject({ path: z.string(), type: z.string().optional() }).optional(),
  emptyDir: z.looseObject({}).optional(),
});

const podSpec = z.looseObject({
  containers: z.array(container),
  volumes: z.array(volume).optional(),
  nodeName: z.string().optional(),
  nodeSelector: labels.optional(),
  restartPolicy: z.string().optional(),
  activeDeadlineSeconds: z.number().optional(),
  terminationGracePeriodSeconds: z.number().optional(),
  serviceAccountName: z.string().optional(),
});

const podTemplate = z.looseObject({
  metadata: z.looseObject({ labels: labels.optional(), annotations: labels.optional() }).optional(),
  spec: podSpec,
});

const terminated = z.looseObject({
  exitCode: z.number(),
  signal: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  startedAt: z.string().nullish(),
  finishedAt: z.string().nullish(),
});

const containerStatus = z.looseObject({
  name: z.string(),
  restartCount: z.number().optional(),
  state: z
    .looseObject({
      waiting: z.looseObject({ reason: z.string().optional(), message: z.string().optional() }).optional(),
      running: z.looseObject({ startedAt: z.string().nullish() }).optional(),
      terminated: terminated.optional(),
    })
    .optional(),
  lastState: z.looseObject({ terminated: terminated.optional() }).optional(),
});

export const pod = kubeObject.extend({
  spec: podSpec,
  status: z
    .looseObject({
      phase: z.enum(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']).optional(),
      reason: z.string().optional(),
      message: z.string().optional(),
      startTime: z.string().optional(),
      conditions: z.array(condition).optional(),
      containerStatuses: z.array(containerStatus).optional(),
    })
    .optional(),
});

const jobSpec = z.looseObject({
  parallelism: z.number().optional(),
  completions: z.number().optional(),
  backoffLimit: z.number().optional(),
  activeDeadlineSeconds: z.number().optional(),
  ttlSecondsAfterFinished: z.number().optional(),
  suspend: z.boolean().optional(),
  selector: selector.optional(),
  template: podTemplate,
});

export const job = kubeObject.extend({
  spec: jobSpec,
  status: z
    .looseObject({
      active: z.number().optional(),
      succeeded: z.number().optional(),
      failed: z.number().optional(),
      startTime: z.string().optional(),
      completionTime: z.string().optional(),
      conditions: z.array(condition).nullish(),
    })
    .optional(),
});

export const cronJob = kubeObject.extend({
  spec: z.looseObject({
    schedule: z.string(),
    timeZone: z.string().nullish(),
    concurrencyPolicy: z.enum(['Allow', 'Forbid', 'Replace']).optional(),
    startingDeadlineSeconds: z.number().nullish(),
    suspend: z.boolean().optional(),
    successfulJobsHistoryLimit: z.number().optional(),
    failedJobsHistoryLimit: z.number().optional(),
    jobTemplate: z.looseObject({
      metadata: z.looseObject({ labels: labels.optional(), annotations: labels.optional() }).optional(),
      spec: jobSpec,
    }),
  }),
  status: z
    .looseObject({
      active: z.array(z.looseObject({ name: z.string(), uid: z.string().optional() })).nullish(),
      lastScheduleTime: z.string().nullish(),
      lastSuccessfulTime: z.string().nullish(),
    })
    .optional(),
});

export const namespace = kubeObject.extend({
  spec: z.looseObject({ finalizers: z.array(z.string()).optional() }).optional(),
  status: z.looseObject({ phase: z.string().optional() }).optional(),
});

const capacity = z.record(z.string(), z.union([z.string(), z.number()]));

export const persistentVolume = kubeObject.extend({
  spec: z.looseObject({
    capacity: capacity.optional(),
    accessModes: z.array(z.string()).optional(),
    volumeMode: z.string().optional(),
    storageClassName: z.string().optional(),
    persistentVolumeReclaimPolicy: z.string().optional(),
    claimRef: z
      .looseObject({ namespace: z.string().optional(), name: z.string().optional(), uid: z.string().optional() })
      .optional(),
    local: z.looseObject({ path: z.string() }).optional(),
    hostPath: z.looseObject({ path: z.string() }).optional(),
    nodeAffinity: z
      .looseObject({ required: z.looseObject({ nodeSelectorTerms: z.array(nodeSelectorTerm) }).optional() })
      .optional(),
  }),
  status: z
    .looseObject({
      phase: z.enum(['Pending', 'Available', 'Bound', 'Released', 'Failed']).optional(),
      message: z.string().optional(),
      reason: z.string().optional(),
    })
    .optional(),
});

export const persistentVolumeClaim = kubeObject.extend({
  spec: z.looseObject({
    accessModes: z.array(z.string()).optional(),
    volumeMode: z.string().optional(),
    volumeName: z.string().optional(),
    storageClassName: z.string().optional(),
    resources: z.looseObject({ requests: capacity.optional() }).optional(),
    selector: selector.optional(),
  }),
  status: z
    .looseObject({
      phase: z.enum(['Pending', 'Bound', 'Lost']).optional(),
      accessModes: z.array(z.string()).optional(),
      capacity: capacity.optional(),
    })
    .optional(),
});

export const storageClass = kubeObject.extend({
  provisioner: z.string(),
  volumeBindingMode: z.enum(['Immediate', 'WaitForFirstConsumer']).optional(),
  reclaimPolicy: z.enum(['Delete', 'Retain']).optional(),
  parameters: labels.optional(),
});

export const node = kubeObject.extend({
  spec: z
    .looseObject({
      unschedulable: z.boolean().optional(),
      taints: z.array(z.looseObject({ key: z.string() })).optional(),
    })
    .optional(),
  status: z
    .looseObject({
      conditions: z.array(condition).optional(),
      addresses: z.array(z.looseObject({ type: z.string(), address: z.string() })).optional(),
    })
    .optional(),
});

export const event = kubeObject.extend({
  involvedObject: z.looseObject({
    apiVersion: z.string().optional(),
    kind: z.string().optional(),
    name: z.string().optional(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
  }),
  reason: z.string().optional(),
  message: z.string().optional(),
  type: z.string().optional(),
  count: z.number().optional(),
  firstTimestamp: z.string().nullish(),
  lastTimestamp: z.string().nullish(),
  source: z.looseObject({ component: z.string().optional() }).optional(),
});

export const lease = kubeObject.extend({
  spec: z
    .looseObject({
      holderIdentity: z.string().optional(),
      leaseDurationSeconds: z.number().optional(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().optional(),
    })
    .optional(),
});

export const customResourceDefinition = kubeObject.extend({
  spec: z.looseObject({
    group: z.string(),
    scope: z.enum(['Namespaced', 'Cluster']),
    names: z.looseObject({
      plural: z.string(),
      singular: z.string().optional(),
      kind: z.string(),
      listKind: z.string().optional(),
      shortNames: z.array(z.string()).optional(),
      categories: z.array(z.string()).optional(),
    }),
    versions: z.array(
      z.looseObject({
        name: z.string(),
        served: z.boolean(),
        storage: z.boolean(),
        schema: z.looseObject({ openAPIV3Schema: z.looseObject({}).optional() }).optional(),
        subresources: z.looseObject({ status: z.looseObject({}).optional() }).optional(),
        additionalPrinterColumns: z
          .array(
            z.looseObject({
              name: z.string(),
              type: z.string(),
              jsonPath: z.string(),
              format: z.string().optional(),
              description: z.string().optional(),
              priority: z.number().optional(),
            }),
          )
          .optional(),
      }),
    ),
  }),
  status: z.looseObject({ conditions: z.array(condition).nullish() }).optional(),
});

export type OwnerReference = z.infer<typeof ownerReference>;
export type ObjectMeta = z.infer<typeof objectMeta>;
export type KubeObject = z.infer<typeof kubeObject>;
export type Condition = z.infer<typeof condition>;
export type Container = z.infer<typeof container>;
export type Volume = z.infer<typeof volume>;
export type PodSpec = z.infer<typeof podSpec>;
export type PodTemplate = z.infer<typeof podTemplate>;
export type Pod = z.infer<typeof pod>;
export type ContainerStatus = z.infer<typeof containerStatus>;
export type JobSpec = z.infer<typeof jobSpec>;
export type Job = z.infer<typeof job>;
export type CronJob = z.infer<typeof cronJob>;
export type Namespace = z.infer<typeof namespace>;
export type PersistentVolume = z.infer<typeof persistentVolume>;
export type PersistentVolumeClaim = z.infer<typeof persistentVolumeClaim>;
export type StorageClass = z.infer<typeof storageClass>;
export type Node = z.infer<typeof node>;
export type KubeEvent = z.infer<typeof event>;
export type Lease = z.infer<typeof lease>;
export type CustomResourceDefinition = z.infer<typeof customResourceDefinition>;
