import { expect, test } from 'vitest'
import { parseAddress, parseListenAddress } from '../../src/config/addresses.ts'

test.each([
  ['east-1:9092', 'east-1', 9092],
  ['kafka_1.internal:1', 'kafka_1.internal', 1],
  ['10.0.0.1:65535', '10.0.0.1', 65_535],
  ['[::1]:9092', '::1', 9092],
  ['[2001:db8::1]:9092', '2001:db8::1', 9092],
])('broker %s', (text, host, port) => {
  expect(parseAddress(text)).toEqual({ value: { host, port } })
})

test.each([
  ['east-1', 'the port is missing'],
  ['east-1:', ''],
  ['east-1:x', ''],
  [':9092', 'the host is missing'],
  ['[]:9092', 'what is in brackets is not an IPv6 address'],
  ['[east-1]:9092', 'what is in brackets is not an IPv6 address'],
  ['::1:9092', 'write an IPv6 address in brackets'],
  ['2001:db8::1', 'write an IPv6 address in brackets'],
  ['east-1:0', 'a port is 1 to 65535'],
  ['east-1:65536', 'a port is 1 to 65535'],
  ['east 1:9092', 'that is not a host name'],
  ['SASL_SSL://east-1:9092', ''],
  ['a:1,b:2', 'one address an item'],
])('%s is no broker', (text, why) => {
  expect(parseAddress(text)).toEqual({ why })
})

test.each([
  [':9847', undefined, 9847],
  [':0', undefined, 0],
  ['127.0.0.1:9847', '127.0.0.1', 9847],
  ['[::1]:0', '::1', 0],
])('listen on %s', (text, host, port) => {
  expect(parseListenAddress(text)).toEqual({ value: { host, port } })
})
