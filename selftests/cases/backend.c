// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend.h"
#include "kshm.h"

#define HEADER_COLUMNS	16
#define DEVICE		"/dev/kshm"
/* Arm's shmctl knows two layouts of a struct; with this bit it has libc's. */
#ifdef __arm__
#define IPC_64_BIT	0x100
#else
#define IPC_64_BIT	0
#endif

static int intree_get(key_t key, size_t size, int flags)
{
	return syscall(SYS_shmget, key, size, flags);
}

static void *intree_at(int id, const void *addr, int flags)
{
	return (void *)syscall(SYS_shmat, id, addr, flags);
}

static int intree_dt(const void *addr)
{
	return syscall(SYS_shmdt, addr);
}

static int intree_ctl(int id, int cmd, struct shmid_ds *buf)
{
	return syscall(SYS_shmctl, id, cmd | IPC_64_BIT, buf);
}

/*
 * Through the switch, ids of kshm begin where in-tree does not come, and the cases count
 * from 0. These calls translate.
 */
#define SWITCH_FIRST_SEQ	0x4000
#define SWITCH_FIRST_ID		(SWITCH_FIRST_SEQ << 15)
#define INDICES			0x8000

/* What to subtract from an id that the kernel tells; 0 unless through the switch. */
static int first_id;

static int switched_id(int id)
{
	return id < 0 ? id : (int)((unsigned int)id + SWITCH_FIRST_ID);
}

static int switched_get(key_t key, size_t size, int flags)
{
	int ret = intree_get(key, size, flags);

	return ret < 0 ? ret : ret - SWITCH_FIRST_ID;
}

static void *switched_at(int id, const void *addr, int flags)
{
	return intree_at(switched_id(id), addr, flags);
}

/* An index is one in kshm as well. An id in its place may have any sequence number. */
static int switched_index(int id)
{
	return id < INDICES ? id : id | SWITCH_FIRST_ID;
}

static int switched_stat(int id, int cmd, struct shmid_ds *buf)
{
	int ret = intree_ctl(cmd == IPC_STAT ? switched_id(id) :
					       switched_index(id), cmd, buf);

	if (ret < 0)
		return ret;
	buf->shm_perm.__seq -= SWITCH_FIRST_SEQ;
	return cmd == IPC_STAT ? ret : ret - SWITCH_FIRST_ID;
}

