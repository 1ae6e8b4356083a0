import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { Secret } from '../../src/base/index.ts';
import {
  connectMember,
  EtcdError,
  parseEndpoints,
  streamSnapshot,
  type EtcdConfig,
  type EtcdEndpoint,
  type Member,
} from '../../src/etcd/index.ts';
import { startCluster, type Cluster, type ClusterOptions } from '../kit/index.ts';

/** A cluster that ends with the running test. */
export async function clusterForTest(options: ClusterOptions): Promise<Cluster> {
  const cluster = await startCluster(options);
  onTestFinished(() => cluster.stop());
  return cluster;
}

export function endpointOf(url: string): EtcdEndpoint {
  const [endpoint] = parseEndpoints(url, { tls: false });
  if (endpoint === undefined) throw new Error(`no endpoint in ${url}`);
  return endpoint;
}

export function endpointsOf(cluster: Cluster): readonly EtcdEndpoint[] {
  return cluster.endpoints.map(endpointOf);
}

/** What a client of the cluster would be configured with, without a password. */
export function configFor(cluster: Cluster): EtcdConfig {
  return cluster.clientFiles === undefined ? {} : { tls: cluster.clientFiles };
}

export function withPassword(name: string, password: string): EtcdConfig {
  return { user: { name, password: new Secret(password) } };
}

/** A member that is closed when the running test has finished. */
export function memberForTest(url: string, config: EtcdConfig = {}): Member {
  const member = connectMember(endpointOf(url), config);
  onTestFinished(() => member.close());
  return member;
}

/** Fills a cluster with about `megabytes` of data, so that a snapshot has something to send. */
export async function fill(member: Member, megabytes: number): Promise<void> {
  const value = Buffer.alloc(128 * 1024, 'holdfast ');
  const puts = Array.from({ length: 8 }, (_, index) => index);
  for (let written = 0; written < megabytes; written++) {
    await member.kv.txn(puts.map((index) => ({ put: { key: Buffer.from(`/fill/${written}/${index}`), value } })));
  }
}

export interface TakenSnapshot {
  readonly bytes: Buffer;
  readonly storageVersion: string | undefined;
}

export async function takeSnapshot(member: Member): Promise<TakenSnapshot> {
  const chunks: Uint8Array[] = [];
  const { storageVersion } = await streamSnapshot(member, { onChunk: (chunk) => void chunks.push(chunk) });
  return { bytes: Buffer.concat(chunks), storageVersion };
}

/** Whether the stream's last 32 bytes are the SHA-256 of all before them. */
export function checksumHolds(bytes: Buffer): boolean {
  const trailer = bytes.subarray(-32);
  return createHash('sha256').update(bytes.subarray(0, -32)).digest().equals(trailer);
}

/** The EtcdError that `attempt` fails with. */
export async function failureOf(attempt: Promise<unknown>): Promise<EtcdError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof EtcdError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
