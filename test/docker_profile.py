"""docker_profile.py PROGRAM ARGUMENTS...: runs it under what Docker's default security profile refuses, without Docker.

A seccomp filter with the profile's refusals, as they are for a container without CAP_SYS_ADMIN and CAP_SYS_PTRACE (moby,
profiles/seccomp/default.json), and the capabilities that a container keeps. Calls that this list does not name are allowed: the
profile is a list of what is allowed, and what programs use is on it. Python, because it has to run where nothing is installed.
"""

import ctypes
import os
import platform
import struct
import sys

EPERM, ENOSYS = 1, 38
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, JUMP_EQUAL, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER_AT, FIRST_ARGUMENT_AT, SECOND_ARGUMENT_AT = 0, 16, 24
NAMESPACE_FLAGS = 0x7E020000
AF_VSOCK = 40

# Numbers of x86-64, or the same everywhere (424 and up).
REFUSED = {
    "acct": 163, "add_key": 248, "bpf": 321, "clock_adjtime": 305, "clock_settime": 227, "delete_module": 176,
    "fanotify_init": 300, "finit_module": 313, "init_module": 175, "ioperm": 173, "iopl": 172, "io_uring_setup": 425,
    "io_uring_enter": 426, "io_uring_register": 427, "kcmp": 312, "kexec_file_load": 320, "kexec_load": 246, "keyctl": 250,
    "lookup_dcookie": 212, "mbind": 237, "mount": 165, "move_pages": 279, "open_by_handle_at": 304, "perf_event_open": 298,
    "pivot_root": 155, "quotactl": 179, "quotactl_fd": 443, "reboot": 169, "request_key": 249, "set_mempolicy": 238,
    "setdomainname": 171, "sethostname": 170, "setns": 308, "settimeofday": 164, "swapoff": 168, "swapon": 167, "syslog": 103,
    "umount2": 166, "unshare": 272, "userfaultfd": 323, "vhangup": 153, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442,
}
CLONE, CLONE3, SOCKET = 56, 435, 41

KEPT_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
LAST_CAPABILITY = 63
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 24, 38, 22, 2
CAPABILITY_VERSION_3 = 0x20080522


def instruction(code, value, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, value)


def program():
    refuse = instruction(RETURN, ERRNO | EPERM)
    lines = [instruction(LOAD, NUMBER_AT)]
    for number in REFUSED.values():
        lines += [instruction(JUMP_EQUAL, number, 0, 1), refuse]
    # As if it were not there, so that C libraries take clone, whose flags can be seen.
    lines += [instruction(JUMP_EQUAL, CLONE3, 0, 1), instruction(RETURN, ERRNO | ENOSYS)]
    lines += [instruction(JUMP_EQUAL, CLONE, 0, 4), instruction(LOAD, FIRST_ARGUMENT_AT),
              instruction(JUMP_ANY_BIT, NAMESPACE_FLAGS, 0, 1), refuse, instruction(RETURN, ALLOW)]
    lines += [instruction(JUMP_EQUAL, SOCKET, 0, 3), instruction(LOAD, FIRST_ARGUMENT_AT),
              instruction(JUMP_EQUAL, AF_VSOCK, 0, 1), refuse, instruction(RETURN, ALLOW)]
    return b"".join(lines), len(lines)


def check(libc, result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def drop_capabilities(libc):
    for capability in range(LAST_CAPABILITY + 1):
        if capability not in KEPT_CAPABILITIES and libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # past the kernel's last one, or a plain user
    if os.geteuid() != 0:
        return
    kept = sum(1 << capability for capability in KEPT_CAPABILITIES)
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    check(libc, libc.capset(header, struct.pack("6I", low, low, 0, high, high, 0)), "capset")


def main():
    if platform.machine() != "x86_64":
        sys.exit("the profile is written with the numbers of x86-64")
    libc = ctypes.CDLL(None, use_errno=True)
    drop_capabilities(libc)
    check(libc, libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    code, length = program()
    held = ctypes.create_string_buffer(code)
    filter_program = struct.pack("HxxxxxxP", length, ctypes.addressof(held))
    check(libc, libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_program, 0, 0), "seccomp")
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
