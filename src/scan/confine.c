#include "scan/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

enum { OUTPUT_MAX = 4 << 20 };

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef IS_SANITIZED

bool ol_scan_confine(void) {
    return close_range(STDERR_FILENO + 1, ~0U, 0) == 0;
}

#elif !defined(ARCH)

bool ol_scan_confine(void) {
    errno = ENOSYS;
    return false;
}

#else

static bool limit(int what, rlim_t max) {
    struct rlimit l = { max, max }, now;
    if (getrlimit((__rlimit_resource_t)what, &now) == 0 && now.rlim_max < max)
        l = (struct rlimit){ now.rlim_max, now.rlim_max };
    return setrlimit((__rlimit_resource_t)what, &l) == 0;
}

#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(at))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), RETURN(SECCOMP_RET_ALLOW)
/* Allowed where none of those bits is set in the low half of its argument. */
#define ALLOW_WITHOUT(call, arg, bits)                                                             \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 4),                                             \
        LOAD(offsetof(struct seccomp_data, args) + (arg) * sizeof(uint64_t)),                      \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 1, 0), RETURN(SECCOMP_RET_ALLOW),             \
        RETURN(SECCOMP_RET_KILL_PROCESS)

static const struct sock_filter filter[] = {
    LOAD(offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(offsetof(struct seccomp_data, nr)),
    ALLOW(SYS_read),
    ALLOW(SYS_write),
    ALLOW(SYS_brk),
    ALLOW(SYS_munmap),
    ALLOW(SYS_mremap),
    ALLOW(SYS_madvise),
    ALLOW(SYS_futex),
    ALLOW(SYS_getrandom),
    ALLOW(SYS_clock_gettime),
    ALLOW(SYS_fstat),
    ALLOW(SYS_newfstatat), /* what libc asks of its standard streams */
    ALLOW(SYS_sysinfo),    /* what libc's qsort asks */
    ALLOW(SYS_lseek),
    ALLOW(SYS_close),
    ALLOW(SYS_rt_sigreturn),
    ALLOW(SYS_exit),
    ALLOW(SYS_exit_group),
    ALLOW_WITHOUT(SYS_mmap, 2, PROT_EXEC),
    ALLOW_WITHOUT(SYS_mprotect, 2, PROT_EXEC),
    /* iconv, which zbar asks for and does without: it finds no tables */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
    RETURN(SECCOMP_RET_ERRNO | EACCES),
    RETURN(SECCOMP_RET_KILL_PROCESS),
};

bool ol_scan_confine(void) {
    struct sock_fprog program = { OL_LEN(filter), (struct sock_filter *)(uintptr_t)filter };
    return close_range(STDERR_FILENO + 1, ~0U, 0) == 0 && limit(RLIMIT_CORE, 0) &&
           limit(RLIMIT_AS, OL_SCAN_MEMORY_MAX) && limit(RLIMIT_CPU, OL_SCAN_SECONDS_MAX) &&
           limit(RLIMIT_FSIZE, OUTPUT_MAX) && limit(RLIMIT_NOFILE, STDERR_FILENO + 1) &&
           prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

#endif
