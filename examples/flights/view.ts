import { type Alert, type DayRanking, MIN_FLIGHTS, type OriginDelay } from './graph.ts';

/** What the views show: the state of the stream at one moment. */
export interface Moment {
  readonly rows: number;
  readonly totalRows: number;
  /** Since the first batch was asked for, milliseconds. */
  readonly elapsed: number;
  /** The departure time of the last flight, milliseconds since 1970. */
  readonly date: number;
  readonly worst: readonly OriginDelay[];
  /** Over the last 1,000 flights, minutes. */
  readonly rollingMean: number | null;
  readonly rollingStd: number | null;
  /** The rolling mean at the end of each batch. */
  readonly history: readonly number[];
  readonly days: number;
  readonly lastDay: DayRanking | undefined;
  readonly alerts: number;
  readonly lastAlerts: readonly Alert[];
}

/** Where a view writes: `process.stdout`, or a stand-in. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** How a run is shown while it lasts. */
export interface View {
  /** Called once per batch; `moment` is asked for only when something is drawn. */
  update(progress: number, now: number, moment: () => Moment): void;
  /** Leaves the screen as it was found, the last drawing on it. */
  close(moment?: () => Moment): void;
}

/** Codes of the terminal (SGR). */
const STYLES = { bold: 1, red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36, gray: 90 };

type Style = keyof typeof STYLES;
type Span = string | readonly [text: string, style: Style];

const REDRAW_INTERVAL = 100;
const SPARKS = '▁▂▃▄▅▆▇█';

const integer = new Intl.NumberFormat('en-US');
const minutes = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

/** A live drawing on a terminal, plain lines anywhere else. */
export function openView(screen: Screen, env: NodeJS.ProcessEnv): View {
  const isTerminal = screen.isTTY === true && env.TERM !== 'dumb';
  return isTerminal ? new TerminalView(screen, !env.NO_COLOR) : new LineView(screen);
}

/** Redraws in place, at most ten times a second. */
class TerminalView implements View {
  readonly #screen: Screen;
  readonly #color: boolean;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #height = 0;

  constructor(screen: Screen, color: boolean) {
    this.#screen = screen;
    this.#color = color;
    screen.write('\x1b[?25l');
  }

