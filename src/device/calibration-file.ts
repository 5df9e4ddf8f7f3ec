import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { StepCost, TransferCost } from './cost-model.ts';

/** What was measured on one adapter of this machine. */
export interface Calibrations {
  readonly transfer: TransferCost;
  /** By the text of the steps. */
  readonly steps: Record<string, StepCost>;
}

/** Another number where what is measured changes its meaning. */
const VERSION = 1;

/** Kernels beyond this many are measured again by the next process. */
const MOST = 256;

/** The folder of the file: `MILLRACE_CACHE`, where nothing is kept if that is empty, else the user's. */
function file(): string | undefined {
  const { MILLRACE_CACHE: own, XDG_CACHE_HOME: user } = process.env;
  if (own === '') return undefined;
  return join(own ?? join(user || join(homedir(), '.cache'), 'millrace'), 'gpu.json');
}

/** What an earlier process has measured on the adapter. A file that cannot be read is none. */
export function readCalibrations(adapter: string): Calibrations | undefined {
  return readAll()[adapter];
}

/** Keeps what was measured for later processes, where there is a place for it. */
export function writeCalibrations(adapter: string, calibrations: Calibrations): void {
  const path = file();
  if (path === undefined) return;
  const steps = Object.fromEntries(Object.entries(calibrations.steps).slice(-MOST));
  const adapters = { ...readAll(), [adapter]: { ...calibrations, steps } };
  try {
    mkdirSync(dirname(path), { recursive: true });
    const partial = `${path}.${process.pid}`;
    writeFileSync(partial, JSON.stringify({ version: VERSION, adapters }));
    renameSync(partial, path);
  } catch {
    // It is measured again then.
  }
}

function readAll(): Record<string, Calibrations> {
  const path = file();
  if (path === undefined) return {};
  try {
    const { version, adapters } = JSON.parse(readFileSync(path, 'utf8')) as {
      version: number;
      adapters: Record<string, Calibrations>;
    };
    return version === VERSION ? Object.fromEntries(Object.entries(adapters).filter(isWhole)) : {};
  } catch {
    return {};
  }
}

function isWhole([, { transfer, steps }]: [string, Partial<Calibrations>]): boolean {
  const costs = [transfer?.submit, transfer?.perByte];
  for (const step of Object.values(steps ?? {})) costs.push(step.cpu, step.gpu, step.bytesOut);
  return steps !== undefined && costs.every((cost) => Number.isFinite(cost) && Number(cost) >= 0);
}
