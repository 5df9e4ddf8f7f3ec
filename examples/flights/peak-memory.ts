import { readFileSync } from 'node:fs';

/**
 * The most memory this process has had in use so far, in bytes. On Linux `resourceUsage` does not do:
 * there a process starts with the peak of the one that started it.
 */
export function peakMemory(): number {
  if (process.platform === 'linux') {
    const kibibytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
