// What the shop is, and who comes to it.

export const service = 'shop';
export const environment = 'production';
/** Who gets the new checkout. */
export const flag = 'new-checkout';

/** How long a payment may take: the value of this environment. */
export const limit = { namespace: 'shop', key: 'payments.limit-ms', environment } as const;
/** What it is at the beginning, changed well, and changed badly, ms. */
export const limits = { first: 1_000, good: 400, bad: 5 } as const;

/** Different users, and their requests a second. */
export const crowd = { users: 300, rate: 150 } as const;
/** In so many ms everybody comes once. */
export const roundMs = (crowd.users / crowd.rate) * 1_000;
