/** Examples of the API's documents. The cursor is a real one, of position 42. */
export const EVENT_ID_EXAMPLE = 'evt_01kaz8fp3wfj2taq4k3bv8s5ch';
export const OTHER_EVENT_ID_EXAMPLE = 'evt_01kaz8fp3wfj2taq4k3bv8s5cj';
export const ENDPOINT_ID_EXAMPLE = 'ep_01kaz8fp3wfj2taq4k3bv8s5ck';
export const TIME_EXAMPLE = '2026-11-23T17:30:00.000Z';
export const CURSOR_EXAMPLE = 'AQAAAAAAAAAAKvMI1a43Kz86';
export const CURSOR_BEFORE_EXAMPLE = 'AQAAAAAAAAAAKaGSLRCNj0Kh';
