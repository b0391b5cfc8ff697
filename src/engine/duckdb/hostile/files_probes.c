/* Files of the machine, by every way to a name. */
#include "engine/duckdb/hostile/hostile.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { PATHS = W(SECCOMP) | W(LANDLOCK) | W(ROOT), NAMES = W(SECCOMP) | W(ROOT) };

static char path[512];

static const char *joined(const char *before, const char *after)
{
    (void)snprintf(path, sizeof path, "%s%s", before, after);
    return path;
}

/* /proc/PID/… of the victim */
static const char *of_victim(const char *what)
{
    (void)snprintf(path, sizeof path, "/proc/%d/%s", page->victim, what);
    return path;
}

static int64_t read_at(int folder, const char *name)
{
    return read_secret(syscall(SYS_openat, folder, name, O_RDONLY, 0));
}

#ifdef SYS_open
PROBE(open_a_file, HARM_FILE, PATHS, -ENOENT, 0, "opens a file of the machine with open()")
{
    return read_secret(syscall(SYS_open, page->secret_path, O_RDONLY));
}

PROBE(make_a_file_with_creat, HARM_FILE, PATHS, -EPERM, 0, "makes a file with creat()")
{
    return done(syscall(SYS_creat, joined(page->folder, "/new"), 0666));
}
#endif

PROBE(openat_a_file, HARM_FILE, PATHS, -ENOENT, 0, "opens a file of the machine with openat()")
{
    return read_at(AT_FDCWD, page->secret_path);
}

PROBE(openat2_a_file, HARM_FILE, PATHS, KILLED, 0, "opens a file with openat2()")
{
    struct open_how how = {.flags = O_RDONLY};
    return read_secret(syscall(SYS_openat2, AT_FDCWD, page->secret_path, &how, sizeof how));
}

PROBE(change_a_file, HARM_FILE, PATHS, -ENOENT, 0, "opens a file for writing and writes")
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, page->target_path, O_WRONLY, 0);
    return fd < 0 ? -errno : done(write(fd, "hostile", 7));
}

PROBE(make_a_file, HARM_FILE, PATHS, -ENOENT, 0, "makes a file with openat(O_CREAT)")
{
    return done(syscall(SYS_openat, AT_FDCWD, joined(page->folder, "/new"), O_CREAT | O_WRONLY, 0666));
}

PROBE(make_a_nameless_file, HARM_FILE, PATHS, -ENOENT, 0, "makes a file without a name with O_TMPFILE")
{
    return done(syscall(SYS_openat, AT_FDCWD, page->folder, O_TMPFILE | O_RDWR, 0666));
}

PROBE(walk_from_a_path_descriptor, HARM_FILE, PATHS, -ENOENT, 0,
      "opens / with O_PATH and goes on from that descriptor")
{
    int root = (int)syscall(SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
    return root < 0 ? -errno : read_at(root, page->secret_path + 1);
}

PROBE(walk_from_a_lent_descriptor, HARM_FILE, PATHS, -ENOENT, 0,
      "opens an absolute path relative to a descriptor that it was lent")
{
    return read_at(worker->descriptors[0], page->secret_path);
}

PROBE(walk_from_the_working_folder, HARM_FILE, PATHS, KILLED, 0,
      "changes its working folder and opens a relative path")
{
    return chdir(page->folder) != 0 ? -errno : read_at(AT_FDCWD, "secret");
}

PROBE(go_up_to_the_real_root, HARM_FILE, PATHS, -ENOENT, 0, "opens ../../../.. and the file behind it")
{
    return read_at(AT_FDCWD, joined("../../../../../..", page->secret_path));
}

PROBE(go_through_proc_root, HARM_FILE, PATHS, -ENOENT, 0, "opens a file through /proc/self/root")
{
    return read_at(AT_FDCWD, joined("/proc/self/root", page->secret_path));
}

PROBE(go_through_the_root_of_another, HARM_FILE, PATHS, -ENOENT, 0,
      "opens a file through /proc/PID/root of another process")
{
    char inside[256];
    (void)snprintf(inside, sizeof inside, "root%s", page->secret_path);
    return read_at(AT_FDCWD, of_victim(inside));
}

PROBE(read_the_environment_of_another, HARM_PROCESS, PATHS | W(NAMESPACES), -ENOENT, 0,
      "reads /proc/PID/environ")
{
    char byte;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, of_victim("environ"), O_RDONLY, 0);
    return fd < 0 ? -errno : read(fd, &byte, 1) == 1 ? DONE : -errno;
}

