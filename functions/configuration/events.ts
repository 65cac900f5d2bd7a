/** The source of every event of configuration on the bus. */
export const eventSource = 'theseus.configuration';