static int switched_ctl(int id, int cmd, struct shmid_ds *buf)
{
	switch (cmd) {
	case IPC_INFO:
	case SHM_INFO:
		return intree_ctl(id, cmd, buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return switched_stat(id, cmd, buf);
	default:
		return intree_ctl(switched_id(id), cmd, buf);
	}
}

const struct backend intree = {
	.name		= "intree",
	.listing	= "/proc/sysvipc/shm",
	.get		= intree_get,
	.at		= intree_at,
	.dt		= intree_dt,
	.ctl		= intree_ctl,
	.open		= shm_open,
	.unlink		= shm_unlink,
};

struct backend kshm = {
	.name		= "kshm",
	.listing	= "/proc/kshm/shm",
	.get		= kshm_shmget,
	.at		= kshm_shmat,
	.dt		= kshm_shmdt,
	.ctl		= kshm_shmctl,
	.open		= kshm_shm_open,
	.unlink		= kshm_shm_unlink,
};

const struct backend *backend;

static unsigned int seed;
static pid_t first_pid;

void die_at(const char *file, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "# %s:%d: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

/*
 * With KSHM_DOOR=switch every program in the guest is on kshm, so there is no in-tree
 * side to run a case on.
 */
static void begin_at_door(void)
{
	const char *door = getenv("KSHM_DOOR");
	char mode[16];

	if (!door || strcmp(door, "switch"))
		return;
	slurp("/sys/module/kshm_switch/parameters/mode", mode, sizeof(mode));
	if (strcmp(mode, "on\n"))
		die("KSHM_DOOR=switch, but the mode of kshm_switch is %s", mode);
	first_id = SWITCH_FIRST_ID;
	kshm.listing = intree.listing;
	kshm.get = switched_get;
	kshm.at = switched_at;
	kshm.dt = intree.dt;
	kshm.ctl = switched_ctl;
}

const char *backend_begin(const struct backend *b)
{
	const char *wish = getenv("KSHM_SEED");

	begin_at_door();
	backend = b;
	first_pid = getpid();
	seed = wish ? strtoul(wish, NULL, 0) : time(NULL) ^ first_pid;
	if (b == &kshm && access(DEVICE, F_OK))
		return "there is no " DEVICE ": insmod kshm.ko";
	if (b == &intree && access(b->listing, F_OK))
		return "this kernel has no CONFIG_SYSVIPC";
	if (unshare(CLONE_NEWIPC))
		return "no new IPC namespace: run this as root";
	return NULL;
}

int backend_sweep(void)
{
	struct mapping maps[64];
	struct line lines[256];
	int n;

	while ((n = mappings(maps, 64)) > 0) {
		while (n--)
			munmap((void *)maps[n].start,
			       maps[n].end - maps[n].start);
	}
	while ((n = listing_read(lines, 256)) > 0) {
		int removed = 0;

		while (n--)
			removed += !ctl(lines[n].id, IPC_RMID, NULL);
		if (listing_read(lines, 256) >= removed && removed < 256)
			break;
	}
	return listing_read(lines, 256);
}

void backend_mark(const char *name)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char text[128];
	int n = snprintf(text, sizeof(text), "mark: %s on %s\n", name,
			 backend->name);

	/* Not dprintf(), which wants to seek; this device cannot. */
	if (fd >= 0 && write(fd, text, n) != n)
		perror("/dev/kmsg");
	close(fd);
}

int get(key_t key, size_t size, int flags)
{
	int ret = backend->get(key, size, flags);

	return ret == -1 ? -errno : ret;
}

int64_t at(int id, const void *addr, int flags)
{
	void *ret = backend->at(id, addr, flags);

	return ret == (void *)-1 ? -errno : (int64_t)(uintptr_t)ret;
}

int dt(const void *addr)
{
	return backend->dt(addr) ? -errno : 0;
}

int ctl(int id, int cmd, void *buf)
{
	int ret = backend->ctl(id, cmd, buf);

	return ret == -1 ? -errno : ret;
}

int make_key(key_t key, size_t size, int mode)
{
	int id = get(key, size, IPC_CREAT | IPC_EXCL | mode);

	if (id < 0)
		die("creating key %#x: %s", key, strerror(-id));
	return id;
}

int make(size_t pages)
{
	return make_key(IPC_PRIVATE, pages * PAGE, 0600);
}

char *attach_as(int id, int flags)
{
	int64_t addr = at(id, NULL, flags);

	if (addr < 0)
		die("attaching %d: %s", id, strerror(-addr));
	return address(addr);
}

char *attach(int id)
{
	return attach_as(id, 0);
}

void detach(const void *addr)
{
	int err = dt(addr);

	if (err)
		die("detaching %p: %s", addr, strerror(-err));
}

void rmid(int id)
{
	int err = ctl(id, IPC_RMID, NULL);

	if (err)
		die("removing %d: %s", id, strerror(-err));
}

struct shmid_ds stat_of(int id)
{
	struct shmid_ds ds;
	int err = ctl(id, IPC_STAT, &ds);

	if (err)
		die("IPC_STAT of %d: %s", id, strerror(-err));
	return ds;
}

int nattch(int id)
{
	return stat_of(id).shm_nattch;
}

bool exists(int id)
{
	struct shmid_ds ds;

	return ctl(id, IPC_STAT, &ds) != -EINVAL;
}

size_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		die("opening %s: %s", path, strerror(errno));
	while ((n = read(fd, buf + have, size - 1 - have)) > 0)
		have += n;
	close(fd);
	buf[have] = '\0';
	return have;
}

static FILE *open_text(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		die("opening %s: %s", path, strerror(errno));
	return file;
}

int listing_read(struct line *lines, int most)
{
	FILE *file = open_text(backend->listing);
	char text[512];
	int n = 0;

	if (!fgets(text, sizeof(text), file))
		die("%s has no header", backend->listing);
	while (n < most && fgets(text, sizeof(text), file)) {
		struct line *l = &lines[n++];

		if (sscanf(text,
			   "%lld %lld %o %lu %u %u %lu %u %u %u %u %llu %llu %llu %lu %lu",
			   &l->key, &l->id, &l->perms, &l->size, &l->cpid,
			   &l->lpid, &l->nattch, &l->uid, &l->gid, &l->cuid,
			   &l->cgid, &l->atime, &l->dtime, &l->ctime, &l->rss,
			   &l->swap) != HEADER_COLUMNS)
			die("%s has this line: %s", backend->listing, text);
		l->id -= first_id;
	}
	fclose(file);
	return n;
}

