import {
  bufferCount,
  filter,
  from,
  lastValueFrom,
  map,
  mergeMap,
  type Observable,
  Subject,
  scan,
  share,
  tap,
  zip,
} from 'rxjs';
import { driver, turnDriver } from '../drive.ts';
import { packageVersion } from '../package-version.ts';
import type { Engine, Step } from '../work.ts';
import { add, double, increment, isEven, later, mean, sum, Tally } from '../work.ts';

export const engine: Engine = {
  name: 'RxJS',
  version: packageVersion('rxjs'),

  warm(steps, values) {
    const source = new Subject<number>();
    const tally = new Tally();
    steps.reduce<Observable<number>>(append, source).subscribe((x) => tally.add(x));
    driver<Subject<number>, number>('next')(source, values);
  },

  works: {
    emit: ({ values }) => {
      const source = new Subject<number>();
      const tally = new Tally();
      source.pipe(map(increment), filter(isEven), scan(add, 0)).subscribe((x) => tally.add(x));
      const drive = driver<Subject<number>, number>('next');
      return {
        Subject: () => {
          drive(source, values);
          return tally.total();
        },
      };
    },

    emitMany: ({ values }) => ({
      from: () => {
        const tally = new Tally();
        from(values as number[])
          .pipe(map(increment), filter(isEven), scan(add, 0))
          .subscribe((x) => tally.add(x));
        return tally.total();
      },
    }),

    slidingWindow: ({ values, n }) => {
      const source = new Subject<number>();
      const tally = new Tally();
      source.pipe(bufferCount(n, 1), map(mean)).subscribe((x) => tally.add(x));
      const drive = driver<Subject<number>, number>('next');
      return {
        bufferCount: () => {
          drive(source, values);
          return tally.total();
        },
      };
    },

    partition: ({ values, n }) => {
      const source = new Subject<number>();
      const tally = new Tally();
      source.pipe(bufferCount(n), map(sum)).subscribe((x) => tally.add(x));
      const drive = driver<Subject<number>, number>('next');
      return {
        bufferCount: () => {
          drive(source, values);
          return tally.total();
        },
      };
    },

    zip: ({ left, right }) => {
      const lefts = new Subject<number>();
      const rights = new Subject<number>();
      const tally = new Tally();
      zip(lefts, rights)
        .pipe(map(([a, b]) => a + b))
        .subscribe((x) => tally.add(x));
      const drive = turnDriver<Subject<number>, number>('next');
      return {
        Subject: () => {
          drive(lefts, rights, left, right);
          return tally.total();
        },
      };
    },

    wordSnapshots: ({ words, keep }) => ({
      'scan, Map copied': () => {
        let seen = 0;
        let kept = new Map<string, number>();
        let last = kept;
        from(words as string[])
          .pipe(
            scan((counts, word) => {
              const next = new Map(counts);
              return next.set(word, (next.get(word) ?? 0) + 1);
            }, new Map<string, number>()),
          )
          .subscribe((counts) => {
            if (++seen === keep) kept = counts;
            last = counts;
          });
        return { kept, last };
      },
    }),

    mapAsync: ({ values, parallelism }) => ({
      mergeMap: async () => {
        const source = new Subject<number>();
        const tally = new Tally();
        const done = lastValueFrom(
          source.pipe(
            mergeMap(later, parallelism),
            tap((x) => tally.add(x)),
          ),
        );
        for (const value of values) source.next(value);
        source.complete();
        await done;
        return tally.total();
      },
    }),

    fork: ({ values }) => {
      const source = new Subject<number>();
      const shared = source.pipe(share());
      const left = new Tally();
      const right = new Tally();
      shared.pipe(map(increment)).subscribe((x) => left.add(x));
      shared.pipe(map(double)).subscribe((x) => right.add(x));
      const drive = driver<Subject<number>, number>('next');
      return {
        share: () => {
          drive(source, values);
          return { left: left.total(), right: right.total() };
        },
      };
    },
  },
};

function append(stream: Observable<number>, step: Step): Observable<number> {
  switch (step.op) {
    case 'map':
      return stream.pipe(map(step.f));
    case 'filter':
      return stream.pipe(filter(step.f));
    case 'accumulate':
      return stream.pipe(scan(step.f, 0));
    case 'slidingWindow':
      return stream.pipe(bufferCount(step.n, 1), map(step.f));
    case 'partition':
      return stream.pipe(bufferCount(step.n), map(step.f));
  }
}
