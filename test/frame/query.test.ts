import { describe, expect, it } from 'vitest';
import { DataFrame } from '../../src/index.ts';

const rows = [
  { price: 5, size: 1, symbol: 'A', 'odd name': 1, ok: true },
  { price: 12, size: 4, symbol: "it's", 'odd name': 2, ok: false },
  { price: 20, size: 9, symbol: 'B', 'odd name': 3, ok: true },
  { price: null, size: 3, symbol: null, 'odd name': 4, ok: null },
];

function selected(condition: string): number[] {
  const frame = new DataFrame({
    price: 'f64',
    size: 'i64',
    symbol: 'utf8',
    'odd name': 'i32',
    ok: 'bool',
  });
  const seen: number[] = [];
  frame.query(condition).sink((table) => {
    for (const row of table) seen.push(row['odd name']!);
  });
  frame.emit(rows);
  return seen;
}

describe('query', () => {
  it.each<[string, number[]]>([
    ['price > 10 and size < 5', [2]],
    ['price > 10 AND NOT size < 5', [3]],
    ['price <= 5 or size = 9', [1, 3]],
    ['price > 10 or price < 10 and size > 100', [2, 3]],
    ['(price > 10 or price < 10) and size > 5', [3]],
    ['10 < price', [2, 3]],
    ['price * 2 + 1 == 25', [2]],
    ['100 - price > 85 and 24 / price >= 2', [1, 2]],
    ['price - -5 > 12', [2, 3]],
    ['size % 3 = 0', [3, 4]],
    ['10 % size = 2', [2]],
    ["symbol = 'it''s'", [2]],
    ['symbol == "A" || symbol == "B"', [1, 3]],
    ["symbol != 'A'", [2, 3]],
    ['`odd name` >= 3', [3, 4]],
    ['price is null', [4]],
    ['price is not null and not ok', [2]],
    ['ok', [1, 3]],
    ['ok = false', [2]],
    ['!(ok) && .5e1 < price', [2]],
    ['size = 9007199254740993', []],
  ])('%s', (condition, expected) => {
    expect(selected(condition)).toEqual(expected);
  });

  it.each<[string, RegExp]>([
    ['', /wanted a column, a value or \(, got its end/],
    ['price >', /wanted a column, a value or \(, got its end/],
    ['price > 1 size', /wanted the end, got 'size'/],
    ['(price > 1', /wanted \), got its end/],
    ['price', /wanted a condition, got column 'price' \(f64\)/],
    ['1 < 2', /wanted a column, got 2/],
    ['1 + 2 > price', /1 \+ 2 has no column/],
    ['price is 5', /wanted null, got '5'/],
    ['price > #', /cannot read '#' at/],
    ["symbol = 'open", /cannot read/],
  ])('refuses %s', (condition, message) => {
    expect(() => selected(condition)).toThrow(SyntaxError);
    expect(() => selected(condition)).toThrow(message);
  });

  it('names the column that is not there', () => {
    expect(() => selected('cost > 1')).toThrow(/no column 'cost', the frame has price, size/);
    expect(() => selected("price = 'x'")).toThrow(/column 'price' \(f64\) does not go with/);
  });
});
