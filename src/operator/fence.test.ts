import { describe, expect, it } from 'vitest';
import { ScriptedApi } from '../../test/kit/scripted-api.ts';
import { createKubeClient, resources } from '../apiserver/index.ts';
import { onlyWhileLeading } from './fence.ts';

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };

describe('A process that does not lead any more', () => {
  it('writes nothing, and may read', async () => {
    let leads = true;
    const { transport, asked } = new ScriptedApi(() => ({ json: namespace }));
    const client = createKubeClient({ transport: onlyWhileLeading(transport, () => leads) });
    await client.create(resources.namespaces, namespace);
    leads = false;
    await expect(client.create(resources.namespaces, namespace)).rejects.toMatchObject({
      code: 'OPERATOR_LEASE_LOST',
      kind: 'transient',
    });
    await expect(client.delete(resources.namespaces, { name: 'n' })).rejects.toThrow('no longer leads');
    await client.get(resources.namespaces, { name: 'n' });
    expect(asked.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });
});
