import { askWhetherStopped } from '../../../host/index.ts';
import type { ActionOf } from '../step.ts';
import { onDisk, type ActionContext } from './context.ts';
import { waitUntil } from './wait.ts';

/** Waits until nothing runs any more that could write to what will be moved. */
export async function waitStopped(action: ActionOf<'wait-stopped'>, context: ActionContext): Promise<void> {
  const { pods, addresses } = action;
  const { hostRoot, surroundings } = context;
  const question = { hostRoot, pods, addresses, dataDir: onDisk(context, action.dataDir), signal: surroundings.signal };
  await waitUntil(
    {
      what: `${pods.join(', ')} to stop`,
      look: async () => {
        const { running } = await askWhetherStopped(question);
        return running.length === 0 ? { met: true } : { met: false, because: running.join('; ') };
      },
      hint:
        'The kubelet stops a static pod when its manifest is gone: check that it runs (systemctl status kubelet, ' +
        'journalctl -u kubelet), or stop the container by hand (crictl ps; crictl stop <id>).',
    },
    context,
  );
}
