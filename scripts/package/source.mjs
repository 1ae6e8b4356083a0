// @ts-check
import { PROJECT } from '../provide/cache.mjs';
import { Failure } from '../provide/failure.mjs';
import { run } from '../provide/run.mjs';

/**
 * What is built: the time and the commit of the sources. SOURCE_DATE_EPOCH (reproducible-builds.org) and HOLDFAST_REVISION
 * say so where there is no git.
 *
 * @returns {Promise<{ created: Date, revision: string | undefined }>}
 */
export async function sourceState() {
  const epoch = process.env['SOURCE_DATE_EPOCH'] || (await git('log', '-1', '--format=%ct')) || '0';
  if (!/^\d+$/.test(epoch)) throw new Failure(`SOURCE_DATE_EPOCH is ${epoch}`, 'Give it as seconds since 1970.');
  return {
    created: new Date(Number(epoch) * 1000),
    revision: process.env['HOLDFAST_REVISION'] || (await revision()),
  };
}

async function revision() {
  const commit = await git('rev-parse', 'HEAD');
  if (commit === undefined) return undefined;
  return (await git('status', '--porcelain')) === '' ? commit : `${commit}-modified`;
}

/** @param {readonly string[]} args @returns {Promise<string | undefined>} */
async function git(...args) {
  const { code, stdout } = await run('git', args, { cwd: PROJECT });
  return code === 0 ? stdout.trim() : undefined;
}
