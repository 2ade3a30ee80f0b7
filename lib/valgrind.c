// SPDX-License-Identifier: GPL-2.0
/*
 * Attach and detach inside valgrind.
 *
 * valgrind keeps a map of the process. It learns from mmap(), shmat() and others
 * what is mapped, but not from an ioctl. Without help, memcheck calls every access
 * to an attach invalid, mremap() of an attach fails, and valgrind may give its
 * addresses to another mapping. So each change is told by a call that valgrind
 * knows:
 *
 *	attach:	reserve the place by mmap(), then replace that by the attach
 *	detach:	find the end of the attach, detach it, then munmap() what is
 *		unmapped already
 *
 * Between the last two steps no other thread gets an address of the attach, since
 * valgrind takes the place for occupied.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kshm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "internal.h"

/* Every tool of valgrind preloads one library or more of this name. */
#define VALGRIND_PRELOAD	"/vgpreload_"

#ifndef SYS_mmap2
#define SYS_mmap2	SYS_mmap
#endif

/* A reader of /proc/self/maps */
struct maps {
	int fd;
	size_t next, len;
	char text[1024];
};

/* A line of it */
struct mapping {
	uintptr_t start, end, offset;
};

atomic_bool kshm_in_valgrind;

static int prot_of(const struct kshm_attach *arg)
{
	int prot = PROT_READ;

	if (!(arg->flags & KSHM_ATTACH_RDONLY))
		prot |= PROT_WRITE;
	if (arg->flags & KSHM_ATTACH_EXEC)
		prot |= PROT_EXEC;
	return prot;
}

static void unmap(uintptr_t start, uintptr_t end)
{
	(void)kshm_syscall(SYS_munmap, start, end - start);
}

/*
 * Reserve @size bytes at the address of the attach, if nothing is there, or at any
 * address if it has none. MAP_FIXED would unmap what is there even if the attach
 * fails afterwards.
 */
static bool reserve(const struct kshm_attach *arg, size_t size, uintptr_t *at)
{
	uintptr_t wanted = (uintptr_t)arg->addr;
	long ret;

	if (!wanted && (arg->flags & KSHM_ATTACH_REMAP))
		return false;
	if (arg->flags & KSHM_ATTACH_RND)
		wanted -= wanted % (uintptr_t)sysconf(_SC_PAGESIZE);
	ret = kshm_syscall(SYS_mmap2, wanted, size, prot_of(arg),
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0L);
	if (ret < 0 && ret >= -4095)
		return false;
	*at = (uintptr_t)ret;
	if (!arg->addr || *at == wanted)
		return true;
	unmap(*at, *at + size);
	return false;
}

/*
 * @at: where @size bytes are reserved. If KSHM_IOC_GROW runs before the attach, the
 * attach also replaces what is mapped behind them.
 */
static long attach_reserved(struct kshm_attach *arg, uintptr_t at, size_t size)
{
	long ret;

	arg->addr = at;
	arg->flags |= KSHM_ATTACH_REMAP;
	ret = kshm_ioctl(KSHM_IOC_ATTACH, arg);
	if (ret)
		unmap(at, at + size);
	return ret;
}

/*
 * The attach fails because something is there, or SHM_REMAP replaces what valgrind
 * knows. The same protection again changes nothing but what valgrind allows.
 */
static long attach_unreserved(struct kshm_attach *arg)
{
	int prot = prot_of(arg);
	long ret = kshm_ioctl(KSHM_IOC_ATTACH, arg);

	if (!ret)
		(void)kshm_syscall(SYS_mprotect, (uintptr_t)arg->addr,
				   (size_t)arg->length, prot);
	return ret;
}

/* If STAT fails, ATTACH fails too, and returns the right error. */
long kshm_valgrind_attach(struct kshm_attach *arg)
{
	struct kshm_stat st = { .id = arg->id, .mode = ~0U };
	uintptr_t at;

	if (!kshm_ioctl(KSHM_IOC_STAT, &st) &&
	    reserve(arg, (size_t)st.segsz, &at))
		return attach_reserved(arg, at, (size_t)st.segsz);
	return attach_unreserved(arg);
}

static bool open_maps(struct maps *maps)
{
	maps->fd = (int)kshm_syscall(SYS_openat, AT_FDCWD, "/proc/self/maps",
				     O_RDONLY | O_CLOEXEC);
	maps->next = 0;
	maps->len = 0;
	return maps->fd >= 0;
}

static void close_maps(const struct maps *maps)
{
	(void)kshm_syscall(SYS_close, maps->fd);
}

/* Return: the next character; -1 after the last */
static int next_char(struct maps *maps)
{
	long len;

	if (maps->next == maps->len) {
		len = kshm_syscall(SYS_read, maps->fd, maps->text,
				   sizeof(maps->text));
		if (len <= 0)
			return -1;
		maps->next = 0;
		maps->len = (size_t)len;
	}
	return maps->text[maps->next++];
}

static bool skip_to(struct maps *maps, int end)
{
	int c;

	do {
		c = next_char(maps);
	} while (c != end && c >= 0);
	return c == end;
}

/* Read a hexadecimal number, and the character after it. */
static uintptr_t next_number(struct maps *maps)
{
	uintptr_t number = 0;
	int c;

	for (;;) {
		c = next_char(maps);
		if (c >= '0' && c <= '9')
			number = number << 4 | (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			number = number << 4 | (uintptr_t)(c - 'a' + 10);
		else
			return number;
	}
}

/* A line is "start-end rwxp offset ...". Mappings come in the order of addresses. */
static bool next_mapping(struct maps *maps, struct mapping *mapping)
{
	mapping->start = next_number(maps);
	mapping->end = next_number(maps);
	if (!skip_to(maps, ' '))
		return false;
	mapping->offset = next_number(maps);
	return skip_to(maps, '\n');
}

/*
 * Return: an address that no piece of the attach goes beyond. It may be too high,
 * but what is mapped below it is not touched.
 */
static uintptr_t end_of_attach(uintptr_t addr)
{
	struct mapping mapping;
	struct maps maps;
	uintptr_t end = addr;

	if (!open_maps(&maps))
		return addr;
	while (next_mapping(&maps, &mapping))
		if (mapping.start >= addr &&
		    mapping.start - addr == mapping.offset)
			end = mapping.end;
	close_maps(&maps);
	return end;
}

/* Unmap what is not mapped: only valgrind does not know it yet. */
static void unmap_gaps(uintptr_t start, uintptr_t end)
{
	struct mapping mapping;
	struct maps maps;

	if (!open_maps(&maps))
		return;
	while (start < end && next_mapping(&maps, &mapping)) {
		if (mapping.end <= start)
			continue;
		if (mapping.start > start)
			unmap(start, mapping.start < end ? mapping.start : end);
		start = mapping.end;
	}
	close_maps(&maps);
	if (start < end)
		unmap(start, end);
}

long kshm_valgrind_detach(struct kshm_detach *arg)
{
	uintptr_t addr = (uintptr_t)arg->addr, end = end_of_attach(addr);
	long ret = kshm_ioctl(KSHM_IOC_DETACH, arg);

	if (!ret)
		unmap_gaps(addr, end);
	return ret;
}

static void __attribute__((constructor)) look_for_valgrind(void)
{
	const char *preloads = secure_getenv("LD_PRELOAD");

	atomic_store(&kshm_in_valgrind,
		     preloads && strstr(preloads, VALGRIND_PRELOAD));
}
