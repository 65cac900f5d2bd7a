import type { Role } from './roles.ts';

/** Who called, as the verified token says. */
export interface Caller {
  subject: string;
  groups: string[];
  roles: Role[];
}

/** What a route needs: an action, and where the thing it is done to is found. Both in the words of the capability. */
export interface Needs {
  action: string;
  on: string;
}

/** A request whose every part was parsed. */
export interface ParsedRequest {
  params: unknown;
  query: unknown;
  body: unknown;
}

/** What a permitted request is about, for the audit trail. */
export interface About {
  /** The name of the one database it is done to. */
  database?: string;
  /** Where it is more than the route's own: what was used of the caller's rights. */
  action?: string;
}

/** Who may do what, as a capability judges it. */
export interface AccessControl {
  /**
   * Asked before a request is parsed: throws Forbidden when the caller can do this to nothing at all. What it returns is
   * asked once the request is parsed: throws Forbidden when the caller may not do it to what the request names, and
   * NotFound when that is not there.
   */
  admit(caller: Caller, needs: Needs): Promise<(request: ParsedRequest) => Promise<About>>;
}
