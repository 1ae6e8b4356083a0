export {
  isJsonObject,
  type Json,
  type JsonObject,
  type JsonSchema,
  type SchemaType,
  type ValidationRule,
} from './json.ts';
export type { Cell, Column, FieldError, FieldErrorReason, Kind } from './kind.ts';
