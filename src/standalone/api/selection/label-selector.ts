import { badRequest } from '../protocol/status.ts';

/** One condition on labels; all of a selector's must hold. */
type Requirement =
  | { readonly key: string; readonly operator: 'exists' | 'absent' }
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: ReadonlySet<string> }
  | { readonly key: string; readonly operator: 'gt' | 'lt'; readonly value: bigint };

export interface LabelSelector {
  /** Whether it selects everything. */
  readonly isEmpty: boolean;
  matches(labels: Readonly<Record<string, string>>): boolean;
}

/**
 * Reads `app=x,tier in (a, b),!draft,level>3` (k8s.io/apimachinery, pkg/labels/selector.go).
 *
 * @throws Refusal 400
 */
export function parseLabelSelector(text: string): LabelSelector {
  const requirements = new Parser(text).requirements();
  return {
    isEmpty: requirements.length === 0,
    matches: (labels) => requirements.every((requirement) => holds(requirement, labels)),
  };
}

function holds(requirement: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && requirement.values.has(value);
    case 'notin':
      return value === undefined || !requirement.values.has(value);
    case 'gt':
    case 'lt': {
      if (value === undefined || !/^[+-]?\d+$/.test(value)) return false;
      return requirement.operator === 'gt' ? BigInt(value) > requirement.value : BigInt(value) < requirement.value;
    }
  }
}

const SYMBOLS = ['==', '!=', '=', '!', '(', ')', ',', '>', '<'] as const;
const KEY = /^(?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^(?:[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

class Parser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  requirements(): readonly Requirement[] {
    if (this.#next === '') return [];
    const found: Requirement[] = [];
    for (;;) {
      found.push(this.#requirement());
      const separator = this.#take();
      if (separator === '') return found;
      if (separator !== ',') throw refuse(`found '${separator}', expected: ',' or 'end of string'`);
      if (this.#next === '' || (isSymbol(this.#next) && this.#next !== '!')) {
        throw refuse(`found '${this.#next}', expected: identifier after ','`);
      }
    }
  }

  get #next(): string {
    return this.#tokens[this.#at] ?? '';
  }

  #take(): string {
    const token = this.#next;
    this.#at += 1;
    return token;
  }

  #requirement(): Requirement {
    if (this.#next === '!') {
      this.#take();
      return { key: this.#key(), operator: 'absent' };
    }
    const key = this.#key();
    const operator = this.#next;
    if (operator === '' || operator === ',') return { key, operator: 'exists' };
    this.#take();
    switch (operator) {
      case '=':
      case '==':
        return { key, operator: 'in', values: new Set([this.#value()]) };
      case '!=':
        return { key, operator: 'notin', values: new Set([this.#value()]) };
      case 'in':
      case 'notin':
        return { key, operator, values: this.#values() };
      case '>':
      case '<':
        return { key, operator: operator === '>' ? 'gt' : 'lt', value: this.#number() };
      default:
        throw refuse(`unable to parse requirement: found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #key(): string {
    const key = this.#take();
    if (key === '' || isSymbol(key)) throw refuse(`found '${key}', expected: !, identifier, or 'end of string'`);
    if (!KEY.test(key))
      throw refuse(`unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: not a label's key`);
    return key;
  }

  /** May be empty: `key=`. */
  #value(): string {
    const value = this.#next === '' || this.#next === ',' || this.#next === ')' ? '' : this.#take();
    if (!VALUE.test(value)) {
      throw refuse(`unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(value)}: not a label's value`);
    }
    return value;
  }

  #values(): ReadonlySet<string> {
    const open = this.#take();
    if (open !== '(') throw refuse(`unable to parse requirement: found '${open}' expected: '('`);
    const values = new Set<string>();
    for (;;) {
      values.add(this.#value());
      const end = this.#take();
      if (end === ')') return values;
      if (end !== ',') throw refuse(`unable to parse requirement: found '${end}', expected: ',' or ')'`);
    }
  }

  #number(): bigint {
    const value = this.#take();
    if (!/^[+-]?\d+$/.test(value)) {
      throw refuse(
        `unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
    }
    return BigInt(value);
  }
}

function tokenize(text: string): readonly string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const space = /^\s+/.exec(rest)?.[0];
    const token = space === undefined ? (symbolAt(rest) ?? /^[^\s=!(),<>]+/.exec(rest)?.[0] ?? '') : '';
    if (token !== '') tokens.push(token);
    at += Math.max(1, (space ?? token).length);
  }
  return tokens;
}

function symbolAt(text: string): string | undefined {
  return SYMBOLS.find((symbol) => text.startsWith(symbol));
}

function isSymbol(token: string): boolean {
  return symbolAt(token) !== undefined;
}

function refuse(message: string): Error {
  return badRequest(message);
}
