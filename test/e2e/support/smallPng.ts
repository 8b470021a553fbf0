import { crc32, deflateSync, inflateSync } from 'node:zlib'

// PNG, third edition: https://www.w3.org/TR/png-3/

interface Pixels {
  readonly width: number
  readonly height: number
  /** Red, green and blue, a byte each, row by row. */
  readonly rgb: Uint8Array
}

/** The same picture in at most 256 colours, so that it can be kept in a repository. Throws for a PNG of another kind than a browser writes. */
export function smallPng(png: Buffer): Buffer {
  const { width, height, rgb } = decode(png)
  for (const bits of [6, 5, 4, 3]) {
    const palette = new Map<number, number>()
    const rows = Buffer.alloc(height * (width + 1))
    for (let i = 0; i < width * height; i++) {
      const color = [0, 1, 2].reduce((sum, c) => (sum << 8) | rounded(rgb[3 * i + c] ?? 0, bits), 0)
      const entry = palette.get(color) ?? palette.size
      palette.set(color, entry)
      rows[Math.floor(i / width) * (width + 1) + 1 + (i % width)] = entry
    }
    if (palette.size <= 256) return encode(width, height, [...palette.keys()], rows)
  }
  throw new Error('the picture has too many colours')
}

/** The nearest of 2^bits values from 0 to 255, both included. */
function rounded(value: number, bits: number): number {
  const most = 2 ** bits - 1
  return Math.round((Math.round((value / 255) * most) / most) * 255)
}

function encode(width: number, height: number, palette: readonly number[], rows: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  const colors = Buffer.from(palette.flatMap(color => [color >> 16, (color >> 8) & 255, color & 255]))
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', colors),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const signature = Buffer.from('89504e470d0a1a0a', 'hex')

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type), data])
  const framed = Buffer.alloc(typed.length + 8)
  framed.writeUInt32BE(data.length, 0)
  framed.set(typed, 4)
  framed.writeUInt32BE(crc32(typed), typed.length + 4)
  return framed
}

function decode(png: Buffer): Pixels {
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  const channels = { 2: 3, 6: 4 }[png[25] ?? 0]
  if (png[24] !== 8 || channels === undefined || png[28] !== 0)
    throw new Error('expected 8 bits of red, green and blue, not interlaced')
  const parts: Buffer[] = []
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  const data = inflateSync(Buffer.concat(parts))
  const stride = width * channels
  const bytes = new Uint8Array(height * stride)
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)]
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : (bytes[y * stride + x - channels] ?? 0)
      const up = y === 0 ? 0 : (bytes[(y - 1) * stride + x] ?? 0)
      const corner = x < channels || y === 0 ? 0 : (bytes[(y - 1) * stride + x - channels] ?? 0)
      bytes[y * stride + x] = (data[y * (stride + 1) + 1 + x] ?? 0) + predicted(filter, left, up, corner)
    }
  }
  return { width, height, rgb: bytes.filter((_, index) => index % channels < 3) }
}

function predicted(filter: number | undefined, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0
    case 1:
      return left
    case 2:
      return up
    case 3:
      return (left + up) >> 1
    case 4: {
      const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)]
      return a <= b && a <= c ? left : b <= c ? up : corner
    }
    default:
      throw new Error(`filter ${filter} is none of PNG's`)
  }
}
