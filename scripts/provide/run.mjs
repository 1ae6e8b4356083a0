// @ts-check
import { spawn } from 'node:child_process';

/**
 * Runs a program to its end. Never throws for a program that fails: look at `code`.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ code: number, stdout: string, output: string }>} `output` is both streams as they came;
 *   code 127 means that the program could not be started
 */
export function run(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    child.stdout.on('data', (/** @type {Buffer} */ chunk) => {
      stdout += chunk.toString();
      output += chunk.toString();
    });
    child.stderr.on('data', (/** @type {Buffer} */ chunk) => {
      output += chunk.toString();
    });
    child.on('error', (error) => resolve({ code: 127, stdout, output: output + error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, output }));
  });
}
