import * as z from 'zod';

/**
 * The steps of a restore as data: they are shown as the plan, written to the journal, carried out, continued after a crash
 * and undone, all from the same description. Paths are the host's (canonical, without the host root) unless they are said to
 * be this machine's.
 */

const hostPath = z.string().regex(/^\/[^\0]*$/);
const decimal = z.codec(z.string().regex(/^\d{1,20}$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (value) => value.toString(),
});

/** Builds a data directory from a snapshot, under a name that nothing uses. */
const buildData = z.object({
  kind: z.literal('build-data'),
  /** This machine's, or with `onHost` the host's. */
  snapshot: z.string(),
  onHost: z.boolean(),
  target: hostPath,
  walTarget: hostPath.optional(),
  id: z.string(),
  name: z.string(),
  peerUrls: z.array(z.string()).min(1),
  token: z.string(),
  etcdVersion: z.string().optional(),
  bump: decimal.optional(),
  /** Whose the files become; absent: nobody's but the process's. */
  owner: z.object({ uid: z.int(), gid: z.int() }).optional(),
});

/** Unpacks parts of the archive, each beside the place that it will take. */
const stageResources = z.object({
  kind: z.literal('stage-resources'),
  /** This machine's. */
  archive: z.string(),
  units: z.array(z.object({ member: z.string(), to: hostPath })),
  /** Files of the archive that are wanted a second time: OpenShift's manifests out of their revision folders. */
  copies: z.array(z.object({ from: hostPath, to: hostPath })),
});

/** Renames one file or folder. */
const move = z.object({ kind: z.literal('move'), from: hostPath, to: hostPath });

/** Renames everything in a folder into another one; the folder itself stays, with its owner, mode, label and mount. */
const emptyFolder = z.object({
  kind: z.literal('empty-folder'),
  folder: hostPath,
  into: hostPath,
  /** Names that stay. */
  keep: z.array(z.string()),
});

/** Renames everything in a folder that was built into one that is empty. */
const fillFolder = z.object({
  kind: z.literal('fill-folder'),
  from: hostPath,
  folder: hostPath,
  /** Names in the folder that were never moved into it. */
  keep: z.array(z.string()),
});

const podName = z.enum(['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd']);

/** Waits until the pods have stopped: when going forward, or, as a barrier before things are moved back, when undoing. */
const waitStopped = z.object({
  kind: z.literal('wait-stopped'),
  when: z.enum(['forward', 'undo']),
  pods: z.array(podName),
  dataDir: hostPath,
  addresses: z.array(z.object({ pod: podName, host: z.string(), port: z.int() })),
});

/** Reads the log of the member that has stopped, and refuses where its database lacks what the log has. */
const checkWal = z.object({
  kind: z.literal('check-wal'),
  dataDir: hostPath,
  walDir: hostPath.optional(),
  allowTail: z.boolean(),
});

/** Waits until etcd serves a revision. Files are the host's; a cluster without TLS has none. */
const waitEtcd = z.object({
  kind: z.literal('wait-etcd'),
  endpoints: z.array(z.string()).min(1),
  cacert: hostPath.optional(),
  cert: hostPath.optional(),
  key: hostPath.optional(),
  /** The least that is expected. */
  revision: decimal.optional(),
});

/** Waits until the API server says that it is ready. */
const waitApiServer = z.object({ kind: z.literal('wait-apiserver'), kubeconfig: hostPath });

export const actionSchema = z.discriminatedUnion('kind', [
  buildData,
  stageResources,
  move,
  emptyFolder,
  fillFolder,
  waitStopped,
  checkWal,
  waitEtcd,
  waitApiServer,
]);

export const stepSchema = z.object({
  /** Unique in its plan. */
  id: z.string(),
  /** One line, with paths as the host names them. */
  text: z.string(),
  action: actionSchema,
  /** From here on something may run with the new data, so that nothing is undone without being asked. */
  startsNewData: z.boolean().optional(),
});

export type Action = z.output<typeof actionSchema>;
export type ActionOf<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;
export type Step = z.output<typeof stepSchema>;
