import type { IsolationLevel } from '../model/flow.ts'
import type {
  ActiveProducer,
  Inspection,
  InspectionResult,
  OffsetRange,
  RecordWindow,
} from '../model/inspection.ts'
import type { PartitionOffsets, TopicMetadata } from '../model/observation.ts'
import { isKnown, known, type Reading, unknown, valueIfKnown } from '../model/reading.ts'
import type { Instant } from '../model/time.ts'
import { type FetchRequest, type KafkaCluster, outOfRange } from '../sources/kafka/port.ts'

/** A window that a broker answers in smaller pieces is read in so many at most. */
const mostRounds = 6
/** Open transactions whose producer is asked for in one poll. */
const mostProducersAsked = 20

export interface InspectedSide {
  readonly cluster: KafkaCluster
  readonly topicOf: (name: string) => Reading<TopicMetadata> | 'absent'
  readonly isolation: IsolationLevel
}

export interface InspectorOptions {
  readonly source: InspectedSide
  readonly target: InspectedSide
  /** Bytes of both sides together. */
  readonly maxBytes: number
  readonly deadline: Instant
  readonly now: () => Instant
}

/**
 * Reads the records that the inspections ask for: per broker one Fetch for all of them, a few rounds at most, and
 * never much more than the byte budget. A window that could not be read is unknown with its reason.
 */
export async function inspect(
  inspections: readonly Inspection[],
  options: InspectorOptions,
): Promise<readonly InspectionResult[]> {
  if (inspections.length === 0) return []
  const { source, target, maxBytes, deadline, now } = options
  const copies = inspections.filter(({ target: range }) => range !== undefined)
  const [sources, targets] = await Promise.all([
    readWindows(
      source,
      inspections.map(({ topic, partition, source: range, maxBytes: most }) => ({
        topic,
        partition,
        range,
        most,
      })),
      maxBytes / 2,
      { deadline, now },
    ),
    readWindows(
      target,
      copies.map(({ targetTopic, partition, target: range, maxBytes: most }) => ({
        topic: targetTopic,
        partition,
        range: range ?? { from: 0n },
        most,
      })),
      maxBytes / 2,
      { deadline, now },
    ),
  ])
  const producers = await producersOf(inspections, sources, source, deadline)
  const at = now()
  return inspections.map((inspection, index) => ({
    inspection,
    source: sources[index] ?? notRead(inspection.topic, inspection.partition),
    target:
      inspection.target === undefined
        ? undefined
        : (targets[copies.indexOf(inspection)] ?? notRead(inspection.targetTopic, inspection.partition)),
    producers: producers.get(index),
    at,
  }))
}

interface WantedWindow {
  readonly topic: string
  readonly partition: number
  readonly range: OffsetRange
  readonly most: number
}

interface Reader {
  readonly wanted: WantedWindow
  readonly topic: TopicMetadata
  from: bigint
  next: bigint
  end: bigint | undefined
  failed: Reading<never> | undefined
  window: RecordWindow
}

async function readWindows(
  side: InspectedSide,
  wanted: readonly WantedWindow[],
  maxBytes: number,
  { deadline, now }: Pick<InspectorOptions, 'deadline' | 'now'>,
): Promise<readonly Reading<RecordWindow>[]> {
  const starts = await logStarts(side, wanted, deadline)
  const readers = wanted.map(window => readerOf(side, window, starts))
  let left = maxBytes
  for (let round = 0; round < mostRounds && left > 0 && now() < deadline; round++) {
    const open = readers.filter(reader => 'window' in reader).filter(isOpen)
    if (open.length === 0) break
    const requests: FetchRequest[] = open.map(({ topic, wanted: { partition, most }, next, window }) => ({
      topic,
      partition,
      offset: next,
      maxBytes: Math.max(1, most - window.bytes),
    }))
    const answers = await side.cluster.fetch(requests, side.isolation, Math.ceil(left), deadline)
    for (const [index, reader] of open.entries()) {
      const answer = answers[index]
      if (answer === undefined) reader.failed = notRead(reader.topic.name, reader.wanted.partition)
      else if (answer === outOfRange) {
        reader.failed = unknown(
          'error',
          `${reader.topic.name}-${reader.wanted.partition}: offset ${reader.next} is not in the log`,
        )
      } else if (!isKnown(answer)) reader.failed = answer
      else {
        left -= answer.value.bytes
        take(reader, answer.value)
      }
    }
  }
  return readers.map(reader => {
    if (!('window' in reader)) return reader
    if (reader.failed !== undefined) return reader.failed
    // Never answered: no time or no bytes were left.
    if (reader.end === undefined) {
      return unknown(
        'timeout',
        `${reader.topic.name}-${reader.wanted.partition}: there was no time to read its records`,
      )
    }
    return known({ ...reader.window, readTo: reader.next })
  })
}

