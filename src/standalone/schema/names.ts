/**
 * The rules for names, label keys and label values, and kube-apiserver's sentences about them.
 * Source of rules and wording: k8s.io/apimachinery, pkg/api/validate/content and pkg/util/validation.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const VALUE = `(${QUALIFIED})?`;
const ENVIRONMENT = '[ -<>-~]+';

const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';

const ALPHANUMERIC = 'and must start and end with an alphanumeric character';
const LABEL_TEXT = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ${ALPHANUMERIC}`;
const SUBDOMAIN_TEXT = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${ALPHANUMERIC}`;
const DNS_1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const QUALIFIED_TEXT = `must consist of alphanumeric characters, '-', '_' or '.', ${ALPHANUMERIC}`;
const VALUE_TEXT = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${ALPHANUMERIC}`;

const patterns = new Map<string, RegExp>();

function matches(pattern: string, text: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    compiled = new RegExp(`^(?:${pattern})$`);
    patterns.set(pattern, compiled);
  }
  return compiled.test(text);
}

function explain(rule: string, pattern: string, ...examples: readonly string[]): string {
  return `${rule} (e.g. ${examples.map((one) => `'${one}', `).join(' or ')}regex used for validation is '${pattern}')`;
}

const atMost = (bytes: number): string => `must be no more than ${bytes} bytes`;

/** What is wrong with a text, as kube-apiserver says it; nothing where it is right. */
export type NameRule = (text: string) => readonly string[];

/** One part of a DNS name: namespaces, containers, volumes. */
export const dnsLabel: NameRule = (text) => [
  ...(text.length > 63 ? [atMost(63)] : []),
  ...(matches(LABEL, text) ? [] : [labelProblem(text)]),
];

const labelProblem = (text: string): string =>
  matches(SUBDOMAIN, text) ? 'must not contain dots' : explain(LABEL_TEXT, LABEL, 'my-name', '123-abc');

/** One part of a DNS name that starts with a letter: the names of kinds. */
export const dns1035Label: NameRule = (text) => [
  ...(text.length > 63 ? [atMost(63)] : []),
  ...(matches(DNS_1035, text) ? [] : [explain(DNS_1035_TEXT, DNS_1035, 'my-name', 'abc-123')]),
];

/** A DNS name: most objects. */
export const dnsSubdomain: NameRule = (text) => [
  ...(text.length > 253 ? [atMost(253)] : []),
  ...(matches(SUBDOMAIN, text) ? [] : [explain(SUBDOMAIN_TEXT, SUBDOMAIN, 'example.com')]),
];

/** A name that may be any one segment of a path. */
export const pathSegment: NameRule = (text) => {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((sign) => text.includes(sign)).map((sign) => `may not contain '${sign}'`);
};

/** A label's key, an annotation's key, a finalizer: `prefix/name` or `name`. */
export const qualifiedName: NameRule = (text) => {
  const parts = text.split('/');
  if (parts.length > 2) {
    const rule = `a qualified name ${QUALIFIED_TEXT}`;
    return [
      `${explain(rule, QUALIFIED, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const name = parts.at(-1) ?? '';
  const problems: string[] = [];
  if (prefix === '') problems.push('prefix part must be non-empty');
  else if (prefix !== undefined) problems.push(...dnsSubdomain(prefix).map((problem) => `prefix part ${problem}`));
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push(`name part ${atMost(63)}`);
  if (!matches(QUALIFIED, name)) {
    problems.push(`name part ${explain(QUALIFIED_TEXT, QUALIFIED, 'MyName', 'my.name', '123-abc')}`);
  }
  return problems;
};

export const labelValue: NameRule = (text) => [
  ...(text.length > 63 ? [atMost(63)] : []),
  ...(matches(VALUE, text) ? [] : [explain(VALUE_TEXT, VALUE, 'MyValue', 'my_value', '12345')]),
];

/** An environment variable of a container. */
export const environmentName: NameRule = (text) =>
  matches(ENVIRONMENT, text)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
