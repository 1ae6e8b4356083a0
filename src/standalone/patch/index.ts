/** How a request changes an object: the four kinds of patches, and who owns which field afterwards. */
export { PatchError, patchErrors, type PatchErrorCode } from './errors.ts';
export { applyJsonPatch } from './json-patch.ts';
export { keepManagedTimes } from './managed-fields.ts';
export { applyMergePatch } from './merge-patch.ts';
export { objectMetaSchema } from './object-meta.ts';
export {
  applyServerSide,
  recordUpdate,
  resetFields,
  type ApplyConflict,
  type ApplyConflicts,
  type ApplyRequest,
  type FieldWrite,
  type UpdateRequest,
} from './server-side-apply.ts';
export { applyStrategicMergePatch } from './strategic-merge.ts';
