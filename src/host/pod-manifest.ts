import { load } from 'js-yaml';
import { posix } from 'node:path';
import * as z from 'zod';
import { messageOf } from '../base/index.ts';
import { HostError } from './errors.ts';

const containerSchema = z.object({
  name: z.string(),
  image: z.string().optional(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  volumeMounts: z
    .array(z.object({ name: z.string(), mountPath: z.string(), subPath: z.string().optional() }))
    .default([]),
});

const podSchema = z.object({
  spec: z.object({
    containers: z.array(containerSchema).min(1),
    volumes: z.array(z.object({ name: z.string(), hostPath: z.object({ path: z.string() }).optional() })).default([]),
  }),
});

/** One flag of a container's command line. */
export interface Flag {
  /** Without the leading dashes. */
  readonly name: string;
  readonly value: string;
}

/** What a static pod manifest says about the container that gives the pod its name. */
export interface PodManifest {
  readonly image: string | undefined;
  /** `--name=value` and `--name value`, in order; a flag may come several times. */
  readonly flags: readonly Flag[];
  /** The command line as one text, for containers that start through a shell script. */
  readonly script: string;
  readonly env: ReadonlyMap<string, string>;
  /** The first value of a flag. */
  flag(name: string): string | undefined;
  /** Where a path inside the container lies on the host; undefined where no host folder is mounted there. */
  hostPath(containerPath: string): string | undefined;
}

/**
 * Reads a static pod manifest, YAML or JSON.
 *
 * @param path - for messages
 * @param containerName - the container that matters; the first one where none has that name
 * @throws HostError HOST_MANIFEST_INVALID
 */
export function parsePodManifest(text: string, path: string, containerName: string): PodManifest {
  const { containers, volumes } = parsePod(text, path).spec;
  const container = containers.find((each) => each.name === containerName) ?? containers[0];
  if (container === undefined) throw invalid(path, 'it has no container');
  const hostFolders = new Map(
    volumes.flatMap((volume) => (volume.hostPath ? [[volume.name, volume.hostPath.path]] : [])),
  );
  const mounts = container.volumeMounts
    .flatMap(({ name, mountPath, subPath }) => {
      const folder = hostFolders.get(name);
      return folder === undefined
        ? []
        : [{ inside: withoutTrailingSlash(mountPath), outside: posix.join(folder, subPath ?? '') }];
    })
    .sort((a, b) => b.inside.length - a.inside.length);
  const words = [...container.command, ...container.args];
  const flags = parseFlags(words);
  return {
    image: container.image,
    flags,
    script: words.join(' '),
    env: new Map(container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
    flag: (name) => flags.find((flag) => flag.name === name)?.value,
    hostPath(containerPath) {
      const path = posix.normalize(containerPath);
      const mount = mounts.find(({ inside }) => path === inside || inside === '' || path.startsWith(`${inside}/`));
      return mount === undefined
        ? undefined
        : withoutTrailingSlash(posix.join(mount.outside, path.slice(mount.inside.length)));
    },
  };
}

function parsePod(text: string, path: string): z.infer<typeof podSchema> {
  let document: unknown;
  try {
    document = load(text, { filename: path });
  } catch (error) {
    throw invalid(path, messageOf(error).split('\n')[0] ?? '', error);
  }
  const parsed = podSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a pod'}`, parsed.error);
}

function invalid(path: string, reason: string, cause?: unknown): HostError {
  return new HostError('HOST_MANIFEST_INVALID', `the manifest ${path} is not a pod that can be understood: ${reason}`, {
    subject: path,
    hint: 'The kubelet reads the same file: compare with its log (journalctl -u kubelet) and repair the manifest.',
    cause,
  });
}

/** Go's `flag` and `pflag` take one or two dashes, and the value after `=` or as the next word. */
function parseFlags(words: readonly string[]): readonly Flag[] {
  return words.flatMap((word, index) => {
    const match = /^--?([A-Za-z][\w.-]*)(?:=([\s\S]*))?$/.exec(word);
    if (match?.[1] === undefined) return [];
    const next = words[index + 1];
    const value = match[2] ?? (next === undefined || next.startsWith('-') ? 'true' : next);
    return [{ name: match[1], value }];
  });
}

function withoutTrailingSlash(path: string): string {
  return posix.normalize(path).replace(/\/+$/, '');
}

/** The version that an image's tag names (`registry.k8s.io/kube-apiserver:v1.31.2` gives `v1.31.2`); undefined for a digest. */
export function versionOfImage(image: string | undefined): string | undefined {
  const tag = /:([^:/@]+)(?:@[^@]*)?$/.exec(image ?? '')?.[1];
  const version = /^(v\d+\.\d+\.\d+)(?:-(rke2r\d+|k3s\d+))?/.exec(tag ?? '');
  if (version?.[1] === undefined) return undefined;
  // A tag cannot hold the `+` of `v1.30.5+rke2r1`.
  return version[2] === undefined ? version[1] : `${version[1]}+${version[2]}`;
}

/** Whether a text is the manifest of a pod with at least one container. */
export function isRunnablePod(text: string): boolean {
  try {
    return podSchema.safeParse(load(text)).success;
  } catch {
    return false;
  }
}
