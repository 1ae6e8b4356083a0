import { describe } from 'vitest';
import { describeControllers } from './controllers.ts';
import { openNamedCluster } from './named-cluster.ts';
import { openEngineCluster } from './open-engine.ts';

describe('On the embedded engine the operator', () => {
  describeControllers(openEngineCluster);
});

/** A kubeconfig with an administrator's rights: the same specifications for the API server that it names. */
const named = process.env['HOLDFAST_E2E_KUBECONFIG'];

if (named !== undefined)
  describe('On the API server that HOLDFAST_E2E_KUBECONFIG names the operator', () => {
    describeControllers(() => openNamedCluster(named));
  });
