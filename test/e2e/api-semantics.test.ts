import { describe } from 'vitest';
import { createHttpsTransport, createKubeClient, loadKubeconfig } from '../../src/apiserver/index.ts';
import { describeApiSemantics, type OpenedApi } from './api-semantics.ts';
import { openEngine } from './open-engine.ts';

describe('the API of the embedded engine', () => {
  describeApiSemantics(openEngine);
});

/** A kubeconfig with an administrator's rights: the same specifications for the API server that it names. */
const named = process.env['HOLDFAST_E2E_KUBECONFIG'];

if (named !== undefined)
  describe('the API server that HOLDFAST_E2E_KUBECONFIG names', () => {
    describeApiSemantics(async (): Promise<OpenedApi> => {
      const transport = createHttpsTransport(await loadKubeconfig({ path: named }));
      return {
        client: createKubeClient({ transport, userAgent: 'semantics/1' }),
        kubeconfig: named,
        close() {
          transport.close();
          return Promise.resolve();
        },
      };
    });
  });
