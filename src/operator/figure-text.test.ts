import { Gauge, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { figureHead, figureLine } from './figure-text.ts';

it('A figure is written as the registry of the others writes it', async () => {
  const [name, help] = ['etcd_backup_size_bytes', "The size of a backup's snapshot."];
  const registry = new Registry();
  const gauge = new Gauge({ name, help, labelNames: ['etcd_backup', 'uid'], registers: [registry] });
  const told = [
    [{ etcd_backup: 'single', uid: '0' }, 114446336],
    [{ etcd_backup: 'a "b" \\ c\nd', uid: '1' }, 0.5],
  ] as const;
  for (const [labels, value] of told) gauge.set(labels, value);
  const lines = told.map(([labels, value]) => figureLine(name, labels, value));
  expect(figureHead(name, help) + lines.join('')).toBe(await registry.metrics());
});
