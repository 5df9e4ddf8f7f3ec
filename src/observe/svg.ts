import { importOptional } from './import-optional.ts';

/** DOT text laid out and drawn as SVG by Graphviz (WebAssembly, package `@viz-js/viz`). */
export async function dotToSvg(dot: string): Promise<string> {
  const { instance } = await importOptional(
    () => import('@viz-js/viz'),
    '@viz-js/viz',
    'draw the graph as SVG',
  );
  const viz = await instance();
  return viz.renderString(dot, { format: 'svg' });
}
