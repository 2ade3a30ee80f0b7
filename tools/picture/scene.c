// SPDX-License-Identifier: GPL-2.0
/*
 * The program that make picture shows if no other is named.
 *
 * It tells the kernel's trace what it is about to do. After each step it reports what
 * a process can see: its own mappings and which of their pages are in memory, and the
 * listing of segments. So the picture can be compared with the truth.
 *
 * Nothing in it is kshm's: it runs on in-tree shm just as well.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096UL
#define PAGES	8
#define KEY	0x5ce7e

static int mark = -1;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Each write is one event, so the text has to be written at once. */
static void say(const char *format, ...)
{
	char text[256];
	va_list list;
	int len;

	va_start(list, format);
	len = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (mark >= 0 && dprintf(mark, "{\"say\": \"%.*s\"}\n", len, text) < 0)
		die("writing to the trace");
}

/* One letter for a page: "." not in memory, "m" in memory, "M" and mapped here. */
static char page_letter(int pagemap, unsigned char *addr)
{
	unsigned char resident;
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), (uintptr_t)addr / PAGE * 8) !=
	    sizeof(entry))
		die("reading /proc/self/pagemap");
	if (entry >> 63)
		return 'M';
	if (mincore(addr, PAGE, &resident))
		die("mincore");
	return resident & 1 ? 'm' : '.';
}

static void report_mapping(FILE *out, const char *line, int pagemap)
{
	unsigned long start, end, addr;

	if (sscanf(line, "%lx-%lx", &start, &end) != 2)
		return;
	fprintf(out, "[\"%.*s\", \"", (int)strcspn(line, "\n"), line);
	for (addr = start; addr < end; addr += PAGE)
		fputc(page_letter(pagemap, (unsigned char *)addr), out);
	fputs("\"]", out);
}

static void report_mappings(FILE *out)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	FILE *maps = fopen("/proc/self/maps", "r");
	const char *comma = "";
	char line[256];

	if (!maps || pagemap < 0)
		die("opening /proc/self");
	while (fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "/SYSV"))
			continue;
		fputs(comma, out);
		report_mapping(out, line, pagemap);
		comma = ", ";
	}
	fclose(maps);
	close(pagemap);
}

static void report_listing(FILE *out)
{
	FILE *listing = fopen("/proc/sysvipc/shm", "r");
	const char *comma = "";
	char line[512];

	if (!listing || !fgets(line, sizeof(line), listing))
		die("/proc/sysvipc/shm");
	while (fgets(line, sizeof(line), listing)) {
		fprintf(out, "%s\"%.*s\"", comma, (int)strcspn(line, "\n"), line);
		comma = ", ";
	}
	fclose(listing);
}

static void report(void)
{
	char *text;
	size_t len;
	FILE *out;

	if (mark < 0)
		return;
	out = open_memstream(&text, &len);
	if (!out)
		die("open_memstream");
	fprintf(out, "{\"pid\": %d, \"maps\": [", getpid());
	report_mappings(out);
	fprintf(out, "], \"listing\": [");
	report_listing(out);
	fprintf(out, "]}\n");
	fclose(out);
	if (write(mark, text, len) != (ssize_t)len)
		die("writing to the trace");
	free(text);
}

static char *attach(int id, int flags)
{
	char *addr = shmat(id, NULL, flags);

	if (addr == (void *)-1)
		die("shmat");
	return addr;
}

static void control(int id, int command, struct shmid_ds *data)
{
	if (shmctl(id, command, data))
		die("shmctl");
}

static void child(int id, char *inherited)
{
	char *again;

	say("fork() copied the VMA. The child has no page of it mapped yet.");
	report();
	say("The child reads page 0.");
	*(volatile char *)inherited;
	report();
	say("The child attaches once more, to read only.");
	again = attach(id, SHM_RDONLY);
	report();
	say("It reads page 2 through the new attach.");
	*(volatile char *)(again + 2 * PAGE);
	report();
	say("It unmaps pages 3 and 4: one attach, two VMAs.");
	if (munmap(again + 3 * PAGE, 2 * PAGE))
		die("munmap");
	report();
	say("shmdt() unmaps both pieces.");
	if (shmdt(again))
		die("shmdt");
	report();
	say("The child exits, which detaches the rest.");
	_exit(0);
}

static void one_segment(void)
{
	struct shmid_ds data;
	char *addr;
	int id;

	say("shmget() creates a segment with a key: eight pages, none in memory.");
	id = shmget(KEY, PAGES * PAGE, IPC_CREAT | IPC_EXCL | 0600);
	if (id < 0)
		die("shmget");
	report();
	say("shmat() maps it.");
	addr = attach(id, 0);
	report();
	say("Writing to pages 0, 1, 2 and 5 puts them into memory.");
	addr[0] = addr[PAGE] = addr[2 * PAGE] = addr[5 * PAGE] = 1;
	report();
	if (!fork())
		child(id, addr);
	wait(NULL);
	report();
	say("IPC_SET lets the group read.");
	control(id, IPC_STAT, &data);
	data.shm_perm.mode = 0640;
	control(id, IPC_SET, &data);
	report();
	say("MADV_REMOVE gives page 1 back.");
	if (madvise(addr + PAGE, PAGE, MADV_REMOVE))
		die("madvise");
	report();
	say("IPC_RMID marks the segment: its key is gone, its id and pages stay.");
	control(id, IPC_RMID, NULL);
	report();
	say("The last shmdt() ends it.");
	if (shmdt(addr))
		die("shmdt");
	report();
}

static void two_segments(void)
{
	char *one, *two;
	int a, b;

	say("Two segments without a key.");
	a = shmget(IPC_PRIVATE, 3 * PAGE, 0600);
	b = shmget(IPC_PRIVATE, 2 * PAGE, 0644);
	if (a < 0 || b < 0)
		die("shmget");
	one = attach(a, 0);
	two = attach(b, 0);
	memset(one, 1, 3 * PAGE);
	report();
	say("One is attached, so RMID only marks it. The other ends at once.");
	if (shmdt(two))
		die("shmdt");
	control(a, IPC_RMID, NULL);
	control(b, IPC_RMID, NULL);
	report();
	say("The exit of the process ends the first one.");
}

int main(void)
{
	const char *path = getenv("PICTURE_MARK");

	if (path)
		mark = open(path, O_WRONLY | O_CLOEXEC);
	one_segment();
	two_segments();
	return 0;
}
