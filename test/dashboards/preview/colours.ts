import { Unsupported } from './schema.ts'

/** Grafana's dark theme. */
export const theme = {
  canvas: '#111217',
  panel: '#181b1f',
  border: '#2d2e33',
  text: '#ccccdc',
  weakText: '#91929e',
  grid: '#2a2c31',
  unfilled: '#2c2e33',
} as const

const hues: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  red: ['#FFA6B0', '#FF7383', '#F2495C', '#E02F44', '#C4162A'],
  orange: ['#FFCB7D', '#FFB357', '#FF9830', '#FF780A', '#FA6400'],
  yellow: ['#FFF899', '#FFEE52', '#FADE2A', '#F2CC0C', '#E0B400'],
  green: ['#C8F2C2', '#96D98D', '#73BF69', '#56A64B', '#37872D'],
  blue: ['#C0D8FF', '#8AB8FF', '#5794F2', '#3274D9', '#1F60C4'],
  purple: ['#DEB6F2', '#CA95E5', '#B877D9', '#A352CC', '#8F3BB8'],
}
const shades = ['super-light-', 'light-', '', 'semi-dark-', 'dark-']

/** The colour that a name of Grafana's stands for in the dark theme; others as they are written: #rrggbb. */
export function colourOf(name: string): string {
  if (name === 'text') return theme.text
  if (name === 'transparent') return 'none'
  if (/^#[0-9a-f]{6}$/i.test(name)) return name
  for (const [hue, colours] of Object.entries(hues)) {
    const found = colours[shades.findIndex(shade => `${shade}${hue}` === name)]
    if (found !== undefined) return found
  }
  throw new Unsupported(`the colour ${name}`)
}

const palette = [
  ...['green', 'yellow', 'blue', 'orange', 'red', 'purple'],
  ...['green', 'yellow', 'blue', 'orange', 'red', 'purple'].map(hue => `dark-${hue}`),
  ...['green', 'yellow', 'blue', 'orange', 'red', 'purple'].map(hue => `super-light-${hue}`),
  ...['#447EBC', '#C15C17', '#890F02', '#0A437C', '#6D1F62', '#584477', '#B7DBAB', '#F4D598', '#70DBED'],
  ...['#F9BA8F', '#F29191', '#82B5D8', '#E5A8E2', '#AEA2E0', '#629E51', '#E5AC0E', '#64B0C8', '#E0752D'],
  ...['#BF1B00', '#0A50A1', '#962D82', '#614D93', '#9AC48A', '#F2C96D', '#65C5DB', '#F9934E', '#EA6460'],
  ...['#5195CE', '#D683CE', '#806EB7', '#3F6833', '#967302', '#2F575E', '#99440A', '#58140C', '#052B51'],
  ...['#511749', '#3F2B5B', '#E0F9D7', '#FCEACA', '#CFFAFF', '#F9E2D2', '#FCE2DE', '#BADFF4', '#F9D9F9'],
  '#DEDAF7',
].map(colourOf)

/** The colour of the n-th series. */
export function paletteColour(index: number): string {
  return palette[index % palette.length] ?? theme.text
}

/** The least contrast with a panel that a series called by its name may have. */
const leastContrast = 3
const readable = palette.filter(colour => contrast(colour, theme.panel) >= leastContrast)

/** The colour of a series of that name. */
export function paletteColourByName(name: string): string {
  let hash = 5381
  for (let at = name.length - 1; at >= 0; at--) hash = (hash * 33) ^ name.charCodeAt(at)
  return readable[(hash >>> 0) % readable.length] ?? theme.text
}

/** Of a colour, so many lighter and so many darker ones follow it. */
const shadeCount = 5

/** The colour of the n-th series where all are shades of one: lighter and darker ones by turns, each a little turned. */
export function shadeOf(colour: string, index: number): string {
  const place = index % (2 * shadeCount + 1)
  const degree = Math.ceil(place / 2) / (shadeCount + 1)
  if (place === 0) return colour
  return place % 2 === 1
    ? brighter(turned(colour, degree * 10), degree * 0.35)
    : darker(turned(colour, -degree * 10), degree * 0.35)
}

function brighter(colour: string, by: number): string {
  return written(channels(colour).map(channel => Math.min(255, channel + Math.round(255 * by))))
}

function darker(colour: string, by: number): string {
  const [hue, saturation, lightness] = hslOf(colour)
  return ofHsl(hue, saturation, Math.max(0, lightness - by))
}

function turned(colour: string, degrees: number): string {
  const [hue, saturation, lightness] = hslOf(colour)
  return ofHsl((hue + degrees + 360) % 360, saturation, lightness)
}

/** Hue in degrees, saturation and lightness from 0 to 1. */
function hslOf(colour: string): readonly [number, number, number] {
  const [red, green, blue] = channels(colour).map(channel => channel / 255) as [number, number, number]
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)]
  const lightness = (most + least) / 2
  const range = most - least
  if (range === 0) return [0, 0, lightness]
  const saturation = range / (1 - Math.abs(2 * lightness - 1))
  const sixth =
    most === red
      ? ((green - blue) / range + 6) % 6
      : most === green
        ? (blue - red) / range + 2
        : (red - green) / range + 4
  return [sixth * 60, saturation, lightness]
}

function ofHsl(hue: number, saturation: number, lightness: number): string {
  const reach = saturation * Math.min(lightness, 1 - lightness)
  const channel = (offset: number): number => {
    const turn = (offset + hue / 30) % 12
    return 255 * (lightness - reach * Math.max(-1, Math.min(turn - 3, 9 - turn, 1)))
  }
  return written([channel(0), channel(8), channel(4)])
}

function written(rgb: readonly number[]): string {
  return `#${rgb.map(channel => Math.round(channel).toString(16).padStart(2, '0')).join('')}`
}

/** Black or white, whichever Grafana writes on a colour. */
export function textOn(colour: string): string {
  const [red, green, blue] = channels(colour)
  return (red * 299 + green * 587 + blue * 114) / 1000 > 180 ? '#202226' : '#f7f8fa'
}

function channels(colour: string): readonly [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

/** WCAG's contrast ratio. */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [red, green, blue] = channels(colour).map(channel => {
    const share = channel / 255
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
