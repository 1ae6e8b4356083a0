import {
  always,
  flag,
  ignored,
  inline,
  list,
  message,
  number,
  optional,
  optionalFlag,
  optionalNumber,
  optionalText,
  quantity,
  quantityMap,
  text,
  textMap,
  texts,
  time,
  type Message,
} from './message.ts';

/**
 * The kinds that kubectl's own commands send as protocol buffers (`create namespace`, `create job`, `create cronjob`, `run`, `auth can-i`),
 * with the fields that such objects have on one machine.
 * Source of the numbers: k8s.io/api, core/v1, batch/v1 and authorization/v1/generated.proto; k8s.io/apimachinery, meta/v1/generated.proto.
 */

const ownerReference = message({
  kind: [1, text],
  name: [3, text],
  uid: [4, text],
  apiVersion: [5, text],
  controller: [6, optionalFlag],
  blockOwnerDeletion: [7, optionalFlag],
});

const objectMeta = message({
  name: [1, text],
  generateName: [2, text],
  namespace: [3, text],
  selfLink: [4, text],
  uid: [5, text],
  resourceVersion: [6, text],
  generation: [7, number],
  creationTimestamp: [8, time],
  deletionTimestamp: [9, time],
  deletionGracePeriodSeconds: [10, optionalNumber],
  labels: [11, textMap],
  annotations: [12, textMap],
  ownerReferences: [13, list(ownerReference)],
  finalizers: [14, texts],
  managedFields: [17, ignored],
});

const requirements = list(message({ key: [1, text], operator: [2, text], values: [3, texts] }));

const labelSelector = message({ matchLabels: [1, textMap], matchExpressions: [2, requirements] });

const profile = message({ type: [1, text], localhostProfile: [2, optionalText] });

const podSecurityContext = message({
  runAsUser: [2, optionalNumber],
  runAsNonRoot: [3, optionalFlag],
  fsGroup: [5, optionalNumber],
  runAsGroup: [6, optionalNumber],
  fsGroupChangePolicy: [9, optionalText],
  seccompProfile: [10, optional(profile)],
  appArmorProfile: [11, optional(profile)],
});

const securityContext = message({
  capabilities: [1, optional(message({ add: [1, texts], drop: [2, texts] }))],
  privileged: [2, optionalFlag],
  runAsUser: [4, optionalNumber],
  runAsNonRoot: [5, optionalFlag],
  readOnlyRootFilesystem: [6, optionalFlag],
  allowPrivilegeEscalation: [7, optionalFlag],
  runAsGroup: [8, optionalNumber],
  procMount: [9, optionalText],
  seccompProfile: [11, optional(profile)],
  appArmorProfile: [12, optional(profile)],
});

const keyRef = message({
  '': [1, inline(message({ name: [1, text] }))],
  key: [2, text],
  optional: [3, optionalFlag],
});

const envVar = message({
  name: [1, text],
  value: [2, text],
  valueFrom: [
    3,
    optional(
      message({
        fieldRef: [1, optional(message({ apiVersion: [1, text], fieldPath: [2, text] }))],
        configMapKeyRef: [3, optional(keyRef)],
        secretKeyRef: [4, optional(keyRef)],
      }),
    ),
  ],
});

const container = message({
  name: [1, text],
  image: [2, text],
  command: [3, texts],
  args: [4, texts],
  workingDir: [5, text],
  env: [7, list(envVar)],
  resources: [8, always(message({ limits: [1, quantityMap], requests: [2, quantityMap] }))],
  volumeMounts: [
    9,
    list(
      message({
        name: [1, text],
        readOnly: [2, flag],
        mountPath: [3, text],
        subPath: [4, text],
        mountPropagation: [5, optionalText],
        subPathExpr: [6, text],
        recursiveReadOnly: [7, optionalText],
      }),
    ),
  ],
  terminationMessagePath: [13, text],
  imagePullPolicy: [14, text],
  securityContext: [15, optional(securityContext)],
  stdin: [16, flag],
  stdinOnce: [17, flag],
  tty: [18, flag],
  terminationMessagePolicy: [20, text],
});

const volumeSource = message({
  hostPath: [1, optional(message({ path: [1, text], type: [2, optionalText] }))],
  emptyDir: [2, optional(message({ medium: [1, text], sizeLimit: [2, quantity] }))],
  persistentVolumeClaim: [10, optional(message({ claimName: [1, text], readOnly: [2, flag] }))],
});

const toleration = message({
  key: [1, text],
  operator: [2, text],
  value: [3, text],
  effect: [4, text],
  tolerationSeconds: [5, optionalNumber],
});