bool listing_find(int id, struct line *line)
{
	static struct line lines[512];
	int n = listing_read(lines, 512);

	while (n--) {
		if (lines[n].id == id) {
			*line = lines[n];
			return true;
		}
	}
	return false;
}

static bool next_mapping(FILE *file, struct mapping *map)
{
	char text[512];

	if (!fgets(text, sizeof(text), file))
		return false;
	map->name[0] = '\0';
	if (sscanf(text, "%lx-%lx %4s %lx %*s %lu %63[^\n]", &map->start,
		   &map->end, map->perms, &map->offset, &map->inode,
		   map->name) < 5)
		die("/proc/self/maps has this line: %s", text);
	if (!strncmp(map->name, "/SYSV", 5))
		map->inode -= first_id;
	return true;
}

int mappings(struct mapping *maps, int most)
{
	FILE *file = open_text("/proc/self/maps");
	int n = 0;

	while (n < most && next_mapping(file, &maps[n]))
		n += !strncmp(maps[n].name, "/SYSV", 5);
	fclose(file);
	return n;
}

int mappings_of(int id)
{
	static struct mapping maps[1024];
	int all = mappings(maps, 1024);
	int n = 0;

	while (all--)
		n += maps[all].inode == (unsigned long)id;
	return n;
}

bool mapping_at(const void *addr, struct mapping *map)
{
	FILE *file = open_text("/proc/self/maps");
	unsigned long at = (unsigned long)addr;
	bool found = false;

	while (!found && next_mapping(file, map))
		found = map->start <= at && at < map->end;
	fclose(file);
	return found;
}

unsigned long inode_of(int id)
{
	return id + first_id;
}

pid_t spawn(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid)
		return pid;
	/* No child outlives a case that failed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() && getppid() != parent)
		raise(SIGKILL);
	return 0;
}

/* Returns false if nothing has happened and @options say not to wait. */
static bool wait_for(pid_t pid, int options, int *status, const char *file,
		     int line)
{
	pid_t found;

	do {
		found = waitpid(pid, status, options);
	} while (found < 0 && errno == EINTR);
	if (found < 0)
		die_at(file, line, "waiting for %d: %s", pid, strerror(errno));
	return found;
}

static int status_of(pid_t pid, const char *file, int line)
{
	int status;

	wait_for(pid, 0, &status, file, line);
	return status;
}

static void check_end(int status, int sig, const char *file, int line)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) != sig)
		die_at(file, line, "signal %d ended a child",
		       WTERMSIG(status));
	if (WIFEXITED(status) && (sig || WEXITSTATUS(status)))
		die_at(file, line, "a child ended with exit code %d",
		       WEXITSTATUS(status));
}

void reap_at(pid_t pid, int sig, const char *file, int line)
{
	check_end(status_of(pid, file, line), sig, file, line);
}

void kill_child_at(pid_t pid, const char *file, int line)
{
	kill(pid, SIGKILL);
	reap_at(pid, SIGKILL, file, line);
}

int reap_program_at(pid_t pid, const char *file, int line)
{
	int status = status_of(pid, file, line);

	if (!WIFEXITED(status))
		check_end(status, 0, file, line);
	return WEXITSTATUS(status);
}

int wait_stopped_at(pid_t pid, const char *file, int line)
{
	int status;

	wait_for(pid, WUNTRACED, &status, file, line);
	if (!WIFSTOPPED(status))
		die_at(file, line, "a child ended with status %#x", status);
	return WSTOPSIG(status);
}

bool has_ended_at(pid_t pid, const char *file, int line)
{
	int status;

	if (!wait_for(pid, WNOHANG, &status, file, line))
		return false;
	check_end(status, 0, file, line);
	return true;
}

bool in_child_at(const char *file, int line)
{
	pid_t pid = spawn();

	if (!pid)
		return true;
	reap_at(pid, 0, file, line);
	return false;
}

/*
 * The kernel counts open files on each CPU, and adds what a CPU has counted to a sum when
 * that is 32 or more. It compares the sum with the limit. So a limit of 1 is noticed only
 * where many files are open.
 */
#define MANY_FILES	256

static void open_many_files(int *fds)
{
	int i;

	for (i = 0; i < MANY_FILES; i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0)
			die("/dev/null: %s", strerror(errno));
	}
}

