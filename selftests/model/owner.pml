/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The close of a descriptor that owns a segment beside the end of that segment, as
 * module/extras/owner.c, dev.c and segment.c have it.
 *
 * The segment is attached, in a list of the descriptor and in the registry. One task
 * closes the descriptor, one removes the segment, and one detaches it.
 */

/* struct kshm_segment; the reference is that of the registry. */
bool locked;
bool dead;
bool dest;
byte nattch = 1;
byte ref = 1;
bool in_table = true;
bool freed;

bool registry_locked;
bool owner_locked;
bool listed = true;		/* in the descriptor's list */

byte done;

inline uses()
{
	assert(!freed)			/* property: freed_struct_is_not_used */
}

inline lock_segment()
{
	atomic { !locked -> uses(); locked = true }
}

inline lock_registry()
{
	atomic { !registry_locked -> registry_locked = true }
}

/* segment.c: segment_dies() */
inline dies()
{
	died = dest && !nattch;
	if
	:: died ->
		assert(!dead);		/* property: dies_once */
		dead = true
	:: else
	fi
}

/* registry.c: kshm_registry_remove() */
inline registry_remove()
{
	d_step { uses(); in_table = false }
}

/* segment.c: kshm_segment_put() */
inline segment_put()
{
	d_step {
		uses();
		ref--;
		freed = !ref;
		assert(!freed || !listed)	/* property: list_has_no_freed_segment */
	}
}

/* segment.c: kshm_segment_destroy(), extras/owner.c: kshm_owner_unlink() */
inline destroy()
{
	atomic { !owner_locked -> uses(); listed = false }
	segment_put()
}

/* segment.c: kshm_segment_remove(), segment_mark_if_alive(), kshm_segment_mark() */
inline remove()
{
	lock_registry();
	lock_segment();
	d_step {
		died = false;
		if
		:: !dead -> dest = true; dies()
		:: else
		fi;
		locked = false
	}
	if
	:: died -> registry_remove()
	:: else
	fi;
	registry_locked = false;
	if
	:: died -> destroy()
	:: else
	fi
}

/* dev.c: dev_release(), extras/owner.c: kshm_owner_take() */
proctype closes()
{
	bool died, found;

	do
	:: atomic { !owner_locked -> owner_locked = true }
	   found = listed;
	   if
	   :: found ->
		d_step { uses(); ref++ }
		listed = false
	   :: else
	   fi;
	   owner_locked = false;
	   if
	   :: found -> remove(); segment_put()
	   :: else -> break
	   fi
	od;
	assert(dest);	/* property: close_removes_what_it_owns */
	done++
}

/* ctl.c: kshm_do_rmid(); the lookup by id happens under the registry's lock. */
proctype removes()
{
	bool died;

	lock_registry();
	if
	:: in_table ->
		lock_segment();
		d_step {
			died = false;
			if
			:: !dead -> dest = true; dies()
			:: else
			fi;
			locked = false
		}
		if
		:: died -> registry_remove()
		:: else
		fi
	:: else
	fi;
	registry_locked = false;
	if
	:: died -> destroy()
	:: else
	fi;
	done++
}

/* vma.c: vma_close(), segment.c: kshm_segment_close(), segment_end() */
proctype detaches()
{
	bool died;

	lock_segment();
	d_step { nattch--; dies(); locked = false }
	if
	:: died ->
		lock_registry();
		registry_remove();
		registry_locked = false;
		destroy()
	:: else
	fi;
	done++
}

init {
	atomic { run closes(); run removes(); run detaches() }
	done == 3;
	assert(freed && !in_table && !listed)	/* property: nothing_is_left */
}
