import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { ProcessFaults } from '../../../src/telemetry/process-faults.js';

let listeners: Map<string, (thrown: Error) => void>;
let printed: string[];
let codes: number[];
let logged: { readonly msg: string; readonly rejections?: number }[];
let now: number;
let faults: ProcessFaults;

class Ended extends Error {}

beforeEach(() => {
  listeners = new Map();
  printed = [];
  codes = [];
  logged = [];
  now = 0;
  faults = new ProcessFaults(
    {
      on: (event, listener) => listeners.set(event, listener),
      removeAllListeners: () => undefined,
      exit: (code) => {
        codes.push(code);
        throw new Ended();
      },
      stderr: { write: (text) => printed.push(text) },
    },
    () => now,
  );
});

const logger = (level = 'info') => pino({ level }, { write: (line) => logged.push(JSON.parse(line)) });
const strike = (event: string, message: string) => listeners.get(event)?.(new Error(message));

test.each(['unhandledRejection', 'uncaughtException'])('%s without a log: one line, and the end', (event) => {
  expect(() => strike(event, 'one\ntwo')).toThrow(Ended);
  expect(printed).toEqual(['signalbox: a defect ends the process: one two\n']);
  expect(codes).toEqual([1]);
});

test('a log that says nothing does not hide why the process ends', () => {
  faults.logTo(logger('silent'));
  expect(() => strike('uncaughtException', 'broken')).toThrow(Ended);
  expect(printed).toEqual(['signalbox: a defect ends the process: broken\n']);
});

test('a flood of rejections is counted, and a line a second tells of it', () => {
  faults.logTo(logger());
  for (let time = 0; time < 2_500; time += 1) {
    now = time;
    strike('unhandledRejection', 'no');
  }
  expect(faults.rejections).toBe(2_500);
  expect(logged.map(({ rejections }) => rejections)).toEqual([1, 1_000, 1_000]);
  expect(codes).toEqual([]);
});
