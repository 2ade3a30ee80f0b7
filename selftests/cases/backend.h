/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two implementations of shared memory that the cases run on, and the calls
 * that the cases make of either. In-tree shm is the oracle: a case that fails there is
 * wrong itself.
 *
 * A case runs in a process and in an IPC namespace of its own. The calls below
 * go to the backend that was chosen for it, and give a negative errno.
 */
#ifndef KSHM_SELFTESTS_BACKEND_H
#define KSHM_SELFTESTS_BACKEND_H

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/types.h>
#include <time.h>

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY	15
#endif

#define PAGE		((size_t)getpagesize())
/* 0 in a 32-bit program, which skips the cases of such sizes and addresses. */
#define TIB		((size_t)1 << 20 << 20)
#define NO_TIB		"sizes of a 32-bit program end at 4 GiB"
#define ABOVE_USER	((void *)(sizeof(long) < 8 ? -PAGE : TIB << 22))
#define KEY		0x1234
#define BAD_POINTER	((void *)8)

#define ALL_CAPS	((2ULL << CAP_LAST_CAP) - 1)
#define CAP(name)	(1ULL << CAP_##name)

/* Users and groups that own nothing on the system. */
enum { ROOT = 0, ALICE = 21001, BOB = 21002, STAFF = 22001, GUESTS = 22002 };

struct backend {
	const char *name;
	const char *listing;
	int (*get)(key_t key, size_t size, int flags);
	void *(*at)(int id, const void *addr, int flags);
	int (*dt)(const void *addr);
	int (*ctl)(int id, int cmd, struct shmid_ds *buf);
	int (*open)(const char *name, int oflag, mode_t mode);
	int (*unlink)(const char *name);
};

extern const struct backend intree;
/* By the library; with KSHM_DOOR=switch by system calls, which kshm_switch leads there. */
extern struct backend kshm;
extern const struct backend *backend;

/* Chooses @b and enters a new namespace. Returns what is missing, or NULL. */
const char *backend_begin(const struct backend *b);
/* Removes and unmaps what there is; counts the segments that stay. */
int backend_sweep(void);
/*
 * Write a mark into the kernel's log, so that a reader of a complaint there sees
 * which case it is of. The runner is the judge: see selftests/runner/judge.py.
 */
void backend_mark(const char *name);

/*
 * The calls. at() returns an address or a negative errno, in 64 bits, since half of
 * all addresses are negative in a 32-bit program's long. address() makes a pointer of
 * it.
 */
int get(key_t key, size_t size, int flags);
int64_t at(int id, const void *addr, int flags);
int dt(const void *addr);
int ctl(int id, int cmd, void *buf);

/* The same calls for steps that must succeed; a failure ends the case. */
int make(size_t pages);
int make_key(key_t key, size_t size, int mode);
char *attach(int id);
char *attach_as(int id, int flags);
void detach(const void *addr);
void rmid(int id);
struct shmid_ds stat_of(int id);
int nattch(int id);
bool exists(int id);

static inline void *address(int64_t attached)
{
	return (void *)(uintptr_t)attached;
}

/* Prints where and why, and ends the process; that fails the case. */
#define die(...)	die_at(__FILE__, __LINE__, __VA_ARGS__)
/* The same for a condition that does not hold; for code without _metadata. */
#define must(condition) do {						\
	if (!(condition))						\
		die("%s: errno %d", #condition, errno);			\
} while (0)