PROBE(read_the_memory_of_another_in_proc, HARM_PROCESS, PATHS | W(NAMESPACES), -ENOENT, 0,
      "reads /proc/PID/mem")
{
    char bytes[32];
    int fd = (int)syscall(SYS_openat, AT_FDCWD, of_victim("mem"), O_RDONLY, 0);
    if (fd < 0 || pread(fd, bytes, sizeof bytes, (off_t)page->victim_secret) < 0)
        return -errno;
    return is_secret(bytes);
}

PROBE(open_a_descriptor_of_another, HARM_PROCESS, PATHS | W(NAMESPACES), -ENOENT, 0,
      "opens /proc/PID/fd/N of another process")
{
    char number[32];
    (void)snprintf(number, sizeof number, "fd/%d", page->victim_descriptor);
    return read_at(AT_FDCWD, of_victim(number));
}

PROBE(open_its_own_memory, SURFACE, PATHS, -ENOENT, 0,
      "opens /proc/self/mem, which writes where mprotect() forbids")
{
    return done(syscall(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR, 0));
}

PROBE(open_a_device, SURFACE, PATHS, -ENOENT, 0, "opens a device under /dev")
{
    return done(syscall(SYS_openat, AT_FDCWD, "/dev/zero", O_RDWR, 0));
}

PROBE(set_a_switch_of_the_kernel, HARM_ESCAPE, PATHS | W(RIGHTS), -ENOENT, ONLY_ROOT,
      "opens /proc/sys/kernel/core_pattern for writing, which names a program that root runs")
{
    return done(syscall(SYS_openat, AT_FDCWD, "/proc/sys/kernel/core_pattern", O_WRONLY, 0));
}

PROBE(list_a_folder, HARM_FILE, PATHS, -ENOENT, 0, "lists a folder of the machine")
{
    char entries[1024];
    int fd = (int)syscall(SYS_openat, AT_FDCWD, page->folder, O_RDONLY | O_DIRECTORY, 0);
    return fd < 0 ? -errno : done(syscall(SYS_getdents64, fd, entries, sizeof entries));
}

PROBE(open_by_handle, HARM_FILE, W(SECCOMP) | W(ROOT) | W(NAMESPACES) | W(RIGHTS), KILLED, ONLY_ROOT,
      "takes a file's handle and opens it with open_by_handle_at()")
{
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + 128];
    } at = {.handle = {.handle_bytes = 128}};
    int mount;
    if (syscall(SYS_name_to_handle_at, AT_FDCWD, page->secret_path, &at.handle, &mount, 0) != 0)
        return -errno;
    int folder = (int)syscall(SYS_openat, AT_FDCWD, page->folder, O_RDONLY | O_DIRECTORY, 0);
    return folder < 0 ? -errno : read_secret(syscall(SYS_open_by_handle_at, folder, &at.handle, O_RDONLY));
}

PROBE(open_by_a_detached_tree, HARM_FILE, PATHS, KILLED, 0,
      "takes the tree of mounts with open_tree() and opens from there")
{
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/", 0);
    return tree < 0 ? -errno : read_at(tree, page->secret_path + 1);
}

PROBE(look_at_a_file, HARM_FILE, NAMES, -ENOENT, 0, "looks at a file with newfstatat()")
{
    struct stat info;
    return done(syscall(SYS_newfstatat, AT_FDCWD, page->secret_path, &info, 0));
}

PROBE(look_at_a_file_as_if_at_a_descriptor, HARM_FILE, NAMES, -ENOENT, 0,
      "looks at a file with newfstatat() and the flag that the filter lets through")
{
    struct stat info;
    memset(&info, 0, sizeof info);
    if (syscall(SYS_newfstatat, AT_FDCWD, page->secret_path, &info, AT_EMPTY_PATH) != 0)
        return -errno;
    return info.st_size > 0 ? DONE : -ENODATA;
}

