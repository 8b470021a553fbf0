import { catalog, type Family } from '../metrics/catalog.ts'

/** docs/metrics.md, from the catalog. */
export function metricsReference(): string {
  const rows = Object.values<Family>(catalog).map(
    ({ name, labels, help }) => `| \`${name}\` | ${labels.join(', ')} | ${help.replaceAll('|', '\\|')} |`,
  )
  return `# Metrics

<!-- Generated from src/metrics/catalog.ts: npm run generate -->

All of them are gauges. Timestamps are Unix seconds; an age is \`time() - timestamp\`. What is not known has no series:
it is never 0. Values are as of the last poll.

| metric | labels | meaning |
|---|---|---|
${rows.join('\n')}

## Tidemark's own health

| metric | labels | meaning |
|---|---|---|
| \`tidemark_clock_timestamp_seconds\` | | This process's wall clock, written at the scrape. |
| \`tidemark_polls_total\` | outcome | Polls: every cluster answered (complete), some did (partial), none did (failed). |
| \`tidemark_poll_duration_seconds\` | | Histogram of how long a poll took. |
| \`tidemark_kafka_requests_total\` | kafka_cluster, api | Requests sent to Kafka, handshakes included. |
| \`tidemark_series_omitted\` | | Series that the configuration left out of the page. |
| \`tidemark_build_info\` | version, node_version | Always 1. |

Besides these, \`process_*\` and \`nodejs_*\` of prom-client.
`
}
