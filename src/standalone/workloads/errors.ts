import { HoldfastError, type ErrorDetails, type ErrorTable } from '../../base/index.ts';

export const workloadErrors = {
  WORKLOAD_SCHEDULE_INVALID: { kind: 'needs-user', meaning: 'A schedule is no cron expression that Kubernetes takes.' },
  WORKLOAD_TIME_ZONE_UNKNOWN: { kind: 'needs-user', meaning: 'The time zone database knows no zone of that name.' },
  WORKLOAD_POD_REFUSED: {
    kind: 'needs-user',
    meaning: 'A pod asks for something that the embedded engine does not run.',
  },
  WORKLOAD_MOUNT_FAILED: { kind: 'transient', meaning: 'A volume of a pod is not there, or not what the pod says.' },
  WORKLOAD_RUNTIME: { kind: 'transient', meaning: "A pod's process could not be started, or its records not be read." },
  WORKLOAD_LOG_UNAVAILABLE: { kind: 'permanent', meaning: 'A pod has written no log that could be read.' },
} as const satisfies ErrorTable;

/** What {@link WorkloadError.code} can be. */
export type WorkloadErrorCode = keyof typeof workloadErrors;

/** A failure to schedule or to run a pod of the embedded engine. */
export class WorkloadError extends HoldfastError<WorkloadErrorCode> {
  constructor(code: WorkloadErrorCode, message: string, details: ErrorDetails) {
    super(workloadErrors[code], code, message, details);
  }
}
