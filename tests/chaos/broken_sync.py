"""Makes fsync and fdatasync fail in a process, as on a broken disk.

A kill -9 loses nothing that was written to the kernel, so it does not show whether a commit was synced. A commit that
is acknowledged although its sync failed does.
"""

import ctypes
import errno
import os
import platform
import struct

SYNCS = {"x86_64": (74, 75), "aarch64": (82, 83)}
"""The system call numbers of fsync and fdatasync."""
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def possible() -> bool:
    """Say whether this machine can do it (Linux, on processors whose call numbers are known)."""
    return os.uname().sysname == "Linux" and platform.machine() in SYNCS


def break_sync() -> None:
    """Let every sync of this process fail with EIO from now on. Raises ``OSError`` if the kernel refuses."""
    fsync, fdatasync = SYNCS[platform.machine()]
    steps = [(LOAD, 0, 0, 0), (EQUAL, 2, 0, fsync), (EQUAL, 1, 0, fdatasync)]
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, FAIL | errno.EIO)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.cast(code, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "no seccomp here")
