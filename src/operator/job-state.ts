import type { Job, Pod } from '../apiserver/index.ts';
import {
  parseJobReport,
  type BackupFailure,
  type FailedReport,
  type JobReport,
  type SucceededReport,
} from '../crd/index.ts';
import { operatorErrors, type OperatorErrorCode } from './errors.ts';

/** What a Job and its pods say of the backup. */
export type JobState =
  | { readonly kind: 'at-work' }
  | { readonly kind: 'succeeded'; readonly report: SucceededReport; readonly nodeName: string | undefined }
  | {
      readonly kind: 'failed';
      readonly failure: BackupFailure;
      /** Codes of what the backup found wrong before it began. */
      readonly findings: readonly string[];
      readonly nodeName: string | undefined;
    };

/** Whether a Job has ended, well or badly. */
export function isEnded(job: Job): boolean {
  return endOf(job) !== undefined;
}

function endOf(job: Job): { readonly type: string; readonly reason: string; readonly message: string } | undefined {
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  return end && { type: end.type, reason: end.reason ?? '', message: end.message ?? '' };
}

/**
 * A backup counts as taken only if a pod that ended well reported it and the Job is complete as well.
 *
 * @param pods - of this Job alone
 */
export function judgeJob(job: Job, pods: readonly Pod[]): JobState {
  const end = endOf(job);
  if (end === undefined) return { kind: 'at-work' };
  const ended = newestFirst(pods).map(lastWord);
  return end.type === 'Complete' ? judgeComplete(job, ended) : judgeFailed(job, end, ended);
}

function judgeComplete(job: Job, ended: readonly LastWord[]): JobState {
  for (const { report, phase, nodeName } of ended)
    if (report?.outcome === 'succeeded' && phase === 'Succeeded') return { kind: 'succeeded', report, nodeName };
  return {
    kind: 'failed',
    failure: failureOf(
      'OPERATOR_NO_REPORT',
      `Job ${job.metadata.name} ended well, but no report: none of its pods told of a backup`,
      'Look for the backup with holdfast list, and prove it with holdfast verify.',
    ),
    findings: [],
    nodeName: ended[0]?.nodeName,
  };
}

function judgeFailed(job: Job, end: { reason: string; message: string }, ended: readonly LastWord[]): JobState {
  const nodeName = ended[0]?.nodeName;
  const told = ended.find(({ report }) => report?.outcome === 'failed')?.report;
  const finished = ended.find(({ report }) => report?.outcome === 'succeeded')?.report;
  const look = `See kubectl logs -n ${job.metadata.namespace ?? ''} job/${job.metadata.name}, and kubectl describe of the Job.`;
  const how = [
    `Job ${job.metadata.name} failed`,
    parenthesis(end.reason),
    end.message === '' ? '' : `: ${end.message}`,
  ].join('');
  const isLate = end.reason === 'DeadlineExceeded';
  if (told?.outcome === 'failed' && !isLate) {
    const { code, message, hint, findings = [] } = told;
    return { kind: 'failed', failure: { code, message, hint }, findings, nodeName };
  }
  if (finished?.outcome === 'succeeded') {
    const message = `${how}; yet one of its pods reported the backup ${finished.id}`;
    const hint = `Prove the backup with holdfast verify before you rely on it. ${look}`;
    return { kind: 'failed', failure: failureOf('OPERATOR_JOB_FAILED', message, hint), findings: [], nodeName };
  }
  const last = told?.outcome === 'failed' ? `; before that: ${told.message}` : wordsOf(ended[0]);
  const code = isLate ? 'OPERATOR_JOB_DEADLINE' : 'OPERATOR_JOB_FAILED';
  // One that was killed between its last rename and its report has left a whole backup.
  const mayStand = 'A backup may stand all the same: look with holdfast list, and prove it with holdfast verify.';
  const isSilent = ended.some(({ exit, fate, report }) => (exit ?? fate) !== undefined && report === undefined);
  const hint = isSilent ? `${look} ${mayStand}` : look;
  return { kind: 'failed', failure: failureOf(code, `${how}${last}`, hint), findings: [], nodeName };
}

