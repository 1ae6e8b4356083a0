import { join } from 'node:path';
import { issuePki } from './pki.ts';
import { buildSampleHost, type SampleHost, type SampleHostOptions } from './sample-host.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A sample host below a folder that goes when the running test has finished. */
export interface TemporarySampleHost extends SampleHost {
  /** The host root. */
  readonly root: string;
}

/** Builds a sample host whose etcd has certificates of its own and an endpoint that nobody listens on. */
export async function temporarySampleHost(
  options: Omit<SampleHostOptions, 'etcd'> & { readonly endpoint?: string; readonly others?: readonly string[] },
): Promise<TemporarySampleHost> {
  const { endpoint = 'https://127.0.0.1:23790', others = [], ...rest } = options;
  const folder = await temporaryFolder();
  const { client } = await issuePki({ folder: join(folder, 'pki') });
  const root = join(folder, 'host');
  return { root, ...(await buildSampleHost(root, { ...rest, etcd: { ...client, endpoint, others } })) };
}
