import { describe, expect, it } from 'vitest';
import { isCurrent, isSigned } from './signature.ts';

// The example of Slack's own documentation.
const secret = '8f742231b10e8888abcd99yyyzzz85a5';
const request = {
  timestamp: '1531420618',
  signature: 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  body: 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
};

describe('a request of Slack', () => {
  it('is known by its signature', () => expect(isSigned(request, secret)).toBe(true));

  it.each([
    ['another body', { ...request, body: `${request.body}&more=1` }, secret],
    ['another time', { ...request, timestamp: '1531420619' }, secret],
    ['another secret', request, `${secret}0`],
    ['a signature cut short', { ...request, signature: request.signature.slice(0, -1) }, secret],
    [
      'a signature of another version',
      { ...request, signature: request.signature.replace('v0', 'v1') },
      secret,
    ],
    ['no signature', { ...request, signature: undefined }, secret],
  ])('with %s is not', (_, changed, with_) => expect(isSigned(changed, with_)).toBe(false));

  it('counts for five minutes', () => {
    const at = 1_531_420_618_000;
    expect(isCurrent(request, at)).toBe(true);
    expect(isCurrent(request, at + 300_000)).toBe(true);
    expect(isCurrent(request, at + 301_000)).toBe(false);
    expect(isCurrent(request, at - 301_000)).toBe(false);
    for (const timestamp of [undefined, '', 'now', '1e9', '-1', ' 1531420618'])
      expect(isCurrent({ ...request, timestamp }, at)).toBe(false);
  });
});
