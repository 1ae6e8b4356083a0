import { HoldfastError, type ErrorDetails, type ErrorTable } from '../../base/index.ts';

export const schemaErrors = {
  SCHEMA_UNDECODABLE: {
    kind: 'permanent',
    meaning:
      'An object that a client sent has a value of another type than its kind declares; kube-apiserver answers 400.',
  },
  SCHEMA_UNSERVABLE: {
    kind: 'permanent',
    meaning: 'A CustomResourceDefinition asks for something that the embedded engine cannot serve.',
  },
} as const satisfies ErrorTable;

/** What keeps an object from being read as its kind, or a definition from being served. */
export class SchemaError extends HoldfastError<keyof typeof schemaErrors> {
  constructor(code: keyof typeof schemaErrors, message: string, details: ErrorDetails) {
    super(schemaErrors[code], code, message, details);
  }
}
