import { expect, test } from 'vitest'
import { sparkline } from '../../../src/present/page/sparkline.ts'

const history = (exposureSeconds: (number | null)[], budgetKept?: (boolean | null)[]) => ({
  from: '2026-03-01T10:00:00.000Z',
  slotSeconds: 60,
  exposureSeconds,
  ...(budgetKept === undefined ? {} : { budgetKept }),
})

function drawn(parts: ReturnType<typeof history>, now = '2026-03-01T10:06:00.000Z') {
  const svg = sparkline({ id: 's', of: 'payments', history: parts, budgetSeconds: 80, now }).toString()
  return {
    svg,
    path: /<path d="([^"]*)"/.exec(svg)?.[1],
    words: /<desc[^>]*>([^<]*)</.exec(svg)?.[1],
    areas: [...svg.matchAll(/<rect class="(\w+)" x="(\d+)" y="\d+" width="(\d+)"/g)].map(
      ([, ...area]) => area,
    ),
  }
}

test('steps: a line over each slot, at a height that the greatest exposure and the budget share', () => {
  const { path, svg } = drawn(history([0, 0, 100, 50]))
  expect(path).toBe('M0 90H2V3H3V46.5H4')
  expect(svg).toContain('<line x1="0" x2="4" y1="20.4" y2="20.4"/>')
})

test('what is not known is a gap in the line and an area, never a line at 0', () => {
  const { path, areas, words } = drawn(history([50, null, null, 50, null]))
  expect(path).toBe('M0 46.5H1M3 46.5H4')
  expect(areas).toEqual([
    ['gap', '1', '2'],
    ['gap', '4', '1'],
  ])
  expect(words).toContain('No exposure is known from 10:01:00 UTC to 10:03:00 UTC.')
})

test('a strip and a sentence where the budget was not shown to be kept, whatever the exposure', () => {
  const { areas, words } = drawn(history([10, 20, 10], [true, false, true]))
  expect(areas).toEqual([['over', '1', '1']])
  expect(words).toBe(
    'The greatest was 20 s, at 10:01:00 UTC. The budget was not shown to be kept from 10:01:00 UTC to 10:02:00 UTC.',
  )
})

test("a topic's budget is held against its exposures", () => {
  expect(drawn(history([80, 81])).areas).toEqual([['over', '1', '1']])
})

test('nothing known at all is said', () => {
  const { path, words } = drawn(history([null, null]))
  expect(path).toBe('')
  expect(words).toContain('Nothing was proven in all that time.')
})

test('the slot that has not ended is said to last until now', () => {
  expect(drawn(history([10, 90]), '2026-03-01T10:01:20.000Z').words).toContain(
    'from 10:01:00 UTC to 10:01:20 UTC.',
  )
})

test('for a screen reader: a picture with a title and words', () => {
  expect(drawn(history([10])).svg).toMatch(
    /role="img" aria-labelledby="s-title s-words">\n<title id="s-title">Exposure of payments since 10:00:00 UTC, budget 1 min 20 s<\/title>\n<desc id="s-words">/,
  )
})
