import { Gauge, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { FigureText } from './figure-text.ts';

it('A figure is written as the registry of the others writes it', async () => {
  const [name, help] = ['etcd_backup_size_bytes', "The size of a backup's snapshot."];
  const registry = new Registry();
  const gauge = new Gauge({ name, help, labelNames: ['etcd_backup', 'uid'], registers: [registry] });
  const text = new FigureText(name, help);
  for (const figure of [gauge, text]) {
    figure.set({ etcd_backup: 'single', uid: '0' }, 114446336);
    figure.set({ etcd_backup: 'a "b" \\ c\nd', uid: '1' }, 0.5);
  }
  expect(text.toString()).toBe(await registry.metrics());
});
