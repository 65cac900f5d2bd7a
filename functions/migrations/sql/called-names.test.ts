import { describe, expect, it } from 'vitest';
import { calledNames } from './called-names.ts';

describe('calledNames', () => {
  it('finds every spelling of a function in the texts of a file', () => {
    const names = calledNames({
      operations: [
        { add_column: { up: 'Draw_Lot(id) + "My ""odd"" func"(2)', column: { default: 'größe()' } } },
      ],
    });
    expect([...(names ?? [])]).toEqual(
      expect.arrayContaining(['Draw_Lot', 'draw_lot', 'My "odd" func', 'my "odd" func', 'größe']),
    );
  });

  it('does not answer for names that are spelt by code points', () => {
    expect(calledNames({ up: 'U&"\\0064raw"()' })).toBeUndefined();
  });
});
