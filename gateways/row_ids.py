"""Find repeated row ids of a file. Only digests are kept, 32 bytes a row, so that a million rows take 48 MB."""

from hashlib import blake2b

_SLOT = 32
_ID, _CONTENT, _ROW = slice(0, 16), slice(16, 28), slice(28, 32)
_FREE = bytes(4)


class RowIds:
    """A hash table with open addressing in one block of bytes: id digest, content digest, row number."""

    def __init__(self, slots: int = 1024) -> None:
        """Start with ``slots`` slots, a power of two; the table doubles when two thirds are used."""
        self._slots = slots
        self._used = 0
        self._block = bytearray(slots * _SLOT)

    def first(self, row_id: str, content: str, row: int) -> tuple[int, bool] | None:
        """Record the row. Return None for a new id, else its first row and whether the content was equal."""
        key = blake2b(row_id.encode(), digest_size=16).digest()
        content_digest = blake2b(content.encode(), digest_size=12).digest()
        at = self._place(key)
        entry = bytes(self._block[at : at + _SLOT])
        if entry[_ROW] != _FREE:
            return int.from_bytes(entry[_ROW], "big"), entry[_CONTENT] == content_digest
        self._block[at : at + _SLOT] = key + content_digest + row.to_bytes(4, "big")
        self._used += 1
        if self._used * 3 > self._slots * 2:
            self._grow()
        return None

    def _place(self, key: bytes) -> int:
        """Return the offset of the slot that holds ``key``, or of the free slot where it belongs."""
        slot = int.from_bytes(key[:8], "big") % self._slots
        while True:
            at = slot * _SLOT
            entry = bytes(self._block[at : at + _SLOT])
            if entry[_ROW] == _FREE or entry[_ID] == key:
                return at
            slot = (slot + 1) % self._slots

    def _grow(self) -> None:
        old = self._block
        self._slots *= 2
        self._block = bytearray(self._slots * _SLOT)
        for start in range(0, len(old), _SLOT):
            entry = bytes(old[start : start + _SLOT])
            if entry[_ROW] != _FREE:
                at = self._place(entry[_ID])
                self._block[at : at + _SLOT] = entry
