import * as z from 'zod';
import type { KubeClient, Resource } from '../apiserver/index.ts';
import { hasCode } from './answers.ts';

const document = z.looseObject({ resources: z.array(z.looseObject({ name: z.string() })) });

/**
 * The resources that the API server serves of a group's version, by their plural names; none where it does not know it. Every
 * account may ask.
 *
 * @throws ApiServerError
 */
export async function servedResources(
  client: KubeClient,
  { group, version }: Pick<Resource, 'group' | 'version'>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  try {
    const text = await client.getText(`/apis/${group}/${version}`, { signal });
    return new Set(document.parse(JSON.parse(text)).resources.map(({ name }) => name));
  } catch (error) {
    if (hasCode(error, 'APISERVER_NOT_FOUND')) return new Set();
    throw error;
  }
}