PROBE(look_at_a_file_with_statx, HARM_FILE, NAMES, -ENOSYS, 0, "looks at a file with statx()")
{
    struct statx info;
    return done(syscall(SYS_statx, AT_FDCWD, page->secret_path, 0, STATX_SIZE, &info));
}

PROBE(ask_whether_a_file_is_there, HARM_FILE, NAMES, -ENOENT, 0,
      "asks with faccessat() whether a file is there")
{
    return done(syscall(SYS_faccessat, AT_FDCWD, page->secret_path, R_OK, 0));
}

PROBE(read_a_link, HARM_FILE, NAMES, -EPERM, 0, "reads the link /proc/self/exe")
{
    char bytes[128];
    return done(syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", bytes, sizeof bytes));
}

PROBE(learn_the_file_system, SURFACE, NAMES, -EPERM, 0, "asks with statfs() about the disk of a file")
{
    struct statfs info;
    return done(syscall(SYS_statfs, page->secret_path, &info));
}

PROBE(watch_a_file, HARM_FILE, NAMES, KILLED, 0, "watches a file with inotify")
{
    int fd = (int)syscall(SYS_inotify_init1, 0);
    return fd < 0 ? -errno : done(syscall(SYS_inotify_add_watch, fd, page->secret_path, 0xfff));
}

PROBE(watch_the_machine, HARM_FILE, W(SECCOMP) | W(ROOT) | W(NAMESPACES) | W(RIGHTS), KILLED, ONLY_ROOT,
      "watches every opened file with fanotify")
{
    int fd = (int)syscall(SYS_fanotify_init, 0, O_RDONLY);
    return fd < 0 ? -errno : done(syscall(SYS_fanotify_mark, fd, 1, 0x20, AT_FDCWD, page->secret_path));
}

PROBE(remove_a_file, HARM_FILE, PATHS, -EPERM, 0, "removes a file")
{
    return done(syscall(SYS_unlinkat, AT_FDCWD, page->target_path, 0));
}

PROBE(truncate_a_file, HARM_FILE, PATHS, -EPERM, 0, "truncates a file by its name")
{
    return done(syscall(SYS_truncate, page->target_path, 0));
}

PROBE(rename_a_file, HARM_FILE, PATHS, -EPERM, 0, "renames a file")
{
    const char *name = joined(page->folder, "/new");
    return done(syscall(SYS_renameat2, AT_FDCWD, page->target_path, AT_FDCWD, name, 0));
}

PROBE(link_a_file, HARM_FILE, PATHS, KILLED, 0, "gives a file a second name")
{
    const char *name = joined(page->folder, "/new");
    return done(syscall(SYS_linkat, AT_FDCWD, page->secret_path, AT_FDCWD, name, 0));
}

PROBE(make_a_symbolic_link, HARM_FILE, PATHS, KILLED, 0, "makes a symbolic link to a file")
{
    return done(syscall(SYS_symlinkat, page->secret_path, AT_FDCWD, joined(page->folder, "/new")));
}

PROBE(make_a_folder, HARM_FILE, PATHS, -EPERM, 0, "makes a folder")
{
    return done(syscall(SYS_mkdirat, AT_FDCWD, joined(page->folder, "/new"), 0777));
}

PROBE(make_a_pipe_with_a_name, HARM_FILE, PATHS, KILLED, 0, "makes a named pipe")
{
    return done(syscall(SYS_mknodat, AT_FDCWD, joined(page->folder, "/new"), S_IFIFO | 0666, 0));
}

PROBE(open_a_file_to_everybody, HARM_FILE, NAMES, KILLED, 0, "changes a file's mode")
{
    return done(syscall(SYS_fchmodat, AT_FDCWD, page->target_path, 0777));
}

PROBE(give_a_file_away, HARM_FILE, NAMES, KILLED, 0, "changes a file's owner")
{
    return done(syscall(SYS_fchownat, AT_FDCWD, page->target_path, getuid(), getgid(), 0));
}

PROBE(change_a_files_times, HARM_FILE, NAMES, KILLED, 0, "changes a file's times")
{
    return done(syscall(SYS_utimensat, AT_FDCWD, page->target_path, NULL, 0));
}

PROBE(change_a_files_attributes, HARM_FILE, NAMES, KILLED, UNSURE, "writes an extended attribute of a file")
{
    return done(setxattr(page->target_path, "user.hostile", "1", 1, 0));
}

PROBE(mount_something, HARM_ESCAPE, W(SECCOMP) | W(LANDLOCK) | W(RIGHTS), KILLED, ONLY_ROOT,
      "mounts a file system")
{
    if (mount("none", page->folder, "tmpfs", 0, "size=4k") != 0)
        return -errno;
    (void)umount2(page->folder, MNT_DETACH);
    return DONE;
}

PROBE(mount_by_the_new_calls, HARM_ESCAPE, W(SECCOMP) | W(RIGHTS), KILLED, ONLY_ROOT,
      "prepares a mount with fsopen()")
{
    return done(syscall(SYS_fsopen, "tmpfs", 0));
}

PROBE(change_the_root, HARM_ESCAPE, W(SECCOMP) | W(RIGHTS), KILLED, ONLY_ROOT, "changes its root folder")
{
    return done(chroot("/"));
}

/* The arguments cannot work on any machine: what counts is whether the kernel gets as far as looking at them.
 */
PROBE(exchange_the_root, HARM_ESCAPE, W(SECCOMP) | W(LANDLOCK) | W(RIGHTS), KILLED, ONLY_ROOT,
      "calls pivot_root()")
{
    return syscall(SYS_pivot_root, "/", "/") != 0 && (errno == EPERM || errno == EACCES) ? -errno : DONE;
}

PROBE(run_a_program, HARM_ESCAPE, PATHS, KILLED, ENDS, "runs a program of the machine")
{
    static char *const none[] = {NULL};
    page->steps = ENDED;
    (void)execve("/bin/true", none, none);
    return -errno;
}

PROBE(run_a_program_by_descriptor, HARM_ESCAPE, PATHS, -ENOENT, ENDS,
      "opens a program and runs it with execveat()")
{
    static char *const none[] = {NULL};
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/bin/true", O_PATH, 0);
    if (fd < 0)
        return -errno;
    page->steps = ENDED;
    (void)syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH);
    return -errno;
}

