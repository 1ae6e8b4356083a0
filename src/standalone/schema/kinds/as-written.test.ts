import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { prepareObject } from '../prepare.ts';
import { created, kindNamed, problems } from '../test-objects.ts';
import { objectAt, textAt, type JsonObject } from '../json.ts';

/** A CronJob with all that people put into a pod's spec. */
const CRON_JOB = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: openshift-etcd, labels: {app: cluster-backup-cronjob}, annotations: {example.com/owner: "ops"}}
spec:
  schedule: "20 4 * * *"
  timeZone: Asia/Tokyo
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 300
  jobTemplate:
    metadata: {labels: {a: b}}
    spec:
      backoffLimit: 2
      activeDeadlineSeconds: 3600
      ttlSecondsAfterFinished: 86400
      podFailurePolicy:
        rules:
        - {action: FailJob, onExitCodes: {containerName: main, operator: In, values: [42]}}
        - {action: Ignore, onPodConditions: [{type: DisruptionTarget}]}
      template:
        metadata: {labels: {a: b}, annotations: {c: d}}
        spec:
          restartPolicy: Never
          serviceAccountName: backup
          automountServiceAccountToken: false
          priorityClassName: system-cluster-critical
          hostNetwork: true
          hostPID: true
          dnsPolicy: ClusterFirstWithHostNet
          dnsConfig: {nameservers: [127.0.0.1], options: [{name: ndots, value: "1"}]}
          hostAliases: [{ip: 127.0.0.1, hostnames: [etcd.local]}]
          imagePullSecrets: [{name: pull}]
          nodeSelector: {node-role.kubernetes.io/control-plane: ""}
          tolerations:
          - {key: node-role.kubernetes.io/master, operator: Exists, effect: NoSchedule}
          - {operator: Exists, tolerationSeconds: 30}
          affinity:
            nodeAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [host1]}]}]
              preferredDuringSchedulingIgnoredDuringExecution:
              - {weight: 1, preference: {matchExpressions: [{key: a, operator: Exists}]}}
            podAntiAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
              - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {a: b}}}
          topologySpreadConstraints:
          - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: b}}}
          securityContext:
            runAsUser: 0
            runAsNonRoot: false
            fsGroup: 1000
            supplementalGroups: [1, 2]
            seccompProfile: {type: RuntimeDefault}
            seLinuxOptions: {type: spc_t}
            sysctls: [{name: net.core.somaxconn, value: "1024"}]
          containers:
          - name: main
            image: registry.example.com:5000/holdfast:v1
            imagePullPolicy: IfNotPresent
            command: [holdfast]
            args: [backup, /backups]
            workingDir: /
            env:
            - {name: PLAIN, value: "1"}
            - {name: NAME, valueFrom: {fieldRef: {fieldPath: "metadata.labels['batch.kubernetes.io/job-name']"}}}
            - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
            - {name: SECRET, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
            envFrom: [{configMapRef: {name: c}, prefix: P_}]
            ports: [{name: metrics, containerPort: 8080, protocol: TCP}]
            resources: {requests: {cpu: 10m, memory: 50Mi}, limits: {memory: 1Gi, ephemeral-storage: 1Gi}}
            livenessProbe: {httpGet: {path: /healthz, port: metrics, scheme: HTTPS}, initialDelaySeconds: 5}
            readinessProbe: {exec: {command: ["true"]}, periodSeconds: 5}
            startupProbe: {tcpSocket: {port: 8080}, failureThreshold: 30}
            lifecycle: {preStop: {exec: {command: [sleep, "1"]}}}
            securityContext:
              privileged: true
              readOnlyRootFilesystem: true
              allowPrivilegeEscalation: true
              capabilities: {drop: [ALL], add: [SYS_CHROOT]}
            terminationMessagePolicy: FallbackToLogsOnError
            volumeMounts:
            - {name: backups, mountPath: /backups, subPath: etcd}
            - {name: host, mountPath: /host, readOnly: true, mountPropagation: HostToContainer}
            - {name: tmp, mountPath: /tmp}
            tty: false
          volumes:
          - {name: backups, persistentVolumeClaim: {claimName: etcd-backup-pvc}}
          - {name: host, hostPath: {path: /, type: Directory}}
          - {name: tmp, emptyDir: {medium: Memory, sizeLimit: 64Mi}}
          - {name: config, configMap: {name: c, items: [{key: a, path: b, mode: 256}]}}
          - {name: secret, secret: {secretName: s, defaultMode: 256}}
          - {name: token, projected: {sources: [{serviceAccountToken: {path: token, expirationSeconds: 600}}]}}
          - {name: info, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
`;

const VOLUME = `
apiVersion: v1
kind: PersistentVolume
metadata: {name: share}
spec:
  capacity: {storage: 1Ti}
  accessModes: [ReadWriteMany]
  mountOptions: [nfsvers=4.1]
  nfs: {server: nfs.example.com, path: /exports/etcd, readOnly: false}
`;

const CLASS = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: ebs.csi.aws.com
parameters: {type: gp3}
mountOptions: [discard]
allowVolumeExpansion: true
volumeBindingMode: WaitForFirstConsumer
allowedTopologies: [{matchLabelExpressions: [{key: zone, values: [a]}]}]
`;

function written(text: string): JsonObject {
  return JSON.parse(JSON.stringify(load(text))) as JsonObject;
}

describe('what people write', () => {
  it.each([
    ['a CronJob', CRON_JOB],
    ['a PersistentVolume', VOLUME],
    ['a StorageClass', CLASS],
  ])('as %s has no field that is unknown and nothing that is wrong', (_, text) => {
    const raw = written(text);
    const kind = kindNamed(textAt(raw, 'kind'));
    expect(prepareObject(kind, raw).unknownFields).toEqual([]);
    expect(problems(kind, created(kind, raw, 'share'))).toEqual([]);
  });

  it('in the template of a CronJob does for a Job and for a Pod too', () => {
    const template = objectAt(written(CRON_JOB), 'spec', 'jobTemplate', 'spec');
    expect(problems(kindNamed('Job'), created(kindNamed('Job'), { spec: template }))).toEqual([]);
    const pod = created(kindNamed('Pod'), { spec: objectAt(template, 'template', 'spec') });
    expect(problems(kindNamed('Pod'), pod)).toEqual([]);
  });

  it('with a slip of the pen is told where', () => {
    const text = CRON_JOB.replace('claimName', 'claim').replace('readOnlyRootFilesystem', 'readonlyRootFilesystem');
    expect(prepareObject(kindNamed('CronJob'), written(text)).unknownFields).toEqual([
      'spec.jobTemplate.spec.template.spec.containers[0].securityContext.readonlyRootFilesystem',
      'spec.jobTemplate.spec.template.spec.volumes[0].persistentVolumeClaim.claim',
    ]);
  });
});
