import { metric } from '../alerts/promql.ts'

/** Names that prom-client gives to every process; a test looks for them in what the exporter renders. */
export const processMetric = {
  cpu: 'process_cpu_seconds_total',
  startTime: 'process_start_time_seconds',
  residentMemory: 'process_resident_memory_bytes',
  heapUsed: 'nodejs_heap_size_used_bytes',
  eventLoopLag: 'nodejs_eventloop_lag_p99_seconds',
  openFiles: 'process_open_fds',
} as const

/** What Prometheus says of every target. */
export const targetMetric = {
  up: 'up',
  scrapeDuration: 'scrape_duration_seconds',
  samples: 'scrape_samples_scraped',
} as const

/** The series of the histogram of polls. */
export const pollDuration = {
  bucket: `${metric.pollDuration}_bucket`,
  sum: `${metric.pollDuration}_sum`,
  count: `${metric.pollDuration}_count`,
} as const
