import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import * as kinds from './kinds.ts';
import { withServer } from './with-server.ts';

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

for (const kind of Object.values(kinds).filter((one) => typeof one === 'object')) {
  withServer(kind, `the server ${kind.name}`, (server) => {
    it('starts, is killed and comes back on its port', async () => {
      const { port } = server();
      expect(await isOpen(port)).toBe(true);
      await server().kill();
      expect(await isOpen(port)).toBe(false);
      await server().start();
      expect(await isOpen(port)).toBe(true);
    });
  });
}

withServer(kinds.redis, 'a test run that is killed', () => {
  it('leaves no server behind', async () => {
    const path = fileURLToPath(new URL('./abandoned-server.ts', import.meta.url));
    const owner = spawn(process.execPath, ['--import', 'tsx', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(owner.stdout.setEncoding('utf8'), 'data');
    const { port, folder } = JSON.parse(String(line)) as { port: number; folder: string };
    expect(existsSync(folder)).toBe(true);
    expect(await isOpen(port)).toBe(true);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await expect.poll(() => isOpen(port)).toBe(false);
    rmSync(folder, { recursive: true });
  });
});
