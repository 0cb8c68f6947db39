export default async function globalPostgresEnd() {
  await globalThis.stopTestPostgres?.();
}
