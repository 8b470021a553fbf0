import { expect, test } from 'vitest'
import { prefersOpenMetrics } from '../../src/http/accept.ts'

const prometheus2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
const prometheus3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
const firefox = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

test.each([
  { who: 'Prometheus 2', accept: prometheus2, openMetrics: true },
  { who: 'Prometheus 3', accept: prometheus3, openMetrics: true },
  { who: 'a browser', accept: firefox, openMetrics: false },
  { who: 'curl', accept: '*/*', openMetrics: false },
  { who: 'no header', accept: undefined, openMetrics: false },
  { who: 'an empty header', accept: '', openMetrics: false },
  { who: 'OpenMetrics alone', accept: 'application/openmetrics-text', openMetrics: true },
  { who: 'in capitals, quoted', accept: 'Application/OpenMetrics-Text; Version="1.0.0"', openMetrics: true },
  { who: 'another version', accept: 'application/openmetrics-text;version=0.0.1', openMetrics: false },
  { who: 'not acceptable', accept: 'application/openmetrics-text;q=0, */*;q=0', openMetrics: false },
  { who: 'less than text', accept: 'application/openmetrics-text;q=0.2,text/plain', openMetrics: false },
  { who: 'as much as text', accept: 'application/openmetrics-text,text/plain', openMetrics: false },
  { who: 'nonsense', accept: ';;=,q=,application/openmetrics-text;q=x', openMetrics: false },
])('$who: $openMetrics', ({ accept, openMetrics }) => {
  expect(prefersOpenMetrics(accept)).toBe(openMetrics)
})
