import type { z } from 'zod'
import type { ReportedFlow } from '../../present/report/flow.ts'
import { flowsSchema, topicsSchema } from '../../present/schema.ts'
import { type HttpAddress, HttpSource } from '../../sources/http.ts'
import { type Known, reportedFlow, UnknownFlow } from './known.ts'

const timeoutMs = 60_000
const maxBytes = 64 * 1_048_576

/**
 * What a running exporter knows now, a flow after the other.
 * @throws SourceError where it cannot be read, UnknownFlow where it has no flow of this name
 */
export async function exporterViews(address: HttpAddress, onlyFlow: string | undefined): Promise<Known> {
  const http = new HttpSource({
    address,
    title: 'Tidemark',
    example: 'http://tidemark:9847',
    timeoutMs,
    maxBytes,
  })
  const { now, clusters, flows } = read(http, '/api/v1/flows', flowsSchema, await http.json('/api/v1/flows'))
  const names = flows.map(({ flow }) => flow)
  if (onlyFlow !== undefined && !names.includes(onlyFlow)) throw new UnknownFlow(onlyFlow, names)
  const reported: ReportedFlow[] = []
  for (const name of onlyFlow === undefined ? names : [onlyFlow]) {
    const path = `/api/v1/flows/${encodeURIComponent(name)}/topics`
    reported.push(
      await reportedFlow(async page => {
        const place = `${path}?page=${page}`
        return read(http, place, topicsSchema, await http.json(place))
      }),
    )
  }
  const concerned = new Set(reported.flatMap(({ view: { source, target } }) => [source, target]))
  return {
    origin: { kind: 'exporter', url: http.url },
    knownAt: now,
    clusters: clusters.filter(({ cluster }) => concerned.has(cluster)),
    flows: reported,
  }
}

function read<T>(http: HttpSource, path: string, schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer)
  if (result.success) return result.data
  const isTidemark =
    typeof answer === 'object' &&
    answer !== null &&
    ('flow' in answer || ('flows' in answer && 'now' in answer))
  if (!isTidemark) {
    throw http.error(
      `${path} answers something else than Tidemark does. Expected an address such as http://tidemark:9847`,
    )
  }
  throw http.error(
    `${path} is of another version than this tidemark (${placeOf(result.error.issues)}). Make the report with the version that runs there`,
  )
}

/** The first place that differs: of a union, in the alternative that came furthest. */
function placeOf(issues: readonly z.core.$ZodIssue[], above: readonly PropertyKey[] = []): string {
  const [issue] = issues
  if (issue === undefined) return 'it differs'
  const path = [...above, ...issue.path]
  if (issue.code === 'invalid_union') {
    const [fewest] = issue.errors.toSorted((a, b) => a.length - b.length)
    if (fewest !== undefined) return placeOf(fewest, path)
  }
  return `${path.map(String).join('.')}: ${issue.message}`
}
