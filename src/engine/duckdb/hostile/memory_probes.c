/* Memory, code in memory, and more of the machine than a job may have. */
#include "base/limits.h"
#include "engine/duckdb/hostile/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { READ_AND_RUN = PROT_READ | PROT_EXEC, ALONE = MAP_PRIVATE | MAP_ANONYMOUS };

static int64_t mapped(const void *at)
{
    return at == MAP_FAILED ? -errno : DONE;
}

PROBE(map_code, SURFACE, W(SECCOMP), KILLED, 0, "maps memory that can be run")
{
    return mapped(mmap(NULL, 4096, READ_AND_RUN | PROT_WRITE, ALONE, -1, 0));
}

PROBE(map_its_input_as_code, SURFACE, W(SECCOMP), KILLED, 0, "maps an input so that it can be run")
{
    return mapped(mmap(NULL, 4096, READ_AND_RUN, MAP_PRIVATE, worker->descriptors[0], 0));
}

static void *page_of_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, ALONE, -1, 0);
}

PROBE(turn_memory_into_code, SURFACE, W(SECCOMP), KILLED, 0, "makes memory runnable with mprotect()")
{
    return done(mprotect(page_of_memory(), 4096, READ_AND_RUN));
}

PROBE(turn_memory_into_code_by_key, SURFACE, W(SECCOMP), KILLED, 0,
      "makes memory runnable with pkey_mprotect()")
{
    return done(syscall(SYS_pkey_mprotect, page_of_memory(), 4096, READ_AND_RUN, -1));
}

PROBE(make_all_memory_code, SURFACE, W(SECCOMP), KILLED, 0,
      "makes readable memory runnable with personality()")
{
    return done(syscall(SYS_personality, 0x0400000L));
}

PROBE(handle_page_faults, SURFACE, W(SECCOMP), KILLED, UNSURE,
      "handles page faults itself with userfaultfd()")
{
    return done(syscall(SYS_userfaultfd, 1));
}

PROBE(take_memory_without_end, HARM_LOAD, W(RLIMITS), -ENOMEM, 0, "maps memory without end")
{
    for (int i = 0; i < 64; i++)
        if (mmap(NULL, (size_t)1 << 30, PROT_READ, ALONE | MAP_NORESERVE, -1, 0) == MAP_FAILED)
            return -errno;
    return DONE;
}

PROBE(take_memory_by_break, HARM_LOAD, W(RLIMITS), -ENOMEM, 0, "moves the end of its heap up by a gigabyte")
{
    return syscall(SYS_brk, (char *)sbrk(0) + ((size_t)1 << 30)) == (long)sbrk(0) ? -ENOMEM : DONE;
}

PROBE(grow_a_mapping, HARM_LOAD, W(RLIMITS), -ENOMEM, 0, "grows a mapping with mremap()")
{
    return mapped(mremap(page_of_memory(), 4096, (size_t)16 << 30, MREMAP_MAYMOVE));
}

PROBE(lock_memory, HARM_LOAD, W(SECCOMP) | W(RLIMITS), -EPERM, 0,
      "locks memory so that it cannot be swapped out")
{
    return done(mlock(page_of_memory(), 4096));
}

PROBE(lock_all_memory, HARM_LOAD, W(SECCOMP) | W(RLIMITS), KILLED, 0, "locks all its memory")
{
    return done(mlockall(MCL_FUTURE));
}

PROBE(fill_memory_files, HARM_LOAD, W(SECCOMP) | W(RLIMITS), KILLED, 0, "fills memory files of its own")
{
    int fd = (int)syscall(SYS_memfd_create, "bomb", 0);
    return fd < 0 ? -errno : done(pwrite(fd, "x", 1, (off_t)LIMIT_SLICE_BYTES));
}

PROBE(fill_its_output, HARM_LOAD, W(RLIMITS), -EFBIG, 0, "writes more into its output than a slice may have")
{
    return done(pwrite(worker->descriptors[1], "x", 1, (off_t)LIMIT_SLICE_BYTES));
}

