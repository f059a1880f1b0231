"""What a decoding process may no longer do once it decodes files of strangers: start programs, use the network, write.

No listed decoder needs any of it (:mod:`.formats`). Two layers deny it all the same, in case one does:

- An audit hook of Python, on all systems. It sees what Python code does, forks and opening files for writing included.
- On Linux (x86-64 and ARM64) a seccomp filter of the kernel. It sees what compiled code does too, such as a decoder
  that a damaged file has taken over: starting a program, sockets, and the calls that would get round these. Where the
  kernel or a container does not allow a filter, the hook alone remains.

Neither can be undone by the process. Reading files and loading libraries stay allowed, ``ctypes`` included, since the
function that prepares pictures is imported later: NumPy and PyTorch need them. PyTorch also writes a temporary file
when it is imported, so that writing is allowed while that function is loaded and applied.

Sources: PEP 578, the table of audit events of Python's library reference; "Seccomp BPF" of the Linux kernel's
documentation (userspace-api/seccomp_filter), prctl(2), seccomp(2); system call numbers from the kernel's
arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Optional

#: Audit events that are refused: programs and processes, then the network.
_REFUSED = frozenset(
    "subprocess.Popen os.exec os.posix_spawn os.spawn os.system os.startfile os.startfile/2 os.fork os.forkpty "
    "pty.spawn _winapi.CreateProcess socket.connect socket.bind socket.sendto socket.sendmsg socket.getaddrinfo "
    "socket.gethostbyname".split()
)

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_RET_ALLOW, _RET_EPERM = 0x7FFF0000, 0x00050000 | errno.EPERM
_LOAD, _RETURN = 0x20, 0x06  # BPF_LD | BPF_W | BPF_ABS; BPF_RET | BPF_K
_JUMP_IF_EQUAL, _JUMP_IF_NOT_LESS = 0x15, 0x35  # BPF_JMP | BPF_JEQ | BPF_K; BPF_JMP | BPF_JGE | BPF_K
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4  # in struct seccomp_data

#: Calls of the x32 interface of x86-64 are those of this number and above; an ordinary program makes none.
_X32 = 0x40000000

#: For each architecture its AUDIT_ARCH value and the numbers of the system calls that are refused: execve, execveat,
#: socket; then io_uring_setup, which opens sockets without a call, and ptrace, process_vm_writev and pidfd_getfd, which
#: would let another process of the user do it.
_CALLS = {
    "x86_64": (0xC000003E, (59, 322, 41, 425, 101, 311, 438)),
    "aarch64": (0xC00000B7, (221, 281, 198, 425, 117, 271, 438)),
}


class Sandbox:
    """Denies this process what decoding never needs, for the rest of its life; make it before any thread is started.

    ``is_filtered`` says whether the kernel denies it too.
    """

    def __init__(self) -> None:
        self.is_filtered = _filter_system_calls()
        self._may_write = False
        sys.addaudithook(self._audit)

    @contextmanager
    def own_code(self) -> Iterator[None]:
        """Allow writing files until the block ends: what runs in it comes from this program, not from a file."""
        self._may_write = True
        try:
            yield
        finally:
            self._may_write = False

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _REFUSED:
            raise PermissionError(errno.EPERM, f"not supported while images are decoded: {event}")
        if event == "open" and not self._may_write and _is_writing(*arguments):
            raise PermissionError(errno.EPERM, "not supported while images are decoded: writing files")


def _is_writing(path: Any, mode: Optional[str], flags: int) -> bool:
    """Return whether an audited call would open a file for writing; the null device and open files may be written."""
    return bool(flags & _WRITING) and not isinstance(path, int) and os.fsdecode(path) != os.devnull


def _filter_system_calls() -> bool:
    """Install the seccomp filter; return whether the kernel took it."""
    if sys.platform != "linux" or os.uname().machine not in _CALLS or sys.maxsize < 1 << 32:
        return False
    import ctypes

    program = _bpf_program(*_CALLS[os.uname().machine])
    filters = ctypes.create_string_buffer(program)
    # struct sock_fprog: the number of instructions, padding, a pointer to them.
    description = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(filters)))
    prctl = ctypes.CDLL(None).prctl
    zero, one = ctypes.c_ulong(0), ctypes.c_ulong(1)
    if prctl(_PR_SET_NO_NEW_PRIVS, one, zero, zero, zero):
        return False
    return not prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), description, zero, zero)


def _bpf_program(architecture: int, refused: tuple[int, ...]) -> bytes:
    """Return the filter: calls of another architecture, of x32, and those refused fail with EPERM, all others pass.

    Each instruction is (code, jump if true, jump if false, value); jumps count the instructions that are left out.
    """
    last = len(refused) + 1  # the place of "refuse" after the first comparison of a call's number
    instructions = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_IF_EQUAL, 0, last + 2, architecture),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_IF_NOT_LESS, last, 0, _X32),
        *((_JUMP_IF_EQUAL, last - 1 - place, 0, number) for place, number in enumerate(refused)),
        (_RETURN, 0, 0, _RET_ALLOW),
        (_RETURN, 0, 0, _RET_EPERM),
    ]
    return b"".join(struct.pack("@HBBI", *instruction) for instruction in instructions)
