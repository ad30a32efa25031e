import { refuseOldVersion } from './refuse-old-version.js';

// Servers as old as these do not run here, so what they say is told by hand.
it.each([
  ['5.7.44-log', 'MySQL 8.0.16'],
  ['5.6.51', 'MySQL 8.0.16'],
  ['8.0.15', 'MySQL 8.0.16'],
  ['10.5.23-MariaDB-1:10.5.23+maria~ubu2004', 'MariaDB 10.6.0'],
  ['5.5.5-10.4.34-MariaDB', 'MariaDB 10.6.0'],
  ['5.5.68-MariaDB', 'MariaDB 10.6.0'],
])('%s is refused', (version, needed) => {
  expect(refuseOldVersion(version)).toMatchObject([
    { severity: 'refuse', sentence: expect.stringContaining(`${needed} or newer`) },
  ]);
});

it.each([
  '8.0.16',
  '8.0.36-28',
  '8.4.0',
  '9.7.0',
  '10.6.0-MariaDB',
  '5.5.5-10.11.6-MariaDB-0+deb12u1',
  '11.4.2-MariaDB',
  '8.0',
  'unheard of',
  undefined,
])('%s is not', (version) => expect(refuseOldVersion(version)).toEqual([]));
