/** Both planes in one graph: lines of text are parsed in JavaScript, computed in Rust, judged in JavaScript. */
import { fromIterable } from 'millrace';

const lines = fromIterable([
  'sensor=a degrees=20.5',
  'sensor=b degrees=19',
  '# maintenance',
  'sensor=a degrees=24.5',
  'sensor=b degrees=23',
  'sensor=a degrees=30',
  'sensor=b degrees=24',
]);

// Down: objects become rows, two at a time.
const readings = lines
  .map((line) => /^sensor=(\w+) degrees=([\d.]+)$/.exec(line))
  .filter((match) => match !== null)
  .map((match) => ({ sensor: match[1]!, degrees: Number(match[2]) }))
  .partition(2)
  .toDataFrame({ sensor: 'utf8', degrees: 'f64' });

// Up: every result is an element again.
readings
  .groupBy('sensor')
  .degrees.mean()
  .toStream()
  .map((means) => means.toRows().filter((row) => row.degrees !== null && row.degrees > 22))
  .filter((warm) => warm.length > 0)
  .sink((warm) => console.log('warm:', warm));

await lines.start();
