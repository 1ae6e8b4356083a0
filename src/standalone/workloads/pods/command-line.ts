import type { Container, Pod } from '../../../apiserver/index.ts';
import { WorkloadError } from '../errors.ts';
import { hostPathOf, mapPaths, type Mount } from './mounts.ts';
import { expandVariables } from './variables.ts';

/** The only program that pods may name. */
export const OWN_PROGRAM = 'holdfast';
const DEFAULT_TERMINATION_PATH = '/dev/termination-log';

/** What a container's process is started with. */
export interface CommandLine {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingFolder: string;
}

export interface CommandLineParts {
  /** How our own program is started: the path of Node and of the script. */
  readonly program: readonly string[];
  readonly mounts: readonly Mount[];
  /** The host's file for the container's termination message. */
  readonly terminationFile: string;
  /** Variables for every pod, such as KUBECONFIG; those that the pod names itself come after them. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Says why a pod cannot run here; nothing where it can.
 *
 * @throws WorkloadError `WORKLOAD_POD_REFUSED`
 */
export function checkPod(pod: Pod): void {
  const { containers } = pod.spec;
  const others = pod.spec['initContainers'];
  if (containers.length !== 1 || (Array.isArray(others) && others.length > 0))
    throw refused('holdfast standalone runs pods of exactly one container');
  const [container] = containers;
  if (container?.command?.[0] !== OWN_PROGRAM) {
    const named = container?.command?.[0];
    const what =
      named === undefined ? 'this container names no command' : `this container names ${JSON.stringify(named)}`;
    throw refused(`only Holdfast's own commands run here: the command has to begin with "holdfast", and ${what}`);
  }
  if (container['envFrom'] !== undefined)
    throw refused('envFrom is not known here: there are no Secrets and ConfigMaps');
}

/** @throws WorkloadError `WORKLOAD_POD_REFUSED` */
export function commandLine(pod: Pod, container: Container, parts: CommandLineParts): CommandLine {
  checkPod(pod);
  const { program, environment } = parts;
  // A mount of one file, so that an argument that names it is mapped as all others are.
  const terminationPath = container.terminationMessagePath ?? DEFAULT_TERMINATION_PATH;
  const mounts = [{ mountPath: terminationPath, hostPath: parts.terminationFile }, ...parts.mounts];
  const own = ownVariables(pod, container);
  const mapped = Object.entries(own).map(([name, value]) => [name, mapPaths(value, mounts)] as const);
  const [, ...rest] = container.command ?? [];
  const argv = [...rest, ...(container.args ?? [])].map((word) => mapPaths(expandVariables(word, own), mounts));
  const folder = typeof container['workingDir'] === 'string' ? container['workingDir'] : '/';
  return {
    argv: [...program, ...argv],
    env: { ...environment, ...Object.fromEntries(mapped) },
    workingFolder: hostPathOf(folder, mounts) ?? folder,
  };
}

/** The variables that a container names, as it sees them: each may use those before it. */
function ownVariables(pod: Pod, container: Container): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { name, value = '', valueFrom } of container.env ?? [])
    variables[name] = valueFrom === undefined ? expandVariables(value, variables) : fieldValue(pod, name, valueFrom);
  return variables;
}

type ValueFrom = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;

function fieldValue(pod: Pod, name: string, { fieldRef }: ValueFrom): string {
  if (fieldRef === undefined)
    throw refused(`the variable ${name} is to come from a source that is not known here; only fieldRef is`);
  const { fieldPath } = fieldRef;
  const { metadata, spec } = pod;
  const entry = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(fieldPath);
  if (entry !== null) return (entry[1] === 'labels' ? metadata.labels : metadata.annotations)?.[entry[2] ?? ''] ?? '';
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace ?? '',
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName ?? '',
    'spec.serviceAccountName': spec.serviceAccountName ?? '',
    'status.hostIP': LOOPBACK,
    'status.podIP': LOOPBACK,
  };
  const found = Object.hasOwn(fields, fieldPath) ? fields[fieldPath] : undefined;
  if (found === undefined) throw refused(`the variable ${name} names the field ${fieldPath}, which is not known here`);
  return found;
}

/** Pods share the machine's network. */
export const LOOPBACK = '127.0.0.1';

function refused(what: string): WorkloadError {
  return new WorkloadError('WORKLOAD_POD_REFUSED', what, {
    hint: 'On one machine pods are processes of Holdfast itself; run anything else outside, or on a cluster.',
  });
}