void die_at(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* A line of the listing. */
struct line {
	long long key, id;
	unsigned int perms;
	unsigned long size;
	unsigned int cpid, lpid;
	unsigned long nattch;
	unsigned int uid, gid, cuid, cgid;
	unsigned long long atime, dtime, ctime;
	unsigned long rss, swap;
};

size_t slurp(const char *path, char *buf, size_t size);
int listing_read(struct line *lines, int most);
/* False where @id is not listed. */
bool listing_find(int id, struct line *line);

/* Mappings of a segment in /proc/self/maps. */
struct mapping {
	unsigned long start, end, offset, inode;
	char perms[5];
	char name[64];
};

int mappings(struct mapping *maps, int most);
int mappings_of(int id);
bool mapping_at(const void *addr, struct mapping *map);
/* The inode number of a segment's backing file. */
unsigned long inode_of(int id);

/*
 * Children. EXPECT and ASSERT count in them as in the case itself. A child ends
 * with _exit(0); every other end fails the case, with the line that waited for
 * it. Only backend.c sees a wait status, so none can become an exit code.
 */

/*
 * Returns true in the child, and false in the parent once the child has ended
 * with _exit(0).
 */
#define in_child()	in_child_at(__FILE__, __LINE__)
/*
 * The same, as a user, while the system's table of files is full. Its limit
 * does not apply to root.
 */
#define in_child_without_files()					\
	in_child_without_files_at(__FILE__, __LINE__)
/* Forks or dies. */
pid_t spawn(void);
/* Waits for a child that ends with _exit(0). */
#define reap(pid)	reap_at(pid, 0, __FILE__, __LINE__)
/* Waits for a child that @sig ends. */
#define reap_killed(pid, sig)	reap_at(pid, sig, __FILE__, __LINE__)
/* Ends a child that still runs. */
#define kill_child(pid)	kill_child_at(pid, __FILE__, __LINE__)
/* Waits for a child that has become another program; returns its exit code. */
#define reap_program(pid)	reap_program_at(pid, __FILE__, __LINE__)
/* Waits for a child that a signal stops; returns the signal. */
#define wait_stopped(pid)	wait_stopped_at(pid, __FILE__, __LINE__)
/* Has a child ended by now, with _exit(0)? Does not wait. */
#define has_ended(pid)	has_ended_at(pid, __FILE__, __LINE__)
/* A child that does nothing until release() or kill_child(). */
pid_t spawn_idle(void);
#define release(pid)	release_at(pid, __FILE__, __LINE__)

bool in_child_at(const char *file, int line);
bool in_child_without_files_at(const char *file, int line);
void reap_at(pid_t pid, int sig, const char *file, int line);
void kill_child_at(pid_t pid, const char *file, int line);
int reap_program_at(pid_t pid, const char *file, int line);
int wait_stopped_at(pid_t pid, const char *file, int line);
bool has_ended_at(pid_t pid, const char *file, int line);
void release_at(pid_t pid, const char *file, int line);

/* Gives up root for good: all ids, groups and capabilities. */
void become(uid_t uid, gid_t gid);
void become_member(uid_t uid, gid_t gid, gid_t group);
/* Stay as one is but for these capabilities (a bit each). */
void keep_caps(uint64_t caps);
/* As uid with these capabilities and no other. */
void become_with_caps(uid_t uid, gid_t gid, uint64_t caps);

/* Finds the descriptors of the device that the library has opened. */
int device_descriptors(int *fds, int most);

/* The path of a file in the folder of the program that runs. */
void path_beside(char *path, size_t size, const char *name);

/* Write and read sysctls; a failed write returns a negative errno. */
int write_file(const char *path, const char *text);
int write_number(const char *path, unsigned long value);
unsigned long read_number(const char *path);
/* A line "name: number" of /proc/meminfo, in kB. */
unsigned long meminfo(const char *name);
/*
 * Waits for the shared memory of the whole system to fall below @kib: memory is
 * given back some time after the namespace or the file is gone.
 */
bool shmem_falls_below(unsigned long kib, int seconds);
/*
 * Makes a memory cgroup, in mounts of the caller's own. Returns NULL, or why that is not
 * possible. A process that writes 0 to its cgroup.procs is in it.
 */
#define GROUP		"group/of-the-case"
const char *make_group(void);
void remove_group(void);
/* Begins to swap to a RAM disk. Returns how many pages it has for that. */
int swap_to(const char *disk);
/* Opens the file behind an attach, as root may. */
int open_backing(const char *p, size_t pages);
/* The address of a function or variable of the module; for root. */
unsigned long symbol_of_kshm(const char *symbol);
/*
 * Keeps traces from recording the names of tasks. The kernel would patch its scheduler for
 * that, and before version 8.1 QEMU's emulation of several processors does not always
 * survive a patch of what another one runs. For cases that enable events; an instance
 * that is made afterwards records no names either.
 */
void trace_without_names(void);
/* The device number of a new tmpfs: the lowest that no file system has. */
dev_t next_device(void);
/*
 * An anonymous page that stops every task that touches it, until let_go_on(). The
 * descriptor tells of each such task; it is -1 without CONFIG_USERFAULTFD.
 */
char *stopping_page(int *fd);
/* Waits until a task has touched the page. */
void wait_touched(int fd);
void let_go_on(int fd, char *page);
/* Asynchronous write protection, the only kind that userfaultfd takes attaches for. */
#define WP_ASYNC	(1 << 15)
/* Has this kernel a userfaultfd with these features? */
bool userfaultfd_has(uint64_t features);
/*
 * Registers memory with a new userfaultfd with these features, so that unmapping it
 * waits for a reader, and write-protects the memory.
 */
int watch_unmapping(char *p, size_t pages, uint64_t features);
/* Forks; each process gets one end of a socket. */
pid_t spawn_with_socket(int *socket);
/*
 * Receives what watch_unmapping() returned, and reads its reports until nobody has
 * the other end of the socket. Returns their number.
 */
int count_reports(int socket);
/* Waits until a task sleeps in the kernel where ordinary signals don't wake it. */
void wait_blocked(pid_t task);
/* A handler that only interrupts. */
void only_interrupt(int sig);
/* Has SIGALRM come to @handler again and again. */
void send_alarms(int microseconds, void (*handler)(int sig), int flags);
/* Pass a descriptor over a socket. */
void send_fd(int socket, int fd);
int receive_fd(int socket);
/* Enters a user namespace whose root is this user and group of the parent. */
void enter_user_namespace(uid_t uid, gid_t gid);

/* Mounts a small /dev/shm for the caller alone, and clears the umask. */
void own_shm_mount(void);

/* Returns a range of addresses with nothing mapped in it. */
char *free_range(size_t pages);
/* An anonymous page filled with @byte at @addr. */
char *fill_page(void *addr, int byte);
/* Cuts up memory until the process may have no more mappings. */
void use_up_mappings(void);
/* Waits until the clock shows another second; returns it. */
time_t next_second(void);
/* Does @act end in @sig? It runs in a child, so that nothing is lost. */
bool raises(int sig, void (*act)(volatile char *byte), volatile char *byte);
bool write_raises(volatile char *byte, int sig);
bool read_raises(volatile char *byte, int sig);
/* Faults of this process that needed no disk. */
long minor_faults(void);
/* The number of such faults that it takes to read pages in memory. */
long faults_to_read(volatile char *p, size_t pages);

/* Returns random numbers. KSHM_SEED sets the seed, which is printed once. */
unsigned int dice(void);

#endif /* KSHM_SELFTESTS_BACKEND_H */
