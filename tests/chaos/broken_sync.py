"""Takes away a process's power to sync: from then on fsync and fdatasync fail in it, as on a disk that is broken.

A kill -9 loses nothing that the kernel was told, so it cannot tell whether a commit was synced. A commit that is
acknowledged although it could not be synced can.
"""

import ctypes
import errno
import os
import platform
import struct

SYNCS = {"x86_64": (74, 75), "aarch64": (82, 83)}
"""The numbers of fsync and fdatasync."""
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def possible() -> bool:
    """Whether this machine can take it away (Linux, on processors whose calls are known)."""
    return os.uname().sysname == "Linux" and platform.machine() in SYNCS


def take_away() -> None:
    """From now on this process syncs nothing: it is told EIO. Raises ``OSError`` where the kernel does not do it."""
    fsync, fdatasync = SYNCS[platform.machine()]
    steps = [(LOAD, 0, 0, 0), (EQUAL, 2, 0, fsync), (EQUAL, 1, 0, fdatasync)]
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, FAIL | errno.EIO)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.cast(code, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "no seccomp here")
