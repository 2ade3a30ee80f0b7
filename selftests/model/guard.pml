/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guarded detach, as module/detach.c and guard.c have it.
 *
 * A process has two pages of addresses, and an attach of file 1 that fills them. One
 * or two threads detach it. Another thread may meanwhile unmap, map, attach, cut and
 * move in these two pages. Each thread changes them under mmap_lock.
 *
 * The model leaves out errors of mmap_read_lock_killable(), and a third attach.
 */
#define PAGES		2	/* also the size of the segment */
#define CHANGES		3	/* of the other thread, at most */

/* A page of addresses maps nothing, an attach file, or other memory. */
#define HOLE		0
#define FILE_1		1
#define FILE_2		2
#define MEMORY		3
#define IS_ATTACH(x)	(x == FILE_1 || x == FILE_2)

#define GUARD_PGOFF	7

byte page[PAGES];		/* its contents: one of the above */
byte pgoff[PAGES];		/* which page of that */
bool cut;			/* mprotect() made two VMAs of one */

/* The VMA that page i is in: from START(i) up to END(i) */
#define JOINED		(page[0] == page[1] && pgoff[1] == pgoff[0] + 1 && !cut)
#define START(i)	(i == 1 && JOINED -> 0 : i)
#define END(i)		(i == 0 && JOINED -> 2 : i + 1)

bool mmap_locked;
byte mm_users;			/* threads of the process */

/* struct guard, one for each thread that detaches */
typedef guard_struct {
	bool listed;
	bool armed;
	byte file;
	byte start;
	byte end;
	byte pgoff;
};

guard_struct guard[3];
#define OTHER		0

byte detaches;			/* DETACH commands that have not ended */
byte successes;
bool attach_changed;		/* the other thread unmapped or moved some of it */
bool attach_moved;

mtype = { NONE, CANCELED, STALE, REFUSED };

inline lock_mmap()
{
	atomic { !mmap_locked -> mmap_locked = true }
}

inline unlock_mmap()
{
	mmap_locked = false
}

/* The kernel unmaps a range for a DETACH that found the piece there. */
inline unmap(start, end)
{
	d_step {
		i = start;
		do
		:: i == end -> break
		:: else ->
			/* Without a guard, after mmap() refused it, this can happen. */
			assert(page[i] == HOLE || page[i] == file || plain); /* property: nothing_else_is_unmapped */
			page[i] = HOLE;
			pgoff[i] = 0;
			i++
		od;
		i = 0;
		cut = false
	}
}

/* detach.c: detach_search(), detach_is_piece() and detach_take() */
inline search()
{
	found = false;
	do
	:: found || next == PAGES -> break
	:: else ->
		if
		:: IS_ATTACH(page[next]) && pgoff[START(next)] == START(next) &&
		   (file == HOLE || page[next] == file) ->
			assert(!unmapped || file == page[next]); /* property: pieces_are_of_one_attach */
			found = true;
			file = page[next];
			start = START(next);
			end = END(next);
			offset = pgoff[start];
			next = end
		:: else -> next = END(next)
		fi
	od
}

/* detach.c: detach_find_piece() */
inline find_piece()
{
	atomic { !mmap_locked -> search() }
}

/* detach.c: detach_search_again() */
inline search_again()
{
	d_step {
		if
		:: unmapped -> next = start
		:: else -> file = HOLE; next = 0
		fi
	}
}

/*
 * guard.c: guard_finds(). find_vma() may also return a VMA that begins later, but
 * none that begins before.
 */
#define FINDS(g)	(page[g.start] == g.file && START(g.start) == g.start && \
			 END(g.start) == g.end && pgoff[g.start] == g.pgoff)

/* guard.c: kshm_guard_area(), called by mmap(). Sets is_guard and err. */
inline guard_area(g, the_file, addr, the_end)
{
	d_step {
		is_guard = false;
		if
		:: g.listed && g.file == the_file && g.start == addr && g.end == the_end ->
			if
			:: FINDS(g) -> g.armed = true; is_guard = true
			:: else -> err = STALE
			fi
		:: else
		fi
	}
}

/* guard.c: kshm_guard_hit(), called by ->mmap */
#define HIT(g, the_file, addr) \
	(g.listed && g.armed && g.file == the_file && g.start == addr)

/* mmap() may refuse, before or after it has made room. */
inline may_refuse()
{
	if
	:: err == NONE && refusals > 0 -> err = REFUSED; refusals--
	:: true
	fi
}

