/**
 * Whether a scraper prefers OpenMetrics 1.0 to the Prometheus text format (RFC 9110, 12.5.1). Written out because
 * ready-made negotiation takes `version` and `escaping`, which Prometheus sends, for a mismatch.
 * @param accept the Accept header; undefined where there is none
 * @returns false on a tie, and for what cannot be understood: every scraper reads the text format
 */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  const ranges = (accept ?? '').split(',').map(parseRange)
  const openMetrics = qualityOf(ranges, 'application', 'openmetrics-text', '1.0.0')
  return openMetrics > qualityOf(ranges, 'text', 'plain', '0.0.4')
}

interface Range {
  readonly type: string
  readonly version: string | undefined
  readonly quality: number
}

function parseRange(text: string): Range {
  const [type, ...parameters] = text.split(';').map(part => part.trim().toLowerCase())
  const values = new Map(
    parameters.map((parameter): [string, string] => {
      const [name, value] = parameter.split('=')
      return [(name ?? '').trim(), (value ?? '').trim().replace(/^"(.*)"$/, '$1')]
    }),
  )
  const quality = Number(values.get('q') ?? '1')
  return {
    type: type ?? '',
    version: values.get('version'),
    quality: quality >= 0 && quality <= 1 ? quality : 0,
  }
}

/** The quality of the most specific range that matches; 0 where none does. */
function qualityOf(ranges: readonly Range[], type: string, subtype: string, version: string): number {
  for (const wanted of [`${type}/${subtype}`, `${type}/*`, '*/*']) {
    const matching = ranges.filter(
      range => range.type === wanted && (range.version === undefined || range.version === version),
    )
    if (matching.length > 0) return Math.max(...matching.map(({ quality }) => quality))
  }
  return 0
}
