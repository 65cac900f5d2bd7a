import { cutTo, print } from '../cli/output.ts';

const redrawMs = 500;
const repeatMs = 5_000;

export interface LiveBlock {
  /** Prints a line that stays. */
  say(text: string): void;
  stop(): void;
}

/**
 * Draws lines twice a second: in place on a terminal, elsewhere as one line when `state` changed and every 5 s.
 */
export function startLiveBlock(shown: {
  title: () => string;
  lines: (inPlace: boolean) => string[];
  state: () => string;
}): LiveBlock {
  const inPlace = Boolean(process.stdout.isTTY);
  let stopped = false;
  let drawn = 0;
  let told = '';
  let toldAt = 0;

  function clear(): void {
    if (inPlace && drawn > 0) process.stdout.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  }

  function draw(): void {
    const lines = [shown.title(), ...shown.lines(inPlace)];
    if (inPlace) {
      clear();
      for (const line of lines) print(cutTo(line, process.stdout.columns));
      drawn = lines.length;
      return;
    }
    const state = shown.state();
    if (state === told && Date.now() - toldAt < repeatMs) return;
    told = state;
    toldAt = Date.now();
    print(lines.map((line) => line.trim()).join(' | '));
  }

  const timer = setInterval(draw, redrawMs);
  draw();
  return {
    say(text) {
      if (stopped) return;
      clear();
      print(text);
      draw();
    },
    stop() {
      if (stopped) return;
      stopped = true;
      clearInterval(timer);
      clear();
    },
  };
}