/* guard.c: kshm_guard_unmap(). Sets err. */
inline guard_unmap()
{
	d_step {
		guard[me].file = file;
		guard[me].start = start;
		guard[me].end = end;
		guard[me].pgoff = offset;
		guard[me].armed = false;
		guard[me].listed = true
	}
	err = NONE;
	/* vm_mmap() */
	lock_mmap();
	may_refuse();
	if
	:: err == NONE -> guard_area(guard[me], file, start, end)
	:: else
	fi;
	if
	:: err == NONE ->
		unmap(start, end);
		may_refuse()
	:: else
	fi;
	if
	:: err == NONE ->
		assert(is_guard && HIT(guard[me], file, start)); /* property: guard_leaves_a_hole */
		err = CANCELED
	:: else
	fi;
	unlock_mmap();
	d_step { guard[me].listed = false; guard[me].armed = false }
}

/* detach.c: detach_unmap_plain() */
inline unmap_plain()
{
	lock_mmap();
	unmap(start, end);
	unlock_mmap();
	d_step { plain = false; unmapped = true }
}

/* detach.c: detach_unmap_piece() */
inline unmap_piece()
{
	if
	:: alone || plain -> unmap_plain()
	:: else ->
		guard_unmap();
		if
		:: err == CANCELED -> unmapped = true
		:: err == STALE -> search_again()
		:: err == REFUSED ->
			d_step { plain = true; seen = true }
			search_again()
		fi
	fi
}

#define IN_PLACE(i)	(page[i] == file && pgoff[i] == i)

/* detach.c: kshm_do_detach(), detach_all_pieces() */
proctype detach(byte me; byte refusals)
{
	byte file, start, end, offset, next, i;
	bool found, alone, plain, unmapped, seen, is_guard;
	mtype err = NONE;

	do
	:: alone = mm_users == 1;	/* before the search, see detach_find_piece() */
	   find_piece();
	   if
	   :: found -> unmap_piece()
	   :: else -> break
	   fi
	od;
	atomic {
		assert(!unmapped || attach_moved || !IN_PLACE(0) && !IN_PLACE(1)); /* property: no_piece_is_left */
		successes = successes + (unmapped || seen);
		detaches--;
		assert(detaches || attach_changed || successes); /* property: one_detach_succeeds */
		mm_users--
	}
}

/* The other thread. Each change is one hold of mmap_lock. */

inline other_unmaps(i)
{
	page[i] != HOLE ->
	attach_changed = true;
	page[i] = HOLE;
	pgoff[i] = 0;
	cut = false
}

inline other_maps(i)
{
	page[i] == HOLE ->
	page[i] = MEMORY;
	cut = false
}

/* A new attach has a file of its own: a DETACH that holds a file keeps it busy. */
inline other_attaches()
{
	page[0] == HOLE && !attached ->
	attached = true;
	page[0] = FILE_2;
	cut = false
}

inline other_cuts()
{
	page[0] == FILE_1 && JOINED ->
	cut = true
}

inline other_moves()
{
	page[0] == FILE_1 && page[1] == HOLE ->
	attach_changed = true;
	attach_moved = true;
	page[1] = FILE_1;
	pgoff[1] = pgoff[0];
	page[0] = HOLE;
	pgoff[0] = 0;
	cut = false
}

/*
 * remap_file_pages() maps an attach file, and this thread may ask for the offset of a
 * guard. It has no guard of its own; guard.c: guard_of_current() finds none.
 */
inline other_maps_at_guard_offset(i)
{
	page[i] == FILE_1 ->
	attach_changed = true;
	err = NONE;
	guard_area(guard[OTHER], FILE_1, i, i + 1);
	assert(err == NONE && !HIT(guard[OTHER], FILE_1, i)); /* property: only_a_guard_is_refused */
	pgoff[i] = GUARD_PGOFF;
	cut = false
}

proctype other()
{
	byte changes;
	bool is_guard, attached;
	mtype err;

	do
	:: atomic { !mmap_locked && changes < CHANGES ->
		if
		:: other_unmaps(0)
		:: other_unmaps(1)
		:: other_maps(0)
		:: other_maps(1)
		:: other_attaches()
		:: other_cuts()
		:: other_moves()
		:: other_maps_at_guard_offset(0)
		:: other_maps_at_guard_offset(1)
		fi;
		changes++
	   }
	:: true -> break
	od;
	mm_users--
}

init {
	atomic {
		page[0] = FILE_1;
		page[1] = FILE_1;
		pgoff[1] = 1;
		if
		:: detaches = 1; mm_users = 1; run detach(1, 0)
		:: detaches = 1; mm_users = 2; run detach(1, 0); run other()
		:: detaches = 1; mm_users = 2; run detach(1, 2); run other()
		:: detaches = 2; mm_users = 2; run detach(1, 1); run detach(2, 1)
		:: detaches = 2; mm_users = 3; run detach(1, 0); run detach(2, 0);
		   run other()
		fi
	}
}
