import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Target } from './suite.ts';

/**
 * What an engine took: per round, in the forms in which it can do the work, seconds per run. A round
 * in which it failed is missing, and stays so: ratios pair what ran side by side.
 */
export interface EngineResult {
  engine: string;
  version: string;
  rounds: ({ form: string; seconds: number[] }[] | undefined)[];
}

/** One suite's timings and what they are held against. */
export interface SuiteResult {
  name: string;
  title: string;
  elements: number;
  targets: readonly Target[];
  engines: EngineResult[];
}

interface Timing {
  engine: string;
  version: string;
  form: string;
  /** Nanoseconds per element: median of all samples, quartiles, and the median of each round. */
  median: number;
  quartiles: [number, number];
  rounds: (number | null)[];
  samples: number;
}

/** What is kept of a suite. */
interface SuiteRecord {
  name: string;
  title: string;
  elements: number;
  targets: readonly Target[];
  timings: Timing[];
  /** The day on which it was timed. */
  date: string;
}

/** The timings as Markdown: a line per rival, millrace's time first, ratios of medians. */
export function table(results: readonly SuiteResult[]): string {
  return rows(results.map((result) => kept(result, '')));
}

function kept({ engines, ...suite }: SuiteResult, date: string): SuiteRecord {
  return { ...suite, date, timings: engines.map((engine) => best(engine, suite.elements)) };
}

function rows(suites: readonly SuiteRecord[]): string {
  const lines = [
    '| work | ns per element | rival | its ns | millrace is | spread | wanted |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const { title, targets, timings } of suites) {
    const own = timings.find(({ engine }) => engine === 'millrace');
    const rivals = timings.filter((timing) => timing !== own);
    for (const rival of rivals) {
      const target = targets.find((target) => target.rival === rival.engine);
      const name = `${rival.engine} (${rival.form})`;
      lines.push(
        own === undefined
          ? `| ${title} | | ${name} | ${digits(rival.median)} | | | |`
          : `| ${title} | ${digits(own.median)} | ${name} | ${digits(rival.median)} | ${compare(own, rival, target)} |`,
      );
    }
  }
  return lines.join('\n');
}

/** Ratios within each round, in which both met the same load; the median of them is what counts. */
function compare(own: Timing, rival: Timing, target: Target | undefined): string {
  const ratios = own.rounds.flatMap((ours, round) => {
    const theirs = rival.rounds[round];
    return ours == null || theirs == null ? [] : [theirs / ours];
  });
  if (ratios.length === 0) return ' | | not timed in one round';
  const ratio = quantile(ratios, 0.5);
  const spread = `${digits(Math.min(...ratios))}–${digits(Math.max(...ratios))}×`;
  const wanted =
    target === undefined
      ? ''
      : `${digits(target.times)}×, ${ratio >= target.times ? 'met' : 'missed'}`;
  return `${digits(ratio)}× | ${spread} | ${wanted}`;
}

/** The form of an engine with the smallest median: each is taken at its best. */
function best({ engine, version, rounds }: EngineResult, elements: number): Timing {
  const forms = new Set(rounds.flatMap((round) => round?.map(({ form }) => form) ?? []));
  const timings = [...forms].map((form): Timing => {
    // Not `map`, which would leave holes where rounds are missing.
    const samples = Array.from(rounds, (round) =>
      round
        ?.filter((timed) => timed.form === form)
        .flatMap(({ seconds }) => seconds.map((s) => (s * 1e9) / elements)),
    );
    const all = samples.flatMap((round) => round ?? []);
    return {
      engine,
      version,
      form,
      median: quantile(all, 0.5),
      quartiles: [quantile(all, 0.25), quantile(all, 0.75)],
      rounds: samples.map((round) => (round === undefined ? null : quantile(round, 0.5))),
      samples: all.length,
    };
  });
  return timings.reduce((a, b) => (b.median < a.median ? b : a));
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
}

function digits(x: number): string {
  return x >= 100 ? x.toFixed(0) : x.toPrecision(x >= 10 ? 3 : 2);
}

/**
 * Keeps the results as `record/<cpu>/<date>.json` with the table beside it, and puts the table
 * between the README's bench markers. Suites that were not run now stand as they were last recorded
 * on such a machine, in the order of `names`. Gives the files written.
 */
export function record(
  results: readonly SuiteResult[],
  problems: readonly string[],
  names: readonly string[],
): string[] {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown';
  const date = new Date().toISOString().slice(0, 10);
  const folder = new URL(
    `record/${cpu.toLowerCase().replace(/[^a-z0-9]+/g, '-')}/`,
    import.meta.url,
  );
  mkdirSync(folder, { recursive: true });
  const machine = `${cpu}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${process.arch}, Node ${process.version}`;
  const now = results.map((result) => kept(result, date));
  const suites = names.flatMap(
    (name) => [...now, ...earlier(folder)].find((suite) => suite.name === name) ?? [],
  );
  const versions = new Set(
    suites.flatMap(({ timings }) => timings.map(({ engine, version }) => `${engine} ${version}`)),
  );
  const dates = [...new Set(suites.map((suite) => suite.date))].sort();
  const markdown = [
    rows(suites),
    '',
    `Measured on ${dates.join(' and ')}: ${machine}. Times are medians; ratios are the median and range of those within each round of fresh processes.`,
    `Versions: ${[...versions].join(', ')}.`,
    ...problems.map((problem) => `\n${problem}.`),
    '',
  ].join('\n');
  const summary = { date, machine, problems, suites };
  const files = [
    write(new URL(`${date}.json`, folder), `${JSON.stringify(summary, undefined, 2)}\n`),
    write(new URL(`${date}.md`, folder), markdown),
  ];
  const readme = new URL('../README.md', import.meta.url);
  if (existsSync(readme)) {
    const text = readFileSync(readme, 'utf8');
    const updated = text.replace(
      /(<!-- bench -->\n)[\s\S]*(<!-- \/bench -->)/,
      (_match, open: string, close: string) => `${open}${markdown}${close}`,
    );
    if (updated !== text) files.push(write(readme, updated));
  }
  return files;
}

/** The suites of the newest record there is. */
function earlier(folder: URL): SuiteRecord[] {
  const newest = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .at(-1);
  if (newest === undefined) return [];
  const { date, suites } = JSON.parse(readFileSync(new URL(newest, folder), 'utf8')) as {
    date: string;
    suites: (Omit<SuiteRecord, 'date'> & { date?: string })[];
  };
  return suites.map((suite) => ({ ...suite, date: suite.date ?? date }));
}

function write(url: URL, text: string): string {
  writeFileSync(url, text);
  return fileURLToPath(url);
}