static void close_many_files(const int *fds)
{
	int i;

	for (i = 0; i < MANY_FILES; i++)
		close(fds[i]);
}

bool in_child_without_files_at(const char *file, int line)
{
	const char *limit = "/proc/sys/fs/file-max";
	unsigned long before = read_number(limit);
	int fds[MANY_FILES], status;
	pid_t pid;

	open_many_files(fds);
	if (write_number(limit, 1))
		die("filling the table of files: %s", strerror(errno));
	pid = spawn();
	if (!pid) {
		become(ALICE, STAFF);
		return true;
	}
	status = status_of(pid, file, line);
	if (write_number(limit, before))
		die("restoring the limit of files: %s", strerror(errno));
	close_many_files(fds);
	check_end(status, 0, file, line);
	return false;
}

pid_t spawn_idle(void)
{
	sigset_t set, old;
	pid_t pid;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = spawn();
	if (!pid) {
		sigwait(&set, &sig);
		_exit(0);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

void release_at(pid_t pid, const char *file, int line)
{
	kill(pid, SIGUSR1);
	reap_at(pid, 0, file, line);
}

/*
 * Keeps only capabilities that the caller has: root of a container lacks some.
 */
static void set_caps(uint64_t caps)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	int i;

	if (syscall(SYS_capget, &header, data))
		die("capget: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		data[i].permitted &= caps >> 32 * i;
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data))
		die("capset: %s", strerror(errno));
}

/*
 * These are raw system calls, because libc's functions would first tell all
 * threads, and a child has none of them.
 */
static void set_ids(uid_t uid, gid_t gid, int count, const gid_t *groups)
{
	if (syscall(SYS_setgroups, count, groups) ||
	    syscall(SYS_setresgid, gid, gid, gid) ||
	    syscall(SYS_setresuid, uid, uid, uid))
		die("becoming user %u: %s", uid, strerror(errno));
}

void become(uid_t uid, gid_t gid)
{
	set_ids(uid, gid, 0, NULL);
}

void become_member(uid_t uid, gid_t gid, gid_t group)
{
	set_ids(uid, gid, 1, &group);
}

void keep_caps(uint64_t caps)
{
	set_caps(caps);
}

void become_with_caps(uid_t uid, gid_t gid, uint64_t caps)
{
	if (prctl(PR_SET_KEEPCAPS, 1))
		die("PR_SET_KEEPCAPS: %s", strerror(errno));
	become(uid, gid);
	keep_caps(caps);
}

int device_descriptors(int *fds, int most)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char target[16];
	ssize_t len;
	int n = 0;

	if (!dir)
		die("/proc/self/fd: %s", strerror(errno));
	while (n < most && (entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, target,
				 sizeof(target));
		if (len == strlen(DEVICE) && !memcmp(target, DEVICE, len))
			fds[n++] = atoi(entry->d_name);
	}
	closedir(dir);
	return n;
}

void path_beside(char *path, size_t size, const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n < 0 ? 0 : n] = '\0';
	snprintf(path, size, "%s/%s", dirname(self), name);
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int write_number(const char *path, unsigned long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", value);
	return write_file(path, text);
}

unsigned long read_number(const char *path)
{
	char text[64];

	slurp(path, text, sizeof(text));
	return strtoul(text, NULL, 10);
}

unsigned long meminfo(const char *name)
{
	static char text[8192];
	char *line;

	slurp("/proc/meminfo", text, sizeof(text));
	line = strstr(text, name);
	if (!line)
		die("/proc/meminfo has no %s", name);
	return strtoul(line + strlen(name) + 1, NULL, 10);
}

