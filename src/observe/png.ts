import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { importPeer } from '../connect/import-peer.ts';

const ACTION = 'draw the graph as PNG';
const SCALE = 2;

let initialised: Promise<unknown> | undefined;

/**
 * SVG text rasterised at twice its size (WebAssembly, package `@resvg/resvg-wasm`), with the font of
 * package `dejavu-fonts-ttf`, so that the picture is the same on every machine.
 */
export async function svgToPng(svg: string): Promise<Uint8Array> {
  const resvg = await importPeer(() => import('@resvg/resvg-wasm'), '@resvg/resvg-wasm', ACTION);
  initialised ??= packageFile('@resvg/resvg-wasm/index_bg.wasm', '@resvg/resvg-wasm').then((wasm) =>
    resvg.initWasm(wasm),
  );
  await initialised;
  const font = await packageFile('dejavu-fonts-ttf/ttf/DejaVuSans.ttf', 'dejavu-fonts-ttf');
  const drawing = new resvg.Resvg(svg, {
    fitTo: { mode: 'zoom', value: SCALE },
    background: 'white',
    font: { fontBuffers: [font], defaultFontFamily: 'DejaVu Sans', loadSystemFonts: false },
  });
  return drawing.render().asPng();
}

function packageFile(path: string, name: string): Promise<Uint8Array> {
  return importPeer(() => readFile(createRequire(import.meta.url).resolve(path)), name, ACTION);
}
