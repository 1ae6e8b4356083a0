import * as z from 'zod';

/** What the Pod Security Standards ask, as their documentation has it (kubernetes.io, Pod Security Standards). */
const securityContext = z.looseObject({
  runAsUser: z.number().optional(),
  runAsNonRoot: z.boolean().optional(),
  privileged: z.boolean().optional(),
  allowPrivilegeEscalation: z.boolean().optional(),
  procMount: z.string().optional(),
  capabilities: z
    .looseObject({ add: z.array(z.string()).default([]), drop: z.array(z.string()).default([]) })
    .optional(),
  seccompProfile: z.looseObject({ type: z.string() }).optional(),
  seLinuxOptions: z
    .looseObject({ type: z.string().optional(), user: z.string().optional(), role: z.string().optional() })
    .optional(),
  sysctls: z.array(z.looseObject({ name: z.string() })).default([]),
});

const container = z.looseObject({
  name: z.string(),
  ports: z.array(z.looseObject({ hostPort: z.number().optional() })).default([]),
  securityContext: securityContext.prefault({}),
});

const podSpec = z.looseObject({
  hostNetwork: z.boolean().default(false),
  hostPID: z.boolean().default(false),
  hostIPC: z.boolean().default(false),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
  containers: z.array(container),
  initContainers: z.array(container).default([]),
  securityContext: securityContext.prefault({}),
});

type PodSpec = z.infer<typeof podSpec>;
type SecurityContext = z.infer<typeof securityContext>;
export type PodSecurityLevel = 'baseline' | 'restricted';

const BASELINE_CAPABILITIES = new Set(
  `AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT`.split(
    ' ',
  ),
);
const SELINUX_TYPES = new Set([
  undefined,
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);
const RESTRICTED_VOLUMES = new Set(
  'configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret'.split(' '),
);

/** What of a pod's spec the level forbids, in words; empty where it keeps to the level. */
export function pssViolations(level: PodSecurityLevel, spec: unknown): readonly string[] {
  const pod = podSpec.parse(spec);
  return level === 'baseline' ? baseline(pod) : [...baseline(pod), ...restricted(pod)];
}

function baseline(pod: PodSpec): readonly string[] {
  const found: string[] = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((each) => pod[each]);
  for (const volume of pod.volumes) if ('hostPath' in volume) found.push(`hostPath volume ${volume.name}`);
  found.push(...ofContext(pod.securityContext, ''));
  for (const each of [...pod.initContainers, ...pod.containers]) {
    if (each.ports.some(({ hostPort = 0 }) => hostPort !== 0)) found.push(`hostPort (${each.name})`);
    found.push(...ofContext(each.securityContext, ` (${each.name})`));
  }
  return found;
}

function ofContext(context: SecurityContext, where: string): readonly string[] {
  const found: string[] = [];
  if (context.privileged === true) found.push(`privileged${where}`);
  if (context.procMount !== undefined && context.procMount !== 'Default') found.push(`procMount${where}`);
  if (context.seccompProfile?.type === 'Unconfined') found.push(`seccomp Unconfined${where}`);
  for (const name of context.capabilities?.add ?? [])
    if (!BASELINE_CAPABILITIES.has(name)) found.push(`capability ${name}${where}`);
  const { type, user = '', role = '' } = context.seLinuxOptions ?? {};
  if (!SELINUX_TYPES.has(type)) found.push(`seLinuxOptions.type ${type ?? ''}${where}`);
  if (user !== '' || role !== '') found.push(`seLinuxOptions user or role${where}`);
  if (context.sysctls.length > 0) found.push(`sysctls${where}`);
  return found;
}

function restricted(pod: PodSpec): readonly string[] {
  const found: string[] = [];
  for (const { name, ...source } of pod.volumes)
    for (const type of Object.keys(source))
      if (!RESTRICTED_VOLUMES.has(type)) found.push(`volume type ${type} (${name})`);
  for (const each of [...pod.initContainers, ...pod.containers]) {
    const own = each.securityContext;
    const where = ` (${each.name})`;
    if (own.allowPrivilegeEscalation !== false) found.push(`allowPrivilegeEscalation is not false${where}`);
    if ((own.runAsNonRoot ?? pod.securityContext.runAsNonRoot) !== true) found.push(`runAsNonRoot is not true${where}`);
    if ((own.runAsUser ?? pod.securityContext.runAsUser) === 0) found.push(`runAsUser 0${where}`);
    const seccomp = (own.seccompProfile ?? pod.securityContext.seccompProfile)?.type;
    if (seccomp !== 'RuntimeDefault' && seccomp !== 'Localhost') found.push(`no seccomp profile${where}`);
    if (own.capabilities?.drop.includes('ALL') !== true) found.push(`capabilities are not dropped${where}`);
    const added = (own.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
    if (added.length > 0) found.push(`capabilities ${added.join(', ')}${where}`);
  }
  return found;
}
