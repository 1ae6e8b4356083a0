import { HoldfastError, messageOf, type Finding } from '../../base/index.ts';
import type { Terminal } from '../environment.ts';
import { toJson } from './json.ts';

/** An error on standard error: what happened, everything that was found, the next step, the code to look up. */
export function showError(
  error: unknown,
  output: { readonly stderr: Terminal },
  options: { readonly json: boolean },
): void {
  if (options.json) {
    output.stderr.write(`${toJson(errorDocument(error))}\n`);
    return;
  }
  output.stderr.write(`error: ${messageOf(error)}\n`);
  for (const finding of findingsOf(error)) output.stderr.write(`${findingLines(finding, '  ')}\n`);
  if (error instanceof HoldfastError) {
    const causes = causeChain(error);
    if (causes !== '') output.stderr.write(`  because: ${causes}\n`);
    output.stderr.write(`  next: ${error.hint}\n  code: ${error.code}\n`);
    return;
  }
  output.stderr.write(
    `  next: this is a fault of Holdfast itself; please report it with these lines:\n${stackOf(error)}\n`,
  );
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '') : '';
}

/** A finding as one or two lines, indented. */
export function findingLines(finding: Finding, indent: string): string {
  const first = `${indent}${finding.severity}: ${finding.message} [${finding.code}]`;
  return finding.hint === undefined ? first : `${first}\n${indent}  next: ${finding.hint}`;
}

/** What was found, where an error tells of several things. */
export function findingsOf(error: unknown): readonly Finding[] {
  return error instanceof Error && 'findings' in error && Array.isArray(error.findings)
    ? (error.findings as readonly Finding[])
    : [];
}

function causeChain(error: Error): string {
  const messages: string[] = [];
  for (let cause = error.cause; cause instanceof Error && messages.length < 5; cause = cause.cause) {
    const message = cause.message.replaceAll(/\s+/g, ' ').trim();
    // Most messages already end in what their cause says.
    if (message !== '' && !error.message.includes(message)) messages.push(message);
  }
  return messages.join('; ');
}

function errorDocument(error: unknown): Record<string, unknown> {
  if (!(error instanceof HoldfastError)) return { level: 'error', message: messageOf(error), stack: stackOf(error) };
  return {
    level: 'error',
    code: error.code,
    kind: error.kind,
    message: error.message,
    subject: error.subject,
    hint: error.hint,
    cause: causeChain(error) || undefined,
    findings: findingsOf(error),
  };
}
