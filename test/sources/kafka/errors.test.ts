import * as K from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import {
  BrokerError,
  ConnectionError,
  isAuthenticationError,
  unknownOfCode,
  unknownOfError,
} from '../../../src/sources/kafka/errors.ts'

const system = (code: string): Error => Object.assign(new Error(`connect ${code} 127.0.0.1:1`), { code })

describe('why something is unknown', () => {
  test.each([
    [3, 'missing'],
    [5, 'leaderless'],
    [6, 'leaderless'],
    [7, 'timeout'],
    [29, 'unauthorized'],
    [74, 'fenced'],
    [75, 'fenced'],
    [78, 'leaderless'],
    [100, 'missing'],
    [17, 'error'],
    [9_999, 'error'],
  ])('code %s: %s', (code, reason) => {
    expect(unknownOfCode(code, 'east: topic orders').unknown.reason).toBe(reason)
  })

  test('unauthorized says what to do', () => {
    expect(unknownOfCode(29, 'east: topic orders').unknown.detail).toBe(
      'east: topic orders: TOPIC_AUTHORIZATION_FAILED (unauthorized or deleted: grant DESCRIBE on the topic, or exclude it)',
    )
  })

  test.each([
    [
      'a refused connection',
      new K.NetworkError('Connection failed', { cause: system('ECONNREFUSED') }),
      'unreachable',
    ],
    [
      'an unknown host',
      new K.NetworkError('Connection failed', { cause: system('ENOTFOUND') }),
      'unreachable',
    ],
    [
      'a time-out, which carries the code of a network error',
      new K.TimeoutError('Request timed out'),
      'timeout',
    ],
    ['a closed connection', new K.NetworkError('Connection closed'), 'unreachable'],
    [
      'a wrong password, deep inside',
      new K.NetworkError('Connection failed', {
        cause: new K.AuthenticationError('SASL authentication failed.'),
      }),
      'authentication',
    ],
    [
      'the only reason of several brokers',
      new AggregateError([system('ECONNREFUSED')], 'all'),
      'unreachable',
    ],
    ['anything else', new Error('surprise'), 'error'],
    ['no error at all', 'surprise', 'error'],
  ])('%s', (_, error, reason) => {
    expect(unknownOfError(error, 'cluster east').unknown.reason).toBe(reason)
  })

  test('the detail is one line that says where', () => {
    expect(unknownOfError(new Error('first\nsecond'), 'cluster east').unknown.detail).toBe(
      'cluster east: first second',
    )
  })

  test('an error that nothing explains has its own words, however it was wrapped', () => {
    const attempt = {
      host: 'east-1',
      security: { tls: true, certificate: false, serverName: undefined, mechanism: undefined },
    }
    const error = new BrokerError('east-1:9092', new ConnectionError(attempt, new Error('surprise')))
    expect(unknownOfError(error, 'cluster east').unknown).toEqual({
      reason: 'error',
      detail: 'cluster east at east-1:9092: surprise',
    })
  })

  test('the detail names the broker, once', () => {
    const timedOut = new BrokerError('east-1:9092', new K.TimeoutError('Request timed out'))
    expect(unknownOfError(timedOut, 'cluster east').unknown).toEqual({
      reason: 'timeout',
      detail: 'cluster east at east-1:9092: no answer in time; check firewalls, and whether it is overloaded',
    })
    expect(unknownOfError(timedOut, 'cluster east, broker east-1:9092').unknown.detail).toMatch(
      /^cluster east, broker east-1:9092: no answer/,
    )
  })

  test('of several brokers the last one tried is told, address and reason together', () => {
    const refused = new BrokerError('east-1:9092', system('ECONNREFUSED'))
    const unknownName = new BrokerError('east-2:9092', system('ENOTFOUND'))
    expect(unknownOfError(new AggregateError([refused, unknownName]), 'cluster east').unknown.detail).toBe(
      'cluster east at east-2:9092: the name is unknown to DNS (ENOTFOUND); check the host name, and the DNS of this machine',
    )
  })

  test('a refused login is told from the rest', () => {
    expect(isAuthenticationError(new AggregateError([new K.AuthenticationError('no')]))).toBe(true)
    expect(isAuthenticationError(system('ECONNREFUSED'))).toBe(false)
  })
})
