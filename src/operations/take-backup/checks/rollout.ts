import {
  clusterOperatorsProgressing,
  STATIC_POD_OPERATORS,
  type ApiClient,
  type OperatorProgress,
} from '../../../apiserver/index.ts';
import { messageOf, type Finding } from '../../../base/index.ts';

/** OpenShift: whether an operator rolls out a new revision, so that snapshot and static pods would not belong together. */
export interface RolloutCheck {
  /** What speaks against a start: a rollout, and not knowing of one. */
  readonly findings: readonly Finding[];
  /**
   * What has begun since then, to be asked once everything that must belong together has been read. Nothing where there were
   * findings at the start already: whoever went on in spite of them has been told.
   */
  begunSince(options: { readonly signal: AbortSignal }): Promise<readonly Finding[]>;
}

interface CheckOptions {
  readonly signal: AbortSignal;
}

/** Codes of the findings of this check. */
export const ROLLOUT_CODES: ReadonlySet<string> = new Set([
  'BACKUP_ROLLOUT_IN_PROGRESS',
  'BACKUP_ROLLOUT_UNKNOWN',
  'BACKUP_ROLLOUT_BEGAN',
]);

/** Asks the API server; where it does not answer, nobody knows. */
export async function checkRollout(client: ApiClient, { signal }: CheckOptions): Promise<RolloutCheck> {
  try {
    const before = await clusterOperatorsProgressing(client, STATIC_POD_OPERATORS, { signal });
    const findings = before.filter(({ progressing }) => progressing).map(rollingOut);
    return {
      findings,
      begunSince: (later) => (findings.length > 0 ? Promise.resolve([]) : changesSince(before, client, later)),
    };
  } catch (error) {
    signal.throwIfAborted();
    return rolloutUnknown(error);
  }
}

/** The check where the API server could not be asked. */
export function rolloutUnknown(error: unknown): RolloutCheck {
  return { findings: [unknown(messageOf(error))], begunSince: () => Promise.resolve([]) };
}

/** A rollout that came and went within a backup shows by the time of the condition. */
async function changesSince(
  before: readonly OperatorProgress[],
  client: ApiClient,
  { signal }: CheckOptions,
): Promise<readonly Finding[]> {
  try {
    const now = await clusterOperatorsProgressing(client, STATIC_POD_OPERATORS, { signal });
    return now
      .filter(({ progressing, since }, index) => progressing || since !== before[index]?.since)
      .map(({ name, message }) => began(name, message));
  } catch (error) {
    signal.throwIfAborted();
    return [began('', `the API server does not answer any more: ${messageOf(error)}`)];
  }
}

function rollingOut({ name, message }: OperatorProgress): Finding {
  return {
    severity: 'error',
    code: 'BACKUP_ROLLOUT_IN_PROGRESS',
    where: `clusteroperators.config.openshift.io/${name}`,
    message: `the operator ${name} is rolling out a new revision${inParentheses(message)}`,
    hint: `Wait until it is done: oc wait clusteroperator/${name} --for=condition=Progressing=False --timeout=30m`,
  };
}

/** @param name - of the operator; empty where it is not known which */
function began(name: string, message: string): Finding {
  const who = name === '' ? 'an operator may have' : `the operator ${name} has`;
  return {
    severity: 'error',
    code: 'BACKUP_ROLLOUT_BEGAN',
    where: ['clusteroperators.config.openshift.io', name].filter(Boolean).join('/'),
    message: `${who} begun to roll out a new revision while the backup was taken${inParentheses(message)}`,
    hint: 'Run it again when the rollout is done; --rollout-wait does so by itself.',
  };
}

function unknown(why: string): Finding {
  return {
    severity: 'error',
    code: 'BACKUP_ROLLOUT_UNKNOWN',
    where: 'clusteroperators.config.openshift.io',
    message: `whether an operator is rolling out a new revision could not be learned: ${why}`,
    hint: 'Bring the API server back, or go on without knowing by --force.',
  };
}

function inParentheses(message: string): string {
  return message === '' ? '' : ` (${message})`;
}
