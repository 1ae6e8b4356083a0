import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startCluster, type Cluster } from '../test/kit/cluster.ts';
import { fillWithKubernetes } from '../test/kit/fill.ts';
import { issuePki } from '../test/kit/pki.ts';
import type { EtcdRelease } from '../test/kit/releases.ts';
import { buildSampleHost, SAMPLE_NODE } from '../test/kit/sample-host.ts';
import { StandInApiServer } from '../test/kit/stand-in-api-server.ts';

const KUBE_SYSTEM_UID = '0b9bdb2c-6f0e-4a39-9a53-2a1d5c1f8e77';

/** A small OpenShift control plane on this machine: a real etcd, and the files of one control-plane host. */
export interface Stage {
  readonly cluster: Cluster;
  /** What stands for the host's `/`. */
  readonly hostRoot: string;
  /** How many keys etcd holds. */
  readonly keys: number;
  /** Changes and adds objects, as a cluster does while time goes by. */
  passTime(): Promise<void>;
  stop(): Promise<void>;
}

/** Builds everything in the folder; what an earlier run left under the same names is replaced. */
export async function setStage(folder: string, release: EtcdRelease): Promise<Stage> {
  const [pkiFolder, etcdFolder, hostRoot] = ['certificates', 'etcd', 'host'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const old of [pkiFolder, etcdFolder, hostRoot]) await rm(old, { recursive: true, force: true });
  const pki = await issuePki({ folder: pkiFolder });
  const names = [SAMPLE_NODE, 'ip-10-0-137-19.ec2.internal', 'ip-10-0-137-20.ec2.internal'];
  const cluster = await startCluster({ release, tls: pki, names, folder: etcdFolder });
  const write = (seed: number): Promise<{ readonly liveKeys: number }> =>
    fillWithKubernetes(cluster, {
      seed,
      kubeSystemUid: KUBE_SYSTEM_UID,
      encryption: { provider: 'aescbc', keyName: '1', resources: ['secrets', 'configmaps'] },
    });
  const { liveKeys } = await write(1);
  const apiServer = await StandInApiServer.start(cluster, await pki.issue('kube-apiserver'));
  const [endpoint = '', ...others] = cluster.endpoints;
  const etcd = { ...pki.client, endpoint, others };
  await buildSampleHost(hostRoot, {
    layout: 'openshift',
    encryption: true,
    etcd,
    apiServer: { ...pki.client, url: apiServer.url },
  });
  let seed = 1;
  return {
    cluster,
    hostRoot,
    keys: liveKeys,
    async passTime() {
      seed += 1;
      await write(seed);
    },
    async stop() {
      await apiServer.stop();
      await cluster.stop();
      await rm(etcdFolder, { recursive: true, force: true });
    },
  };
}
