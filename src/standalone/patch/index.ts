/** How a request changes an object: the four kinds of patches, and who owns which field afterwards. */
export type { ApplyConflict, ApplyConflicts } from './apply-conflicts.ts';
export { PatchError, patchErrors, type PatchErrorCode } from './errors.ts';
export { resetFields, type FieldWrite } from './field-owners.ts';
export { applyJsonPatch } from './json-patch.ts';
export { keepManagedTimes } from './managed-fields.ts';
export { applyMergePatch } from './merge-patch.ts';
export { recordUpdate, type UpdateRequest } from './record-update.ts';
export { applyServerSide, type ApplyRequest } from './server-side-apply.ts';
export { applyStrategicMergePatch } from './strategic-merge.ts';
