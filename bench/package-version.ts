import { readFileSync } from 'node:fs';

/** The version of an installed rival, as its package states it. */
export function packageVersion(name: string): string {
  return version(new URL(`node_modules/${name}/package.json`, import.meta.url));
}

/** The version of millrace itself. */
export function ownVersion(): string {
  return version(new URL('../package.json', import.meta.url));
}

function version(url: URL): string {
  return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
}
