import { isDeepStrictEqual } from 'node:util';

/**
 * What an API server fills in by itself where a CronJob, a Job or a pod does not say
 * (kubernetes: pkg/apis/batch/v1/defaults.go, pkg/apis/core/v1/defaults.go).
 */
const SERVER_DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  apiVersion: ['v1'],
  completionMode: ['NonIndexed'],
  completions: [1],
  dnsPolicy: ['ClusterFirst'],
  parallelism: [1],
  podReplacementPolicy: ['TerminatingOrFailed'],
  resources: [{}],
  schedulerName: ['default-scheduler'],
  securityContext: [{}],
  suspend: [false],
  terminationGracePeriodSeconds: [30],
};

/**
 * Whether what stands is what is wanted, but for what the server fills in by itself. Anything else that somebody added,
 * took away or changed counts as a difference, at any depth.
 */
export function isAsWanted(wanted: unknown, found: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((each, index) => isAsWanted(each, found[index]))
    );
  if (!isRecord(wanted)) return isDeepStrictEqual(wanted, found);
  if (!isRecord(found)) return false;
  return (
    Object.entries(wanted).every(([key, value]) => isAsWanted(value, found[key])) &&
    Object.entries(found).every(([key, value]) => key in wanted || isDefault(key, value, wanted))
  );
}

function isDefault(key: string, value: unknown, wanted: Readonly<Record<string, unknown>>): boolean {
  if (value === undefined || value === null) return true;
  // The server keeps the old name of the field beside the new one.
  if (key === 'serviceAccount') return value === wanted['serviceAccountName'];
  return SERVER_DEFAULTS[key]?.some((each) => isDeepStrictEqual(each, value)) === true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
