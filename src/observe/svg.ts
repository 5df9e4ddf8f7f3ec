import { importPeer } from '../connect/import-peer.ts';

/** DOT text laid out and drawn as SVG by Graphviz (WebAssembly, package `@viz-js/viz`). */
export async function dotToSvg(dot: string): Promise<string> {
  const { instance } = await importPeer(
    () => import('@viz-js/viz'),
    '@viz-js/viz',
    'draw the graph as SVG',
  );
  const viz = await instance();
  return viz.renderString(dot, { format: 'svg' });
}
