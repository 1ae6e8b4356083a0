/**
 * The local member's client URL from its own flags or configuration: the loopback address that it listens on, else the
 * address that it advertises, else the first that it listens on (`0.0.0.0` and `[::]` are no addresses to dial). etcd's defaults
 * apply where it says nothing.
 */
export function listenEndpoints(listen: string | undefined, advertise: string | undefined): readonly string[] {
  const listening = urls(listen);
  const loopback = listening.find((url) => /\/\/(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)(?::|$)/.test(url));
  const dialable = [...urls(advertise), ...listening].find((url) => !/\/\/(?:0\.0\.0\.0|\[::\])(?::|$)/.test(url));
  const wildcard = listening[0]?.replace(/\/\/(?:0\.0\.0\.0|\[::\])/, '//127.0.0.1');
  return [loopback ?? dialable ?? wildcard ?? 'https://127.0.0.1:2379'];
}

function urls(value: string | undefined): readonly string[] {
  return (value ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter((url) => /^https?:\/\//.test(url));
}
