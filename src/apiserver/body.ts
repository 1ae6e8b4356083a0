import { ApiServerError } from './errors.ts';

function tooLarge(path: string, maxBytes: number, what: string): ApiServerError {
  return new ApiServerError(
    'APISERVER_RESPONSE_TOO_LARGE',
    `the API server answered ${path} with ${what} of more than ${maxBytes} bytes`,
    { subject: path, hint: 'Check that the server of the kubeconfig is a Kubernetes API server.' },
  );
}

/**
 * A whole body.
 *
 * @throws ApiServerError APISERVER_RESPONSE_TOO_LARGE as soon as it is longer than `maxBytes`; the rest is not read
 */
export async function readBody(body: AsyncIterable<Uint8Array>, path: string, maxBytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > maxBytes) throw tooLarge(path, maxBytes, 'a document');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

const NEWLINE = 0x0a;

/**
 * The lines of a body, without their ends and without empty ones. Chunks may be cut anywhere, also inside a character.
 * Something after the last line's end is a line too.
 *
 * @throws ApiServerError APISERVER_RESPONSE_TOO_LARGE where a line is longer than `maxBytes`
 */
export async function* splitLines(
  body: AsyncIterable<Uint8Array>,
  path: string,
  maxBytes: number,
): AsyncGenerator<string, void> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  const keep = (piece: Uint8Array): void => {
    size += piece.length;
    if (size > maxBytes) throw tooLarge(path, maxBytes, 'a line');
    if (piece.length > 0) pieces.push(piece);
  };
  const take = (): string => {
    const line = Buffer.concat(pieces).toString('utf8');
    pieces = [];
    size = 0;
    return line;
  };
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      start = end + 1;
      if (size > 0) yield take();
    }
    keep(chunk.subarray(start));
  }
  if (size > 0) yield take();
}