PROBE(stretch_its_output, HARM_LOAD, W(RLIMITS), -EFBIG, 0, "makes its output longer than a slice may be")
{
    return done(ftruncate(worker->descriptors[1], (off_t)LIMIT_SLICE_BYTES + 1));
}

PROBE(take_descriptors_without_end, HARM_LOAD, W(RLIMITS), -EMFILE, 0, "duplicates descriptors without end")
{
    for (int i = 0; i < 1000; i++)
        if (fcntl(worker->channel, F_DUPFD_CLOEXEC, 0) < 0)
            return -errno;
    return DONE;
}

PROBE(make_pipes, SURFACE, W(SECCOMP), KILLED, 0, "makes pipes")
{
    int pipes[2];
    return done(pipe(pipes));
}

PROBE(set_timers, SURFACE, W(SECCOMP), KILLED, 0, "sets timers of the kernel")
{
    timer_t timer;
    return done(syscall(SYS_timer_create, 1, NULL, &timer));
}

PROBE(raise_its_own_limits, HARM_LOAD, W(SECCOMP) | W(RLIMITS), KILLED, 0, "raises its own limits")
{
    struct rlimit more = {64, 64};
    return done(syscall(SYS_prlimit64, 0, RLIMIT_MEMLOCK, &more, NULL));
}

PROBE(run_in_real_time, HARM_LOAD, W(SECCOMP) | W(RIGHTS), KILLED, ONLY_ROOT, "asks for real-time scheduling")
{
    struct sched_param parameter = {.sched_priority = 1};
    if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameter) != 0)
        return -errno;
    parameter.sched_priority = 0;
    (void)syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &parameter);
    return DONE;
}

#ifdef __x86_64__
PROBE(call_as_32_bit_code, SURFACE, W(SECCOMP), KILLED, UNSURE,
      "calls the kernel by the numbers of 32-bit code (int 0x80)")
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11"); /* getpid */
    return result > 0 ? DONE : result;
}

PROBE(call_by_x32_numbers, SURFACE, W(SECCOMP), KILLED, UNSURE, "calls the kernel by x32 numbers")
{
    return done(syscall(0x40000000L | SYS_getpid));
}

/* Returns from a signal that never came, with registers of its choice. */
PROBE(return_from_a_made_up_signal, SURFACE, W(SECCOMP), KILLED, UNSURE | ENDS,
      "sets every register with rt_sigreturn() and goes on at socket()")
{
    static struct {
        ucontext_t context;
        char room[1024];
    } frame;
    static char stack[16384] __attribute__((aligned(16)));
    extern const char hostile_landing[];
    greg_t *r = frame.context.uc_mcontext.gregs;
    r[REG_RAX] = SYS_socket;
    r[REG_RDI] = 1;
    r[REG_RSI] = 1;
    r[REG_RIP] = (greg_t)(uintptr_t)hostile_landing;
    r[REG_RSP] = (greg_t)(uintptr_t)(stack + sizeof stack - 256);
    r[REG_CSGSFS] = 0x33 | (greg_t)0x2b << 48;
    page->steps = ENDED;
    __asm__ volatile("mov %0, %%rsp\n\t"
                     "mov $15, %%eax\n\t"
                     "syscall\n\t"
                     ".global hostile_landing\n"
                     "hostile_landing:\n\t"
                     "syscall\n\t" /* socket(), of the frame */
                     "mov %%rax, %%rdi\n\t"
                     "shr $63, %%rdi\n\t"
                     "mov $231, %%eax\n\t" /* exit_group(was it negative?) */
                     "syscall\n\t"
                     :
                     : "r"(&frame)
                     : "rax", "rdi", "memory");
    return -EFAULT;
}
#endif

PROBE(restart_a_call, SURFACE, W(MACHINE), -EINTR, UNSURE,
      "calls restart_syscall() without a call to restart")
{
    return done(syscall(SYS_restart_syscall));
}
