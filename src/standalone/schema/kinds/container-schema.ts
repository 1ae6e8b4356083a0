import {
  about,
  byDefault,
  each,
  flag,
  int32,
  int64,
  intOrText,
  list,
  listBy,
  loose,
  named,
  object,
  oneOf,
  quantities,
  quantity,
  text,
  texts,
} from '../declare.ts';
import type { JsonSchema } from '../json.ts';

const keySelector = (kind: string): JsonSchema =>
  named(
    `core.v1.${kind}`,
    { ...each(text, 'name', 'key'), optional: flag },
    { required: ['key'], 'x-kubernetes-map-type': 'atomic' },
  );

const envVar = named(
  'core.v1.EnvVar',
  {
    name: about('The name of the variable.', text),
    value: about('Its value; `$(NAME)` stands for variables named before it.', text),
    valueFrom: about(
      'Where its value comes from, if not given.',
      named('core.v1.EnvVarSource', {
        fieldRef: about(
          "A field of the pod, such as `metadata.name` or `metadata.labels['app']`.",
          named(
            'core.v1.ObjectFieldSelector',
            { apiVersion: byDefault('v1', text), fieldPath: text },
            { required: ['fieldPath'], 'x-kubernetes-map-type': 'atomic' },
          ),
        ),
        resourceFieldRef: named(
          'core.v1.ResourceFieldSelector',
          { ...each(text, 'containerName', 'resource'), divisor: quantity },
          { required: ['resource'], 'x-kubernetes-map-type': 'atomic' },
        ),
        configMapKeyRef: keySelector('ConfigMapKeySelector'),
        secretKeyRef: keySelector('SecretKeySelector'),
        fileKeyRef: loose,
      }),
    ),
  },
  { required: ['name'] },
);

const tcpSocket = named('core.v1.TCPSocketAction', { host: text, port: intOrText }, { required: ['port'] });
const exec = named('core.v1.ExecAction', { command: texts });
const httpGet = named(
  'core.v1.HTTPGetAction',
  {
    host: text,
    path: byDefault('/', text),
    port: intOrText,
    scheme: byDefault('HTTP', text),
    httpHeaders: list(object({ name: text, value: text }, { required: ['name', 'value'] })),
  },
  { required: ['port'] },
);

const probe = named('core.v1.Probe', {
  exec,
  httpGet,
  tcpSocket,
  grpc: object({ port: int32, service: byDefault('', text) }, { required: ['port'] }),
  initialDelaySeconds: int32,
  timeoutSeconds: byDefault(1, int32),
  periodSeconds: byDefault(10, int32),
  successThreshold: byDefault(1, int32),
  failureThreshold: byDefault(3, int32),
  terminationGracePeriodSeconds: int64,
});

const lifecycleHandler = named('core.v1.LifecycleHandler', {
  exec,
  httpGet,
  tcpSocket,
  sleep: object({ seconds: int64 }, { required: ['seconds'] }),
});

export const resourceRequirements: JsonSchema = named('core.v1.ResourceRequirements', {
  limits: about('The most of each resource that may be used.', quantities),
  requests: about('How much of each resource is needed.', quantities),
  claims: listBy(['name'], object(each(text, 'name', 'request'), { required: ['name'] })),
});

export const seLinuxOptions: JsonSchema = named('core.v1.SELinuxOptions', each(text, 'level', 'role', 'type', 'user'));
export const profile = (name: string): JsonSchema =>
  named(`core.v1.${name}`, each(text, 'type', 'localhostProfile'), { required: ['type'] });

const securityContext = named('core.v1.SecurityContext', {
  ...each(flag, 'allowPrivilegeEscalation', 'privileged', 'readOnlyRootFilesystem', 'runAsNonRoot'),
  ...each(int64, 'runAsUser', 'runAsGroup'),
  procMount: text,
  capabilities: named('core.v1.Capabilities', each(texts, 'add', 'drop')),
  seLinuxOptions,
  seccompProfile: profile('SeccompProfile'),
  appArmorProfile: profile('AppArmorProfile'),
  windowsOptions: loose,
});

const port = named(
  'core.v1.ContainerPort',
  { ...each(int32, 'containerPort', 'hostPort'), ...each(text, 'hostIP', 'name'), protocol: byDefault('TCP', text) },
  { required: ['containerPort'] },
);

const volumeMount = named(
  'core.v1.VolumeMount',
  {
    name: about('The volume, by its name in `volumes`.', text),
    mountPath: about('Where the container finds it.', text),
    subPath: about('A folder of the volume that is mounted in place of the whole.', text),
    readOnly: flag,
    ...each(text, 'subPathExpr', 'mountPropagation', 'recursiveReadOnly'),
  },
  { required: ['name', 'mountPath'] },
);

/** One container of a pod. */
export const container: JsonSchema = named(
  'core.v1.Container',
  {
    name: about('The name, unique in the pod.', text),
    image: about('What the container is made from.', text),
    imagePullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
    command: about('The program and its first arguments.', texts),
    args: about('The arguments after those of `command`.', texts),
    workingDir: text,
    env: about('Variables of the environment.', listBy(['name'], envVar)),
    envFrom: list(object({ prefix: text, configMapRef: loose, secretRef: loose })),
    ports: listBy(['containerPort', 'protocol'], port),
    volumeMounts: about('Volumes and where they are mounted.', listBy(['mountPath'], volumeMount)),
    volumeDevices: listBy(
      ['devicePath'],
      object(each(text, 'name', 'devicePath'), { required: ['name', 'devicePath'] }),
    ),
    resources: byDefault({}, resourceRequirements),
    resizePolicy: list(loose),
    ...each(probe, 'livenessProbe', 'readinessProbe', 'startupProbe'),
    lifecycle: named('core.v1.Lifecycle', { ...each(lifecycleHandler, 'postStart', 'preStop'), stopSignal: text }),
    securityContext,
    restartPolicy: text,
    restartPolicyRules: list(loose),
    terminationMessagePath: about(
      "The file whose end becomes the message in the container's status.",
      byDefault('/dev/termination-log', text),
    ),
    terminationMessagePolicy: byDefault('File', oneOf('FallbackToLogsOnError', 'File')),
    ...each(flag, 'stdin', 'stdinOnce', 'tty'),
  },
  { description: 'A program that runs in a pod.', required: ['name'] },
);
