import { resources, type KubeClient } from '../apiserver/index.ts';
import { HoldfastError, messageOf, type Log, type Time } from '../base/index.ts';
import { pause, waitAfter } from '../controller/index.ts';
import { hasCode } from './answers.ts';
import { OperatorError } from './errors.ts';

export interface OwnImageOptions {
  readonly client: KubeClient;
  /** The pod that this process runs in. */
  readonly pod: { readonly namespace: string; readonly name: string };
  readonly time: Time;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const AGAIN_MS = 2_000;
const HINT = 'Name the image of backups with --image.';

/**
 * The image that this process was started from, read from its own pod: so the Jobs run what the operator is, however its
 * image was set. What passes by itself is waited out.
 *
 * @throws OperatorError OPERATOR_IMAGE_UNKNOWN; the signal's reason where it aborts
 */
export async function readOwnImage({ client, pod, time, log, signal }: OwnImageOptions): Promise<string> {
  const subject = `${pod.namespace}/${pod.name}`;
  for (;;) {
    signal.throwIfAborted();
    let wait = AGAIN_MS;
    try {
      const { spec } = await client.get(resources.pods, pod, { signal });
      const image = spec.containers[0]?.image;
      if (image !== undefined && image !== '') return image;
      throw new OperatorError('OPERATOR_IMAGE_UNKNOWN', `pod ${subject} names no image`, { subject, hint: HINT });
    } catch (error) {
      signal.throwIfAborted();
      if (hasCode(error, 'APISERVER_NOT_FOUND', 'APISERVER_FORBIDDEN')) {
        const message = `the image of pod ${subject} cannot be read: ${error.message}`;
        throw new OperatorError('OPERATOR_IMAGE_UNKNOWN', message, { subject, hint: HINT, cause: error });
      }
      if (!(error instanceof HoldfastError) || error.kind !== 'transient') throw error;
      log.warn('waiting for the API server', { pod: subject, error: messageOf(error) });
      wait = waitAfter(error, AGAIN_MS);
    }
    await pause(time, wait, signal);
  }
}
