export { kindsFromDefinition } from './custom/kinds-from-definition.ts';
export { SchemaError, schemaErrors } from './errors.ts';
export { invalidMessage } from './field-errors.ts';
export { age, humanDuration } from './human-duration.ts';
export {
  isJsonObject,
  listAt,
  numberAt,
  objectAt,
  sameJson,
  textAt,
  textsAt,
  valueAt,
  type Json,
  type JsonObject,
  type JsonSchema,
  type SchemaType,
  type ValidationRule,
} from './json.ts';
export type { Cell, Column, FieldError, FieldErrorReason, Kind } from './kind.ts';
export { plainSchedule, timeZoneProblem } from './kinds/cron-syntax.ts';
export { establishedStatus } from './kinds/definition.ts';
export { builtInKinds } from './kinds/index.ts';
export { isDefaultClass } from './kinds/storage-class.ts';
export { documentName, openApiV2, openApiV3, openApiV3Index } from './openapi/documents.ts';
export { OPENAPI_V2_PROTOBUF, openApiV2Protobuf } from './openapi/v2-protobuf.ts';
export { prepareObject, type PreparedObject } from './prepare.ts';
export { validateObject } from './validate.ts';
