import type { Log, LogFields, LogLevel } from '../../base/index.ts';
import type { Terminal } from '../environment.ts';

const rank: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Diagnostics as plain lines on standard error. */
export function createTextLog(terminal: Terminal, least: LogLevel): Log {
  const write = (level: LogLevel, message: string, fields?: LogFields): void => {
    if (rank[level] < rank[least]) return;
    const prefix = level === 'warn' ? 'warning: ' : level === 'error' ? 'error: ' : '';
    const { code, hint, ...others } = fields ?? {};
    const details = Object.entries(others)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${String(value)}`)
      .join('');
    const suffix = code === undefined ? '' : ` [${String(code)}]`;
    const next = hint === undefined ? '' : `  next: ${String(hint)}\n`;
    terminal.write(`${prefix}${message}${details}${suffix}\n${next}`);
  };
  return byLevel(write);
}

/** Diagnostics as one JSON document a line on standard error, for log collectors. */
export async function createJsonLog(terminal: Terminal, least: LogLevel): Promise<Log> {
  // In the bundle, a CommonJS module has no other export.
  const { default: pino } = await import('pino');
  const logger = pino(
    {
      level: least,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => terminal.write(line) },
  );
  return byLevel((level, message, fields) => logger[level](fields ?? {}, message));
}

function byLevel(write: (level: LogLevel, message: string, fields?: LogFields) => void): Log {
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  };
}