void use_up_mappings(void)
{
	size_t most = read_number("/proc/sys/vm/max_map_count"), i;
	char *p = mmap(NULL, most * PAGE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		die("no address space to cut up");
	for (i = 1; i < most; i += 2)
		if (mprotect(p + i * PAGE, PAGE, PROT_READ))
			break;
	/*
	 * The loop stops where a split into three does not fit. Use the rest,
	 * too.
	 */
	munmap(p + (i + 1) * PAGE, (most - i - 1) * PAGE);
	mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mmap(NULL, PAGE, PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* The range is far from the addresses that the kernel chooses. */
void own_shm_mount(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("shm", "/dev/shm", "tmpfs", 0, "mode=1777,size=1m"))
		die("mounting /dev/shm: %s", strerror(errno));
	umask(0);
}

char *free_range(size_t pages)
{
	static unsigned long next = sizeof(long) == 8 ? 1UL << 45 : 1UL << 29;
	char *want = (char *)next, *p;

	p = mmap(want, pages * PAGE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
		 MAP_FIXED_NOREPLACE, -1, 0);
	if (p != want || munmap(p, pages * PAGE))
		die("no free range of %zu pages", pages);
	next += (pages + 16) * PAGE;
	return p;
}

char *fill_page(void *addr, int byte)
{
	char *p = mmap(addr, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0);

	if (p != addr)
		die("no anonymous page at %p: %s", addr, strerror(errno));
	memset(p, byte, PAGE);
	return p;
}

time_t next_second(void)
{
	time_t now = time(NULL);

	while (time(NULL) == now)
		usleep(10000);
	return time(NULL);
}

bool raises(int sig, void (*act)(volatile char *byte), volatile char *byte)
{
	pid_t pid = spawn();
	int status;

	if (!pid) {
		signal(sig, SIG_DFL);
		act(byte);
		_exit(0);
	}
	status = status_of(pid, __FILE__, __LINE__);
	if (WIFSIGNALED(status) && WTERMSIG(status) == sig)
		return true;
	check_end(status, 0, __FILE__, __LINE__);
	return false;
}

static void write_byte(volatile char *byte)
{
	*byte = 1;
}

static void read_byte(volatile char *byte)
{
	(void)*byte;
}

bool write_raises(volatile char *byte, int sig)
{
	return raises(sig, write_byte, byte);
}

bool read_raises(volatile char *byte, int sig)
{
	return raises(sig, read_byte, byte);
}

bool shmem_falls_below(unsigned long kib, int seconds)
{
	int i;

	for (i = 0; i < seconds * 100; i++) {
		if (meminfo("Shmem:") < kib)
			return true;
		usleep(10000);
	}
	return false;
}

int open_backing(const char *p, size_t pages)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (long)p,
		 (long)p + pages * PAGE);
	return open(path, O_RDWR | O_CLOEXEC);
}

const char *make_group(void)
{
	must(!unshare(CLONE_NEWNS));
	must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mount("none", "/tmp", "tmpfs", 0, NULL));
	must(!chdir("/tmp"));
	if (mkdir("group", 0700) && errno != EEXIST)
		return "no folder can be made here";
	if (mount("none", "group", "cgroup2", 0, NULL))
		return "this kernel has no cgroup2";
	if (write_file("group/cgroup.subtree_control", "+memory") ||
	    mkdir(GROUP, 0700)) {
		umount("group");
		return "this kernel has no CONFIG_MEMCG";
	}
	return NULL;
}

void remove_group(void)
{
	must(!rmdir(GROUP));
	must(!umount("group"));
}

int swap_to(const char *disk)
{
	static char page[1 << 16];
	uint32_t *head = (uint32_t *)(page + 1024);
	int fd = open(disk, O_RDWR | O_CLOEXEC);

	must(fd >= 0);
	head[0] = 1;	/* the version */
	head[1] = lseek(fd, 0, SEEK_END) / PAGE - 1;	/* the last page */
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	must(pwrite(fd, page, PAGE, 0) == PAGE);
	close(fd);
	must(!swapon(disk, 0));
	return head[1];
}

unsigned long symbol_of_kshm(const char *symbol)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long address, found = 0;
	char name[128], line[256];

	while (!found && file && fgets(line, sizeof(line), file))
		if (strstr(line, "[kshm]") &&
		    sscanf(line, "%lx %*c %127s", &address, name) == 2 &&
		    !strcmp(name, symbol))
			found = address;
	if (file)
		fclose(file);
	if (!found)
		die("/proc/kallsyms has no %s of kshm", symbol);
	return found;
}

void trace_without_names(void)
{
	write_file("/sys/kernel/tracing/options/record-cmd", "0");
}

