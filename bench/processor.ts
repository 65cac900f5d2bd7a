import { readdirSync, readFileSync } from 'node:fs';

/** What /proc counts in: 100 a second on every Linux that Node runs on. */
const TICK_MS = 10;

/** The fields of /proc/<pid>/stat after the name, which may hold anything; undefined when the process is gone. */
function statOf(pid: number | string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Processor time in ms of fields 14 to 17 of proc(5): its own, and that of children which have ended. */
const timeIn = (stat: string[], ended: boolean): number =>
  stat.slice(11, ended ? 15 : 13).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS;

/** Processor time that a process has taken so far, ms; undefined where there is no /proc. */
export function processorMs(pid: number): number | undefined {
  const stat = statOf(pid);
  return stat && timeIn(stat, false);
}

/** The same of a process with all its children, those that ended included. */
export function processorMsOfAll(pid: number): number | undefined {
  const stat = statOf(pid);
  if (stat === undefined) return undefined;
  const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const children = others.flatMap((other) => {
    const found = statOf(other);
    return found?.[1] === String(pid) ? [found] : [];
  });
  return timeIn(stat, true) + children.reduce((sum, child) => sum + timeIn(child, true), 0);
}

/** Memory that a process holds now, bytes; undefined where there is no /proc. */
export function memoryOf(pid: number): number | undefined {
  try {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return found === undefined ? undefined : Number(found) * 1_024;
  } catch {
    return undefined;
  }
}
