// Graphviz measures text by its own tables, a browser by its fonts: only a browser tells whether a
// label really fits into its shape.
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataFrame } from '../../src/frame/data-frame.ts';
import { Stream } from '../../src/stream.ts';

interface Box {
  readonly label: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

interface Layout {
  readonly picture: Box;
  readonly shapes: Box[];
  readonly labels: Box[];
  readonly orders: string[];
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--no-first-run',
  '--disable-gpu',
  // In a container /dev/shm may be too small for it.
  '--disable-dev-shm-usage',
  '--dump-dom',
];

function findBrowser(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env.CHROMIUM, ...onPath].find((path) => {
    if (path === undefined) return false;
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

// Runs in the page: boxes as the browser laid them out, in the picture's pixels.
const MEASURE = `
  const box = (element, label) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    return { label, left, top, right, bottom };
  };
  const nodes = [...document.querySelectorAll('g.node')];
  const titled = nodes.map((node) => [node, [...node.querySelectorAll('text')].map((text) => text.textContent).join(' ')]);
  document.title = JSON.stringify({
    picture: box(document.querySelector('svg'), 'picture'),
    shapes: titled.map(([node, label]) => box(node.querySelector('path, ellipse, polygon'), label)),
    labels: titled.map(([node, label]) => box(node.querySelector('text'), label)),
    orders: [...document.querySelectorAll('g.edge text')].map((text) => text.textContent),
  });`;

const browser = findBrowser();
if (browser === undefined) {
  console.warn('SKIPPED: drawings in a browser; put chromium on the PATH or its path in CHROMIUM');
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-browser-'));
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));

async function layoutOf(svg: string): Promise<Layout> {
  const page = join(folder, 'page.html');
  const picture = svg.slice(svg.indexOf('<svg'));
  await writeFile(
    page,
    `<!doctype html><meta charset="utf-8"><body>${picture}<script>${MEASURE}</script>`,
  );
  // One of its own: a browser that has answered may still be on its way out of the one before.
  const flags = [...FLAGS, `--user-data-dir=${await mkdtemp(join(folder, 'profile-'))}`];
  const { stdout } = await promisify(execFile)(browser ?? '', [...flags, pathToFileURL(page).href]);
  const title = /<title>(\{.*\})<\/title>/.exec(stdout)?.[1];
  if (title === undefined) throw new Error(`the page was not measured: ${stdout.slice(0, 500)}`);
  return JSON.parse(title.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'));
}

// Half a pixel for rounding.
function isInside(inner: Box, outer: Box): boolean {
  return (
    inner.left >= outer.left - 0.5 &&
    inner.right <= outer.right + 0.5 &&
    inner.top >= outer.top - 0.5 &&
    inner.bottom <= outer.bottom + 0.5
  );
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function checkLayout({ picture, shapes, labels }: Layout): void {
  labels.forEach((label, index) => {
    const shape = shapes[index];
    if (shape === undefined) throw new Error(`'${label.label}' has no shape`);
    expect(label.right - label.left, label.label).toBeGreaterThan(0);
    expect(isInside(label, shape), `'${label.label}' inside its shape`).toBe(true);
    expect(isInside(shape, picture), `'${label.label}' inside the picture`).toBe(true);
  });
  shapes.forEach((shape, index) => {
    for (const other of shapes.slice(index + 1)) {
      expect(overlap(shape, other), `'${shape.label}' over '${other.label}'`).toBe(false);
    }
  });
}

describe.skipIf(browser === undefined)('toSVG() in a browser', () => {
  it.each(['LR', 'TB'])(
    'fits labels into shapes: joins, forks and a loop, %s',
    async (rankdir) => {
      const prices = new Stream<number>({ name: 'prices of everything' });
      const others = new Stream<number>();
      const first = prices.map(function aFunctionNameThatGoesOnAndOnAndOn(x: number) {
        return x + 1;
      });
      const sums = first
        .filter((x) => x > 2)
        .zip(others.map((x) => x * 2))
        .map(([a, b]) => a + b)
        .union(first.accumulate((sum, x) => sum + x));
      sums.slidingWindow(3).sink(() => {});
      sums.partition(10).rateLimit('1s').sinkToList();
      prices.combineLatest(others, first).sink(() => {});
      sums.filter((x) => x < 10).connect(prices);

      const layout = await layoutOf(await prices.toSVG({ rankdir }));

      expect(layout.labels.map(({ label }) => label)).toContain('slidingWindow: 3');
      expect(layout.labels.length).toBeGreaterThan(12);
      expect(layout.orders).toContain('2');
      checkLayout(layout);
    },
    60_000,
  );

  it('fits labels into shapes: columns', async () => {
    const trades = new DataFrame({ symbol: 'utf8', price: 'f64' });
    const mean = trades.price.rolling(100).mean();
    mean.toStream().sink(() => {});
    trades
      .groupBy('symbol')
      .price.mean()
      .sink(() => {});
    const large = trades.filter(trades.price.gt(10));
    large.price.sum().sink(() => {});

    const layout = await layoutOf(await trades.toSVG({ rankdir: 'LR' }));

    expect(layout.labels.length).toBeGreaterThan(5);
    checkLayout(layout);
  });
});
