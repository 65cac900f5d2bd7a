import type { Change } from '../changes.ts';
import { pointerTo } from '../json-schema/document.ts';
import { within } from '../ranges.ts';
import { changeBy } from './rules.ts';

type Ranges = Readonly<Record<string, string>>;

/** What a service demands of others: whoever uses it is not hurt, but whoever runs it may have to move another one first. */
export function compareDependencies(old: Ranges, next: Ranges): Change[] {
  return [...new Set([...Object.keys(old), ...Object.keys(next)])].flatMap((service): Change[] => {
    const [was, now] = [old[service], next[service]];
    const found = {
      place: { kind: 'dependency', service },
      pointer: pointerTo('', 'dependencies', service),
    } as const;
    if (was === undefined) {
      return [
        changeBy('dependency-added', { ...found, message: `${service} ${now} is needed, and was not` }),
      ];
    }
    if (now === undefined) {
      return [changeBy('dependency-removed', { ...found, message: `${service} ${was} is no longer needed` })];
    }
    if (was === now || (within(was, now) && within(now, was))) return [];
    const message = `${service} was needed as ${was}, and now is as ${now}`;
    return [changeBy(within(was, now) ? 'dependency-widened' : 'dependency-narrowed', { ...found, message })];
  });
}