  update(_progress: number, now: number, moment: () => Moment): void {
    if (now - this.#drawnAt < REDRAW_INTERVAL) return;
    this.#drawnAt = now;
    this.#draw(moment());
  }

  close(moment?: () => Moment): void {
    if (moment !== undefined) this.#draw(moment());
    this.#screen.write('\x1b[?25h');
  }

  #draw(moment: Moment): void {
    const width = this.#screen.columns ?? 80;
    // The cursor rests on the line below the drawing, and cannot go up past the top of the screen.
    const lines = drawing(moment, width).slice(0, (this.#screen.rows ?? 24) - 1);
    const up = this.#height > 0 ? `\x1b[${this.#height}A\r` : '';
    const text = lines.map((line) => `${paint(line, width, this.#color)}\x1b[K\n`).join('');
    this.#screen.write(`${up}${text}\x1b[J`);
    this.#height = lines.length;
  }
}

/** One line for each tenth of the way. */
class LineView implements View {
  readonly #screen: Screen;
  #tenths = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  update(progress: number, _now: number, moment: () => Moment): void {
    const tenths = Math.floor(progress * 10);
    if (tenths <= this.#tenths) return;
    this.#tenths = tenths;
    const now = moment();
    const worst = now.lastDay?.worst[0];
    const parts = [
      `${day(now.date)}  ${integer.format(now.rows).padStart(9)} flights`,
      `${rate(now.rows, now.elapsed)}`,
      `last 1,000: ${number(now.rollingMean)} ± ${number(now.rollingStd)} min`,
      `alerts: ${integer.format(now.alerts)}`,
    ];
    if (worst !== undefined) {
      parts.push(`worst on ${day(now.lastDay!.day)}: ${worst.origin} ${number(worst.mean)} min`);
    }
    this.#screen.write(`${parts.join(' | ')}\n`);
  }

  close(): void {}
}

/** The lines of the live view, for a terminal `width` columns wide. */
export function drawing(moment: Moment, width: number): Span[][] {
  const part = moment.totalRows === 0 ? 0 : Math.min(1, moment.rows / moment.totalRows);
  const bar = Math.max(10, Math.min(40, width - 50));
  const filled = Math.round(part * bar);
  const wide = width >= 60;
  const lines: Span[][] = [
    [['flights of January to June 2001', 'bold'], `   now ${day(moment.date)}`],
    [
      ['█'.repeat(filled), 'cyan'],
      ['░'.repeat(bar - filled), 'gray'],
      ` ${(part * 100).toFixed(0).padStart(3)}%  ${integer.format(moment.rows)} rows  `,
      [rate(moment.rows, moment.elapsed), 'green'],
    ],
    [],
    [['worst origins so far', 'bold']],
    ...originLines(moment.worst, wide),
    [],
    [
      ['delay of the last 1,000 flights', 'bold'],
      `   ${number(moment.rollingMean)} ± ${number(moment.rollingStd)} min`,
    ],
    [[sparkline(moment.history, Math.min(width, 80)), 'yellow']],
    [],
  ];
  const worst = moment.lastDay?.worst ?? [];
  if (moment.lastDay !== undefined) {
    lines.push([
      [`worst on ${day(moment.lastDay.day)}`, 'bold'],
      `   ${worst.map(({ origin, mean }) => `${origin} ${mean.toFixed(0)}`).join('  ')}`,
    ]);
  }
  lines.push([
    [`alerts: ${integer.format(moment.alerts)}`, 'bold'],
    '   mean of the last 50 flights rose above 60 min',
  ]);
  for (const alert of moment.lastAlerts) {
    lines.push([
      `  ${time(alert.date)}  `,
      [alert.origin, 'red'],
      `  ${number(alert.mean).padStart(6)} min`,
    ]);
  }
  return lines;
}

function originLines(worst: readonly OriginDelay[], wide: boolean): Span[][] {
  const longest = worst[0]?.mean ?? 1;
  return worst.map(({ origin, mean, count }, index) => [
    `${String(index + 1).padStart(3)}  `,
    [origin, 'bold'],
    `${integer.format(count).padStart(10)} flights ${number(mean).padStart(7)} min  `,
    [wide ? '▪'.repeat(Math.max(0, Math.round((mean / longest) * 20))) : '', 'magenta'],
  ]);
}

/** The report after the run. */
export function summary(moment: Moment, peakBytes: number): string {
  const rows = moment.worst.map(
    ({ origin, mean, count }, index) =>
      `${String(index + 1).padStart(4)}  ${origin.padEnd(6)}  ${integer.format(count).padStart(9)}  ${number(mean).padStart(10)}`,
  );
  const seconds = moment.elapsed / 1000;
  return [
    '',
    `Ten worst origins by mean delay, of those with ${MIN_FLIGHTS} flights or more`,
    '   #  origin    flights  mean (min)',
    ...rows,
    '',
    `${integer.format(moment.rows)} flights, ${moment.days} days, ${integer.format(moment.alerts)} alerts`,
    `${seconds.toFixed(2)} s, ${rate(moment.rows, moment.elapsed)}, peak memory ${(peakBytes / 1e6).toFixed(0)} MB`,
    '',
  ].join('\n');
}

/** The last values drawn as bars, `width` of them at most, each the mean of those it stands for. */
export function sparkline(values: readonly number[], width: number): string {
  const bars = Math.min(width, values.length);
  const means: number[] = [];
  for (let bar = 0; bar < bars; bar++) {
    const from = Math.floor((bar * values.length) / bars);
    const to = Math.floor(((bar + 1) * values.length) / bars);
    let sum = 0;
    for (let i = from; i < to; i++) sum += values[i]!;
    means.push(sum / (to - from));
  }
  const low = Math.min(...means);
  const span = Math.max(...means) - low || 1;
  return means.map((mean) => SPARKS[Math.min(7, Math.floor(((mean - low) / span) * 8))]!).join('');
}

function paint(line: readonly Span[], width: number, color: boolean): string {
  // The last column stays free: writing into it makes some terminals wrap.
  let room = width - 1;
  let text = '';
  for (const span of line) {
    const [plain, style] = typeof span === 'string' ? [span, undefined] : span;
    const clipped = plain.slice(0, room);
    room -= clipped.length;
    const styled = style !== undefined && color && clipped !== '';
    text += styled ? `\x1b[${STYLES[style]}m${clipped}\x1b[0m` : clipped;
  }
  return text;
}

function rate(rows: number, elapsed: number): string {
  return `${((rows / Math.max(elapsed, 1)) * 1e-3).toFixed(2)} million rows/s`;
}

function number(value: number | null): string {
  return value === null ? '-' : minutes.format(value);
}

function day(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ');
}
