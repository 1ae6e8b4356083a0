export { RetentionError, retentionErrors } from './errors.ts';
export { type RetainedBackup } from './order.ts';
export { planRetention, type Decision, type RetentionOptions, type RetentionPlan } from './plan.ts';
export {
  BYTES_PER_GB,
  DEFAULT_RETENTION_NUMBER,
  DEFAULT_RETENTION_SIZE_GB,
  describePolicy,
  retainNumber,
  retainSizeGb,
  type NumberPolicy,
  type RetentionPolicy,
  type SizePolicy,
} from './policy.ts';
export { planSpace, type IncomingBackup, type SpacePlan } from './space.ts';