#ifdef __x86_64__
/* A whole program that ends with status 0. */
static int64_t run_image(int fd)
{
    static const uint8_t code[] = {0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05}; /* exit(0) */
    static char *const none[] = {NULL};
    struct {
        Elf64_Ehdr head;
        Elf64_Phdr segment;
        uint8_t code[sizeof code];
    } image = {.head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                        .e_type = ET_EXEC,
                        .e_machine = EM_X86_64,
                        .e_version = EV_CURRENT,
                        .e_phoff = sizeof(Elf64_Ehdr),
                        .e_ehsize = sizeof(Elf64_Ehdr),
                        .e_phentsize = sizeof(Elf64_Phdr),
                        .e_phnum = 1},
               .segment = {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_align = 4096}};
    const uintptr_t base = 0x10000000;
    image.head.e_entry = base + offsetof(typeof(image), code);
    image.segment.p_vaddr = image.segment.p_paddr = base;
    image.segment.p_filesz = image.segment.p_memsz = sizeof image;
    memcpy(image.code, code, sizeof code);
    if (fd < 0 || write(fd, &image, sizeof image) != sizeof image)
        return -errno;
    page->steps = ENDED;
    (void)syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH);
    return -errno;
}

PROBE(run_a_program_from_memory, SURFACE, W(SECCOMP), KILLED, ENDS,
      "makes a program in a memory file and runs it")
{
    return run_image((int)syscall(SYS_memfd_create, "program", 0));
}

PROBE(run_its_output, SURFACE, W(SECCOMP) | W(MACHINE), KILLED, UNSURE | ENDS,
      "writes a program into its output file and runs that")
{
    return run_image(worker->descriptors[1]);
}
#endif
