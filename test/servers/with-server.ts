import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findProgram, missing, type ServerKind, TestServer } from './test-server.ts';

// Where `npm test` installs the servers, one that lacks is a failure.
const isInstalledHere = Boolean(process.env.CI) && existsSync('/usr/bin/apt-get');

/**
 * A suite against a real server, started before it and stopped after. Where the program is not
 * installed the suite is skipped, and says so, but fails in continuous integration on Debian.
 */
export function withServer(
  kind: ServerKind,
  title: string,
  suite: (server: () => TestServer) => void,
): void {
  if (findProgram(kind) === undefined) {
    if (isInstalledHere) {
      it(`${title}: ${kind.name} is installed`, () => {
        throw new Error(missing(kind));
      });
    } else {
      console.warn(missing(kind));
      describe.skip(title, () => suite(() => absent(kind)));
    }
    return;
  }
  describe(title, { timeout: 180_000 }, () => {
    let server: TestServer | undefined;
    beforeAll(async () => {
      server = await TestServer.start(kind);
    }, 330_000);
    afterAll(() => server?.stop(), 60_000);
    suite(() => server ?? absent(kind));
  });
}

function absent({ name }: ServerKind): never {
  throw new Error(`There is no ${name}: ask for it in a test, not in its suite`);
}
