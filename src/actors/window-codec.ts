/**
 * Open windows as the bytes of a checkpoint.
 *
 * Boundary: memory to bytes and back. Per window: hour, late, cells (int32 each, little-endian), then the cells as they
 * lie in the arena (cell-arena.ts), 48 bytes each.
 */
import { CELL_BYTES } from './cell-arena.ts';
import type { Windows } from './windows.ts';

const WINDOW_HEAD_BYTES = 12;
const CELL_COUNT_AT = 32;
const CELL_SLOT_AT = 44;

export function encodeWindows(windows: Windows): Uint8Array {
  let length = 0;
  for (const window of windows.all()) length += WINDOW_HEAD_BYTES + window.cells * CELL_BYTES;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const window of windows.all()) {
    view.setInt32(at, window.hour, true);
    view.setInt32(at + 4, window.late ? 1 : 0, true);
    view.setInt32(at + 8, window.cells, true);
    at = window.copyCells(bytes, at + WINDOW_HEAD_BYTES);
  }
  return bytes;
}

/** @param moved the new slot of each old one, where the series index was compacted meanwhile. */
export function decodeWindows(bytes: Uint8Array, into: Windows, moved?: Int32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const window = into.restore(view.getInt32(at, true), view.getInt32(at + 4, true) === 1);
    const end = at + WINDOW_HEAD_BYTES + view.getInt32(at + 8, true) * CELL_BYTES;
    for (at += WINDOW_HEAD_BYTES; at < end; at += CELL_BYTES) {
      const oldSlot = view.getUint32(at + CELL_SLOT_AT, true);
      const slot = moved === undefined ? oldSlot : moved[oldSlot]!;
      window.putCell(slot, bytes, at, view.getUint32(at + CELL_COUNT_AT, true));
    }
  }
}
