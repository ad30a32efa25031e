/** How MySQL and MariaDB compare ids: byte by byte. */
export const ID_COLLATION = 'utf8mb4_bin';