dev_t next_device(void)
{
	int type = fsopen("tmpfs", FSOPEN_CLOEXEC), fd;
	struct stat st;

	must(type >= 0);
	must(!fsconfig(type, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	fd = fsmount(type, FSMOUNT_CLOEXEC, 0);
	must(fd >= 0 && !fstat(fd, &st));
	close(fd);
	close(type);
	return st.st_dev;
}

char *stopping_page(int *fd)
{
	char *page = mmap(free_range(1), PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)page, .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	*fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (*fd >= 0 && (ioctl(*fd, UFFDIO_API, &api) ||
			 ioctl(*fd, UFFDIO_REGISTER, &reg)))
		die("userfaultfd: %s", strerror(errno));
	return page;
}

void wait_touched(int fd)
{
	struct uffd_msg touch;

	if (read(fd, &touch, sizeof(touch)) != sizeof(touch))
		die("reading userfaultfd: %s", strerror(errno));
}

void let_go_on(int fd, char *page)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)page, .len = PAGE },
	};

	if (ioctl(fd, UFFDIO_ZEROPAGE, &zero))
		die("UFFDIO_ZEROPAGE: %s", strerror(errno));
}

bool userfaultfd_has(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	bool has = fd >= 0 && !ioctl(fd, UFFDIO_API, &api);

	close(fd);
	return has;
}

int watch_unmapping(char *p, size_t pages, uint64_t features)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = features | UFFD_FEATURE_EVENT_UNMAP,
	};
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)p, .len = pages * PAGE },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect protect = {
		.range = reg.range,
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	/* poll() needs O_NONBLOCK. */
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &reg) ||
	    ioctl(fd, UFFDIO_WRITEPROTECT, &protect))
		die("userfaultfd: %s", strerror(errno));
	return fd;
}

pid_t spawn_with_socket(int *socket)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		die("socketpair: %s", strerror(errno));
	pid = spawn();
	*socket = ends[!pid];
	close(ends[!!pid]);
	return pid;
}

int count_reports(int socket)
{
	struct pollfd fds[] = {
		{ .fd = receive_fd(socket), .events = POLLIN },
		{ .fd = socket },
	};
	struct uffd_msg msg;
	int reports = 0;

	do {
		if (poll(fds, 2, -1) < 0)
			die("poll: %s", strerror(errno));
		if (fds[0].revents & POLLIN &&
		    read(fds[0].fd, &msg, sizeof(msg)) == sizeof(msg))
			reports += msg.event == UFFD_EVENT_UNMAP;
	} while (!(fds[1].revents & POLLHUP));
	close(fds[0].fd);
	return reports;
}

void wait_blocked(pid_t task)
{
	char path[32], text[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", task);
	do {
		sched_yield();
		slurp(path, text, sizeof(text));
		state = strrchr(text, ')');
		if (!state)
			die("task %d is gone", task);
	} while (state[2] != 'D');
}

void only_interrupt(int sig)
{
}

void send_alarms(int microseconds, void (*handler)(int sig), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	struct itimerval often = {
		.it_interval = { .tv_usec = microseconds },
		.it_value = { .tv_usec = microseconds },
	};

	if (sigaction(SIGALRM, &action, NULL) ||
	    setitimer(ITIMER_REAL, &often, NULL))
		die("no alarm: %s", strerror(errno));
}

void send_fd(int socket, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .head = {
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(int)),
	} };
	struct iovec vec = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &vec, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	if (sendmsg(socket, &msg, 0) != 1)
		die("sendmsg: %s", strerror(errno));
}

int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec vec = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &vec, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		die("recvmsg: %s", strerror(errno));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

void enter_user_namespace(uid_t uid, gid_t gid)
{
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "0 %u 1", uid);
	snprintf(gids, sizeof(gids), "0 %u 1", gid);
	/*
	 * A process that changed its user may write to its own files in /proc
	 * only after this.
	 */
	if (prctl(PR_SET_DUMPABLE, 1) || unshare(CLONE_NEWUSER) ||
	    write_file("/proc/self/setgroups", "deny") ||
	    write_file("/proc/self/uid_map", uids) ||
	    write_file("/proc/self/gid_map", gids))
		die("entering a user namespace: %s", strerror(errno));
}

long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

long faults_to_read(volatile char *p, size_t pages)
{
	long before = minor_faults();
	size_t i;

	for (i = 0; i < pages; i++)
		(void)p[i * PAGE];
	return minor_faults() - before;
}

static __thread unsigned int dice_state;

unsigned int dice(void)
{
	static bool announced;

	if (!dice_state) {
		if (!__atomic_exchange_n(&announced, true, __ATOMIC_SEQ_CST))
			fprintf(stderr, "# KSHM_SEED=%u\n", seed);
		dice_state = seed * 2654435761u + syscall(SYS_gettid) - first_pid;
		dice_state |= 1;
	}
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 17;
	dice_state ^= dice_state << 5;
	return dice_state;
}
