import { readFileSync } from 'node:fs';

/** The version of an installed rival, as its package states it. */
export function packageVersion(name: string): string {
  const url = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
}
