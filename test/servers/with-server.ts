import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { LeasedServer } from './leased-server.ts';
import { missing, type ServerKind, type TestServer } from './test-server.ts';

// Where `npm test` installs the servers, one that lacks is a failure.
const isInstalledHere = Boolean(process.env.CI) && existsSync('/usr/bin/apt-get');

// For the turn of another file to end, and for the server to start.
const TAKEN_WITHIN = 1_200_000;

/**
 * A suite against a real server, which is its own meanwhile, with what files before it left there: each
 * test takes names of its own. Where the program is not
 * installed the suite is skipped, and says so, but fails in continuous integration on Debian.
 */
export function withServer(
  kind: ServerKind,
  title: string,
  suite: (server: () => TestServer) => void,
): void {
  const lack = missing(kind);
  if (lack !== undefined) {
    if (isInstalledHere) {
      it(`${title}: ${kind.name} is installed`, () => {
        throw new Error(lack);
      });
    } else {
      console.warn(lack);
      // Nothing is installed unasked outside continuous integration, where this fails instead.
      describe.skip(title, () => suite(() => absent(kind)));
    }
    return;
  }
  describe(title, () => {
    let server: LeasedServer | undefined;
    beforeAll(async () => {
      server = await LeasedServer.take(kind);
    }, TAKEN_WITHIN);
    afterAll(() => server?.giveBack());
    suite(() => server ?? absent(kind));
  });
}

function absent({ name }: ServerKind): never {
  throw new Error(`There is no ${name}: ask for it in a test, not in its suite`);
}
