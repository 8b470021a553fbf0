/** A series of samples as Prometheus' remote write takes it; times in milliseconds since the epoch. */
export interface WrittenSeries {
  /** With `__name__`, sorted by name. */
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly samples: (readonly [atMs: number, value: number | typeof stale])[]
}

/** Says that a series has ended, as Prometheus does it when a scrape fails or lacks it (its NaN has bits of its own). */
export const stale = Symbol('stale')

const staleBits = 0x7ff0000000000002n

/**
 * Sends series to a Prometheus that was started with --web.enable-remote-write-receiver: a snappy-compressed
 * prometheus.WriteRequest (Prometheus Remote-Write 1.0 specification). Throws with what Prometheus said.
 */
export async function remoteWrite(address: string, series: readonly WrittenSeries[]): Promise<void> {
  const response = await fetch(`http://${address}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: new Uint8Array(snappyLiterals(writeRequest(series))),
    signal: AbortSignal.timeout(60_000),
  })
  if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`)
}

/** message WriteRequest { repeated TimeSeries timeseries = 1; } */
function writeRequest(series: readonly WrittenSeries[]): Buffer {
  return Buffer.concat(series.flatMap(it => field(1, timeSeries(it))))
}

/** message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; } */
function timeSeries({ labels, samples }: WrittenSeries): Buffer {
  return Buffer.concat([
    ...labels.flatMap(([name, value]) =>
      field(1, Buffer.concat([...field(1, Buffer.from(name)), ...field(2, Buffer.from(value))])),
    ),
    ...samples.flatMap(([atMs, value]) => field(2, sample(atMs, value))),
  ])
}

/** message Sample { double value = 1; int64 timestamp = 2; } */
function sample(atMs: number, value: number | typeof stale): Buffer {
  const bytes = Buffer.alloc(10)
  bytes[0] = 0x09
  if (value === stale) bytes.writeBigUInt64LE(staleBits, 1)
  else bytes.writeDoubleLE(value, 1)
  bytes[9] = 0x10
  return Buffer.concat([bytes, varint(atMs)])
}

function field(number: number, bytes: Buffer): readonly Buffer[] {
  return [Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Buffer.from([...bytes, rest])
}

const longestLiteral = 65_536

/** The snappy block format, of which only literals are used: the length, then pieces with a length of two bytes each. */
function snappyLiterals(bytes: Buffer): Buffer {
  const parts = [varint(bytes.length)]
  for (let at = 0; at < bytes.length; at += longestLiteral) {
    const piece = bytes.subarray(at, at + longestLiteral)
    const head = Buffer.alloc(3)
    head[0] = 61 << 2
    head.writeUInt16LE(piece.length - 1, 1)
    parts.push(head, piece)
  }
  return Buffer.concat(parts)
}