/** What is left of a pod. */
interface LastWord {
  readonly phase: string;
  readonly report: JobReport | undefined;
  readonly nodeName: string | undefined;
  readonly exit: string | undefined;
  /** The end of its log or its own words, where that is no report. */
  readonly text: string | undefined;
  readonly waits: string | undefined;
  /** Why its node ended it: evicted, preempted, out of some resource. */
  readonly fate: string | undefined;
}

function lastWord(pod: Pod): LastWord {
  const states = pod.status?.containerStatuses ?? [];
  const terminated = states.map(({ state, lastState }) => state?.terminated ?? lastState?.terminated).find(Boolean);
  const waiting = states.map(({ state }) => state?.waiting).find(Boolean);
  const message = terminated?.message;
  const report = parseJobReport(message);
  return {
    phase: pod.status?.phase ?? 'Unknown',
    report,
    nodeName: pod.spec.nodeName,
    exit: terminated && `exit code ${terminated.exitCode}${parenthesis(terminated.reason ?? '')}`,
    text: report === undefined ? lastLine(message) : undefined,
    waits: waiting && [waiting.reason, waiting.message].filter(Boolean).join(': '),
    fate: fateOf(pod),
  };
}

/** Who ends a pod from outside says so of the pod, and of its disruption (core/v1, DisruptionTarget). */
function fateOf({ status }: Pod): string | undefined {
  const disruption = status?.conditions?.find((each) => each.type === 'DisruptionTarget' && each.status === 'True');
  const [reason, message] = [status?.reason ?? disruption?.reason, status?.message ?? disruption?.message];
  const words = [reason, message].filter((each) => each !== undefined && each !== '').join(': ');
  return words === '' ? undefined : words;
}

/** What the newest of the pods that failed told; undefined where none told anything. */
export function lastFailureIn(pods: readonly Pod[]): FailedReport | undefined {
  const ended = newestFirst(pods).filter(hasEnded).map(lastWord);
  const told = ended.map(({ report }) => report).find((report) => report?.outcome === 'failed');
  return told?.outcome === 'failed' ? told : undefined;
}

/** Whether nothing of a pod runs any more. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Whether a container of a pod has ever run. */
export function hasStarted({ status }: Pod): boolean {
  if (status?.phase !== undefined && status.phase !== 'Pending') return true;
  return (
    status?.containerStatuses?.some(({ state }) => state?.running !== undefined || state?.terminated !== undefined) ===
    true
  );
}

/** Why a pod has not started; undefined where it has, or where nothing is wrong yet. */
export function obstacleOf({ status }: Pod): string | undefined {
  if (status?.phase !== undefined && status.phase !== 'Pending') return undefined;
  const unscheduled = status?.conditions?.find((each) => each.type === 'PodScheduled' && each.status === 'False');
  if (unscheduled !== undefined) return [unscheduled.reason, unscheduled.message].filter(Boolean).join(': ');
  const waiting = status?.containerStatuses?.map(({ state }) => state?.waiting).find(Boolean);
  return waiting && [waiting.reason, waiting.message].filter(Boolean).join(': ');
}

function wordsOf(last: LastWord | undefined): string {
  if (last === undefined) return '';
  const parts = [
    last.exit && `its last pod ended with ${last.exit}`,
    last.waits && `its pod was waiting: ${last.waits}`,
    last.fate && `its pod was ended: ${last.fate}`,
    last.text,
  ];
  const words = parts.filter((part) => part !== undefined && part !== '').join('; ');
  return words === '' ? '' : `; ${words}`;
}

const LONGEST_LINE = 500;

function lastLine(text: string | undefined): string | undefined {
  return text?.trimEnd().split('\n').at(-1)?.slice(0, LONGEST_LINE);
}

function parenthesis(text: string): string {
  return text === '' ? '' : ` (${text})`;
}

function newestFirst(pods: readonly Pod[]): readonly Pod[] {
  return pods.toSorted((one, other) => other.metadata.creationTimestamp.localeCompare(one.metadata.creationTimestamp));
}

/** A failure of the operator's own, for a status. */
export function failureOf(code: OperatorErrorCode, message: string, hint: string): BackupFailure {
  return { code, message: message === '' ? operatorErrors[code].meaning : message, hint };
}
