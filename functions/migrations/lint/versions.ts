/** The oldest and newest major version of PostgreSQL that the rules know. */
export const oldestVersion = 10;
export const newestVersion = 18;
/** The oldest that Theseus migrates: taken where nobody says one, because what is safe there is safe on all later ones. */
export const assumedVersion = 14;
