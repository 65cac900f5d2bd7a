import type { Change, Level, Place } from '../changes.ts';

/** One change of something that many endpoints may share, with all places where it is felt. */
export interface ChangeGroup {
  /** The first of them, or the one that has an example. */
  change: Change;
  /** What changed, without what differs from place to place. */
  message: string;
  /** `GET /orders/{} → 200 /items/*`, each once. */
  places: string[];
}

const asides =
  /\. (No example document was found that shows it|Another change of the same definition has an example|No example was looked for, since there are more than \d+ such changes)/;

/** Changes of the same words at the same place of the description are one, however many endpoints lead there. */
export function grouped(changes: readonly Change[]): ChangeGroup[] {
  const groups = new Map<string, ChangeGroup>();
  for (const change of changes) {
    const message = change.message.replace(asides, '');
    const said = message.replace(/^At (\/\S*|the whole), /, '');
    const key = JSON.stringify([change.rule, change.level, change.pointer, said]);
    const place = placeText(change.place);
    const group = groups.get(key);
    if (!group) groups.set(key, { change, message, places: [place] });
    else {
      if (!group.change.example && change.example) group.change = change;
      if (!group.places.includes(place)) group.places.push(place);
    }
  }
  return [...groups.values()];
}

/** Where in the API a change is felt, for a person. */
export function placeText(place: Place): string {
  switch (place.kind) {
    case 'endpoint': {
      const { endpoint, status, parameter, header, field } = place;
      const inside = [
        status,
        parameter && `${parameter.in} ${parameter.name}`,
        header && `header ${header}`,
        field,
      ].filter(Boolean);
      return inside.length > 0 ? `${endpoint} → ${inside.join(' ')}` : endpoint;
    }
    case 'event':
      return `${place.role} ${place.event}${place.field ? ` → ${place.field}` : ''}`;
    case 'dependency':
      return place.service;
    case 'type':
      return [place.type, place.field, place.argument].filter(Boolean).join('.');
    case 'schema':
      return place.field || 'the schema';
    default:
      return 'the API';
  }
}

export const levelTitles: Record<Level, string> = {
  breaking: 'Breaking changes',
  warning: 'To be looked at',
  info: 'Other changes',
};

export const levels: readonly Level[] = ['breaking', 'warning', 'info'];