function readerOf(
  side: InspectedSide,
  wanted: WantedWindow,
  starts: ReadonlyMap<string, PartitionOffsets>,
): Reader | Reading<never> {
  const topic = side.topicOf(wanted.topic)
  if (topic === 'absent')
    return unknown('missing', `${side.cluster.name}: topic ${wanted.topic} does not exist`)
  if (!isKnown(topic)) return topic
  const start = starts.get(wanted.topic)?.get(wanted.partition)
  if (start === undefined || !isKnown(start)) return start ?? notRead(wanted.topic, wanted.partition)
  const from = wanted.range.from > start.value ? wanted.range.from : start.value
  return {
    wanted,
    topic: topic.value,
    from,
    next: from,
    end: wanted.range.to !== undefined && wanted.range.to <= from ? from : undefined,
    failed: undefined,
    window: {
      records: [],
      from,
      readTo: from,
      markers: [],
      logStart: start.value,
      highWatermark: 0n,
      lastStableOffset: 0n,
      logAppendTime: false,
      bytes: 0,
      offsets: 0,
    },
  }
}

function isOpen({ failed, next, end, window, wanted }: Reader): boolean {
  return failed === undefined && (end === undefined || next < end) && window.bytes < wanted.most
}

function take(
  reader: Reader,
  answer: Extract<Awaited<ReturnType<KafkaCluster['fetch']>>[number], { value: unknown }>['value'],
): void {
  const { range } = reader.wanted
  const isFirst = reader.end === undefined
  const { window } = reader
  // The end as it was first: a log that grows while it is read is not read for ever.
  reader.end ??= range.to !== undefined && range.to < answer.endOffset ? range.to : answer.endOffset
  const to = range.to
  const records = to === undefined ? answer.records : answer.records.filter(({ offset }) => offset < to)
  reader.next = to !== undefined && answer.nextOffset > to ? to : answer.nextOffset
  reader.window = {
    ...window,
    records: window.records.length === 0 ? records : [...window.records, ...records],
    markers: [...window.markers, ...answer.markers],
    highWatermark: isFirst ? answer.highWatermark : window.highWatermark,
    lastStableOffset: isFirst ? answer.lastStableOffset : window.lastStableOffset,
    logAppendTime: window.logAppendTime || answer.logAppendTime,
    bytes: window.bytes + answer.bytes,
    offsets: window.offsets + answer.offsets,
  }
}

async function logStarts(
  side: InspectedSide,
  wanted: readonly WantedWindow[],
  deadline: Instant,
): Promise<ReadonlyMap<string, PartitionOffsets>> {
  const partitions = Map.groupBy(wanted, ({ topic }) => topic)
  const topics = [...partitions.keys()].flatMap(name => {
    const topic = side.topicOf(name)
    return topic !== 'absent' && isKnown(topic) ? topic.value : []
  })
  return side.cluster.listOffsets(topics, 'earliest', deadline, name => {
    return new Set(partitions.get(name)?.map(({ partition }) => partition))
  })
}

async function producersOf(
  inspections: readonly Inspection[],
  sources: readonly Reading<RecordWindow>[],
  side: InspectedSide,
  deadline: Instant,
): Promise<ReadonlyMap<number, Reading<readonly ActiveProducer[]>>> {
  if (side.isolation !== 'read_committed') return new Map()
  const waiting = inspections
    .map((inspection, index) => ({ inspection, index, window: valueIfKnown(sources[index]) }))
    .filter(({ inspection, window }) => {
      return (
        inspection.purpose === 'head' &&
        window !== undefined &&
        window.lastStableOffset < window.highWatermark
      )
    })
    .slice(0, mostProducersAsked)
  if (waiting.length === 0) return new Map()
  const wanted = Array.from(
    Map.groupBy(waiting, ({ inspection }) => inspection.topic),
    ([name, items]) => ({
      topic: side.topicOf(name),
      partitions: new Set(items.map(({ inspection }) => inspection.partition)),
    }),
  ).flatMap(({ topic, partitions }) =>
    topic !== 'absent' && isKnown(topic) ? { topic: topic.value, partitions } : [],
  )
  const answers = await side.cluster.activeProducers(wanted, deadline)
  return new Map(
    waiting.map(({ inspection: { topic, partition }, index }) => [
      index,
      answers.get(topic)?.get(partition) ?? notRead(topic, partition),
    ]),
  )
}

function notRead(topic: string, partition: number): Reading<never> {
  return unknown('error', `${topic}-${partition}: its records were not read`)
}