const nodeSelectorTerm = message({ matchExpressions: [1, requirements], matchFields: [2, requirements] });

const affinity = message({
  nodeAffinity: [
    1,
    optional(
      message({
        requiredDuringSchedulingIgnoredDuringExecution: [
          1,
          optional(message({ nodeSelectorTerms: [1, list(nodeSelectorTerm)] })),
        ],
        preferredDuringSchedulingIgnoredDuringExecution: [
          2,
          list(message({ weight: [1, number], preference: [2, always(nodeSelectorTerm)] })),
        ],
      }),
    ),
  ],
});

const podSpec = message({
  volumes: [1, list(message({ name: [1, text], '': [2, inline(volumeSource)] }))],
  containers: [2, list(container)],
  restartPolicy: [3, text],
  terminationGracePeriodSeconds: [4, optionalNumber],
  activeDeadlineSeconds: [5, optionalNumber],
  dnsPolicy: [6, text],
  nodeSelector: [7, textMap],
  serviceAccountName: [8, text],
  serviceAccount: [9, text],
  nodeName: [10, text],
  hostNetwork: [11, flag],
  hostPID: [12, flag],
  hostIPC: [13, flag],
  securityContext: [14, optional(podSecurityContext)],
  imagePullSecrets: [15, list(message({ name: [1, text] }))],
  hostname: [16, text],
  subdomain: [17, text],
  affinity: [18, optional(affinity)],
  schedulerName: [19, text],
  initContainers: [20, list(container)],
  automountServiceAccountToken: [21, optionalFlag],
  tolerations: [22, list(toleration)],
  priorityClassName: [24, text],
  priority: [25, optionalNumber],
  shareProcessNamespace: [27, optionalFlag],
  runtimeClassName: [29, optionalText],
  enableServiceLinks: [30, optionalFlag],
  preemptionPolicy: [31, optionalText],
});

const podTemplate = message({ metadata: [1, always(objectMeta)], spec: [2, always(podSpec)] });

const jobSpec = message({
  parallelism: [1, optionalNumber],
  completions: [2, optionalNumber],
  activeDeadlineSeconds: [3, optionalNumber],
  selector: [4, optional(labelSelector)],
  manualSelector: [5, optionalFlag],
  template: [6, always(podTemplate)],
  backoffLimit: [7, optionalNumber],
  ttlSecondsAfterFinished: [8, optionalNumber],
  completionMode: [9, optionalText],
  suspend: [10, optionalFlag],
  podReplacementPolicy: [14, optionalText],
  managedBy: [15, optionalText],
});

const jobTemplate = message({ metadata: [1, always(objectMeta)], spec: [2, always(jobSpec)] });

const cronJobSpec = message({
  schedule: [1, text],
  startingDeadlineSeconds: [2, optionalNumber],
  concurrencyPolicy: [3, text],
  suspend: [4, optionalFlag],
  jobTemplate: [5, always(jobTemplate)],
  successfulJobsHistoryLimit: [6, optionalNumber],
  failedJobsHistoryLimit: [7, optionalNumber],
  timeZone: [8, optionalText],
});

/** A status is not for the client to say when it makes an object. */
const withSpec = (spec: Message): Message =>
  message({ metadata: [1, always(objectMeta)], spec: [2, always(spec)], status: [3, ignored] });

const accessReviewSpec = message({
  resourceAttributes: [
    1,
    optional(
      message({
        namespace: [1, text],
        verb: [2, text],
        group: [3, text],
        version: [4, text],
        resource: [5, text],
        subresource: [6, text],
        name: [7, text],
        fieldSelector: [8, ignored],
        labelSelector: [9, ignored],
      }),
    ),
  ],
  nonResourceAttributes: [2, optional(message({ path: [1, text], verb: [2, text] }))],
});

/** By `apiVersion` and kind. */
export const MESSAGES: ReadonlyMap<string, Message> = new Map([
  ['v1 Namespace', withSpec(message({ finalizers: [1, texts] }))],
  ['v1 Pod', withSpec(podSpec)],
  ['batch/v1 Job', withSpec(jobSpec)],
  ['batch/v1 CronJob', withSpec(cronJobSpec)],
  ['authorization.k8s.io/v1 SelfSubjectAccessReview', withSpec(accessReviewSpec)],
]);

/** Of any group: clients send it under the group of what they delete. */
export const DELETE_OPTIONS = message({
  gracePeriodSeconds: [1, optionalNumber],
  preconditions: [2, optional(message({ uid: [1, optionalText], resourceVersion: [2, optionalText] }))],
  orphanDependents: [3, optionalFlag],
  propagationPolicy: [4, optionalText],
  dryRun: [5, texts],
});
